#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Words that a synopsis promised and the command refused, and answers about a machine that has none.
set -u
root=$(cd "$(dirname "$0")/../../../.." && pwd)
. "$(dirname "$0")/../../box"

# expect CODE TEXT WORD...: exit code, and the text somewhere in the output.
expect() {
	local code=$1 text=$2 got
	shift 2
	cordon "$@" >said 2>&1 </dev/null
	got=$?
	[ "$got" = "$code" ] && grep -qF -- "$text" said && return
	echo "cordon $*: exit $got, expected $code and \"$text\"; said:"
	cat said
	failures=$((failures + 1))
}

expect 1 'does not run from a slot' image --json
expect 1 'does not run from a slot' image status --json
expect 2 'see: cordon image --help' image --frob
expect 1 'does not run the image' network show
expect 1 'does not run the image' network --json
mkdir -p "$box/etc/cordon"
echo {} >"$box/etc/cordon/image.json"
expect 0 forwarding network

# cordon(1) lists each kind of notice, which log --notice takes.
for kind in $(sed -n 's/^#define NOTICE_[A-Z]* "\(.*\)"/\1/p' "$root/appliance/journal/notice.h"); do
	grep -qE "^\.It Sy (.* )?$kind( |\$)" "$root/appliance/cli/cordon.1" || {
		echo "cordon(1) does not list notices of the kind $kind"
		failures=$((failures + 1))
	}
done

timeout 20 make -C "$root" -s O="$work/build" menuconfig </dev/null >said 2>&1
[ $? = 2 ] && grep -q 'asks on a terminal' said || {
	echo "make menuconfig without a terminal:"
	cat said
	failures=$((failures + 1))
}
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
