#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon rules outdated`: edited lists that an upgrade of the package left as they are.
set -u
. "$(dirname "$0")/../../box"

is() {
	[ "$1" = "$2" ] && return
	echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""
	failures=$((failures + 1))
}
list() { printf 'list: x\nversion: %s\n\n[update]\nx.example\n' "$2" >"$1"; }
outdated() { cordon --config conf rules outdated "$@"; }
mkdir -p here "$box/usr/share/cordon/rules"
shipped=$box/usr/share/cordon/rules
printf '[network]\nlan = lan0\n[dns]\nupstream = 192.0.2.1\n[rules]\ndir = %s\n' "$PWD/here" >conf

is "$(outdated; echo $?)" 0
list here/a.rules 2026.9.1
list $shipped/a.rules 2026.10.1
is "$(outdated)" \
	"$PWD/here/a.rules is edited and of version 2026.9.1, the package brings 2026.10.1; to merge: diff -u $PWD/here/a.rules /usr/share/cordon/rules/a.rules"
outdated >/dev/null
is "$?" 1
is "$(outdated --json | jq -c .)" '[{"list":"a.rules","version":"2026.9.1","shipped":"2026.10.1"}]'
# As new, or newer; one of the administrator's own; one that was taken away; lists without a
# version.
list here/a.rules 2026.10.1
list here/own.rules 1
list $shipped/gone.rules 2
list here/b.rules 2027.1
list $shipped/b.rules 2026.10.1
echo 'x' >here/c.rules
list $shipped/c.rules 3
list here/d.rules 3
printf '[update]\nversion: 9\n' >$shipped/d.rules
is "$(outdated; echo $?)" 0
is "$(outdated --json)" '[]'
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
