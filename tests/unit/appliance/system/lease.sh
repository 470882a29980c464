#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon network lease` as udhcpc and udhcpc6 call it, on an appliance that is a folder.
set -u
. "$(dirname "$0")/../../box"

mkdir -p "$box"/{etc/cordon,data/settings,data/state,run/cordon,usr/bin}
echo '{"version":"1","arch":"x86_64","build":1,"supported-until":2}' >"$box/etc/cordon/image.json"
printf '#!/bin/sh\n' >"$box/usr/bin/busybox"
chmod +x "$box/usr/bin/busybox"
printf '[wan]\ninterface = eth0\n' >"$box/data/settings/network.conf"

lease4() { CORDON_SERVICE=udhcpc interface=eth0 ip=192.0.2.$1 mask=24 dns="198.51.100.$1" cordon network lease bound; }
lease6() { CORDON_SERVICE=udhcpc6 interface=eth0 dns="2001:db8::$1" cordon network lease bound; }
is() {
	[ "$1" = "$2" ] && return
	echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""
	failures=$((failures + 1))
}

# ---- both at once write down what both named
lost=0
for round in $(seq 10 49); do
	lease4 "$round" >said.4 2>&1 &
	lease6 "$round" >said.6 2>&1 &
	wait
	[ "$(cat "$box/data/upstreams")" = "4 - - 198.51.100.$round
6 - - 2001:db8::$round" ] || lost=$((lost + 1))
done
is "$lost" 0
is "$(cat said.4 said.6)" ''
is "$(grep -c '^upstream = \(198.51.100.49\|2001:db8::49\)$' "$box/run/cordon/cordon.conf")" 2

# ---- an order that changes with every lease starts cordond anew with none
lease() { CORDON_SERVICE=udhcpc interface=eth0 ip=192.0.2.9 mask=24 dns="$*" cordon network lease bound; }
lease 198.51.100.1 198.51.100.2 198.51.100.3
lease 198.51.100.3 198.51.100.1 198.51.100.2
is "$(head -n 1 "$box/data/upstreams")" '4 - - 198.51.100.1 198.51.100.2 198.51.100.3'
lease 198.51.100.3 198.51.100.1
is "$(head -n 1 "$box/data/upstreams")" '4 - - 198.51.100.3 198.51.100.1'
lease 198.51.100.3 198.51.100.4
is "$(head -n 1 "$box/data/upstreams")" '4 - - 198.51.100.3 198.51.100.4'
# ---- the network of a LAN is none for the WAN: the console is told once, status until it is over
mkdir "$box/dev"
touch "$box/dev/console"
overlap() { CORDON_SERVICE=udhcpc interface=eth0 ip=192.168.77.$1 mask=24 dns= cordon network lease bound 2>/dev/null; }
why() { cordon status --json 2>/dev/null | jq -r .box.links.lease_refused; }
is "$(why)" null
overlap 9
is "$?" 1
is "$(cat "$box/dev/console")" "cordon: $(why)"
is "$(why)" 'DHCP: error: the WAN was given 192.168.77.9/24, which overlaps a LAN or a route to a network behind one: expected other addresses there, or a fixed one in [wan]'
: >"$box/dev/console"
overlap 9
is "$(cat "$box/dev/console")" ''
lease4 9
is "$(why)" null
# ---- nor is a network behind a LAN, whether as the WAN's own or as where its router is
mkdir -p "$box/data/settings"
printf '[routing]\nroute = 10.20.0.0/16 via 192.168.77.2\n' >"$box/data/settings/network.conf"
wan() { CORDON_SERVICE=udhcpc interface=eth0 ip=$1 mask=24 router=$2 dns= cordon network lease bound 2>/dev/null; }
wan 10.20.0.9 10.20.0.1
is "$?" 1
is "$(why | cut -d, -f1)" 'DHCP: error: the WAN was given 10.20.0.9/24'
wan 198.51.100.7 10.20.0.53
is "$(cut -d' ' -f1-3 "$box/run/cordon/lease4")" '4 198.51.100.7/24 -'
wan 10.30.0.9 10.30.0.1
is "$(cut -d' ' -f1-3 "$box/run/cordon/lease4")" '4 10.30.0.9/24 10.30.0.1'
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
