#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon network services`, whose services are sleepers that write down their pids.
set -u
. "$(dirname "$0")/../../../box"
supervisor=
trap '[ -z "$supervisor" ] || kill $supervisor; wait; rm -rf "$work"' EXIT

mkdir -p "$box"/{etc/cordon,data/settings,data/state,run/cordon,usr/bin,sys/class/block}
printf '[wan]\ninterface = eth0\n' >"$box/data/settings/network.conf"
echo '{"version":"1","arch":"x86_64","build":1,"supported-until":2}' >"$box/etc/cordon/image.json"
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

# ---- a pid that belongs to another process by now is left alone
crash
sleep 600 &
other=$!
echo "$other 1" >"$box/run/cordon/services.children"
begin
runs $other || { echo "another process was ended"; failures=$((failures + 1)); }
kill $other

# ---- a cable that comes back: both clients begin anew at once; one that comes and goes all the
# time is no storm
cable() { # CHANGES STATE
	echo "$2" >"$box/sys/class/net/eth0/carrier"
	echo "$1" >"$box/sys/class/net/eth0/carrier_changes"
}
began() { [ "$(wc -l <udhcpc)" -ge "$1" ] && [ "$(wc -l <udhcpc6)" -ge "$1" ]; }
is() {
	[ "$1" = "$2" ] && return
	echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""
	failures=$((failures + 1))
}
crash
mkdir -p "$box/sys/class/net/eth0"
cable 1 1
begin
cable 2 0
sleep 2
is "$(cat udhcpc udhcpc6 | wc -l)" 2
cable 3 1
until_true 100 began 2
[ -s "$box/run/cordon/lease.asked" ] ||
	{ echo 'nobody knows when the clients began anew'; failures=$((failures + 1)); }
for changes in $(seq 4 15); do
	cable "$changes" 1
	sleep 0.3
done
is "$(cat udhcpc udhcpc6 | wc -l)" 4
# The last of them is answered, ten seconds after the one before.
until_true 200 began 3
is "$(cat udhcpc udhcpc6 | wc -l)" 6

# ---- and on request: until each family was heard; exit code and words say what came of it
answer() { # HOW OFTEN: as both clients, once they began anew that often
	until_true 100 began "$1"
	CORDON_SERVICE=udhcpc interface=eth0 ip=192.0.2.9 mask=24 lease=600 cordon network lease \
		bound
	CORDON_SERVICE=udhcpc6 interface=eth0 ipv6prefix=2001:db8:5::/56 ipv6prefix_lease=600 \
		ipv6prefix_preferred=300 \
		cordon network lease bound
}
answer 4 >answered 2>&1 &
cordon network renew >renewed 2>&1
is "$?" 0
wait $!
is "$(cat answered renewed)" 'DHCP     eth0: 192.0.2.9/24
DHCPv6   eth0: 2001:db8:5::/56'
answer 5 >answered 2>&1 &
is "$(cordon network renew wan --json | jq -c '[.interface, .dhcp.outcome, .dhcpv6.lease]')" \
	'["eth0","renewed","2001:db8:5::/56"]'
wait $!
is "$(cordon status --json 2>/dev/null | jq -c '.box.links | [.carrier, .outside, .lease_stale]')" \
	'[true,"eth0",null]'
cable 20 0
is "$(cordon network renew 2>&1)" \
	'cordon network renew: the WAN eth0 has no cable in, or the other end is off: plug it in, and both families are renewed by themselves'
is "$(cordon status --json 2>/dev/null | jq -c '.box.links | [.carrier, .outside, .lease_stale]')" \
	'[false,"eth0",null]'
crash
rm "$box/run/cordon/services.pid"
cable 21 1
cordon network renew >said 2>&1
is "$?" 1
is "$(grep -c 'services of this box do not run' said)" 1
[ $failures = 0 ] || { cat said; exit 1; }
