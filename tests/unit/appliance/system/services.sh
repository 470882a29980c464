#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon network services`, whose services are sleepers that write down their pids.
set -u
. "$(dirname "$0")/../../box"
supervisor=
trap '[ -z "$supervisor" ] || kill $supervisor; wait; rm -rf "$work"' EXIT

mkdir -p "$box"/{etc/cordon,data/settings,data/state,run/cordon,usr/bin,sys/class/block}
printf '[wan]\ninterface = eth0\n' >"$box/data/settings/network.conf"
sleeper() { # FIRST: what it does first
	cat >"$box/usr/bin/busybox" <<-END
		#!/bin/sh
		case \$1 in udhcpc|udhcpc6) ;; *) exit ;; esac
		$1
		echo \$\$ >>$work/\$1
		exec sleep 600
	END
	chmod +x "$box/usr/bin/busybox"
}
begin() {
	rm -f udhcpc udhcpc6
	"$build/bin/cordon" network services --supervise >said 2>&1 &
	supervisor=$!
	until_true 40 test -s udhcpc -a -s udhcpc6
}
crash() {
	kill -KILL $supervisor
	wait $supervisor 2>/dev/null
	supervisor=
}
until_true() { # TENTHS COMMAND...
	local left=$1
	shift
	until "$@"; do
		[ $((left -= 1)) -gt 0 ] && sleep 0.1 && continue
		echo "line ${BASH_LINENO[0]}: never came true: $*"
		failures=$((failures + 1))
		return
	done
}
runs() { [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
ended() { ! runs "$1" && ! runs "$2"; }

# ---- they end with a supervisor that is killed
sleeper :
begin
pids="$(cat udhcpc) $(cat udhcpc6)"
crash
until_true 20 ended $pids

# ---- those that do not listen are ended by the next one, before it starts its own
sleeper "trap '' TERM"
begin
pids="$(cat udhcpc) $(cat udhcpc6)"
crash
sleep 0.5
runs ${pids% *} || { echo 'a sleeper that does not listen has ended'; failures=$((failures + 1)); }
rm -f udhcpc udhcpc6
sleeper :
"$build/bin/cordon" network services --supervise >said 2>&1 &
supervisor=$!
until_true 100 test -s udhcpc -a -s udhcpc6
# Otherwise services run twice. A killed one goes when it is scheduled.
until_true 20 ended $pids
kill -KILL $pids 2>/dev/null

# ---- a pid that is somebody else's by now is left alone
crash
sleep 600 &
other=$!
echo "$other 1" >"$box/run/cordon/services.children"
begin
runs $other || { echo "somebody else's process was ended"; failures=$((failures + 1)); }
kill $other
[ $failures = 0 ] || { cat said; exit 1; }
