#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon network lease` as udhcpc and udhcpc6 call it, on an appliance that is a folder.
set -u
. "$(dirname "$0")/../../../box"

mkdir -p "$box"/{etc/cordon,data/settings,data/state,run/cordon,usr/bin}
echo '{"version":"1","arch":"x86_64","build":1,"supported-until":2}' >"$box/etc/cordon/image.json"
printf '#!/bin/sh\n' >"$box/usr/bin/busybox"
chmod +x "$box/usr/bin/busybox"
printf '[wan]\ninterface = eth0\n' >"$box/data/settings/network.conf"

lease4() { CORDON_SERVICE=udhcpc interface=eth0 ip=192.0.2.$1 mask=24 dns="198.51.100.$1" cordon \
	network lease bound; }
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
lease() { CORDON_SERVICE=udhcpc interface=eth0 ip=192.0.2.9 mask=24 dns="$*" cordon network lease \
	bound; }
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
overlap() { CORDON_SERVICE=udhcpc interface=eth0 ip=192.168.77.$1 mask=24 dns= cordon network \
	lease bound 2>/dev/null; }
why() { cordon status --json 2>/dev/null | jq -r .box.links.lease_refused; }
is "$(why)" null
overlap 9
is "$?" 1
is "$(cat "$box/dev/console")" "cordon: $(why)"
is "$(why)" \
	'DHCP: error: the WAN was given 192.168.77.9/24, which overlaps a LAN or a route to a network behind one: expected other addresses there, or a fixed one in [wan]'
: >"$box/dev/console"
overlap 9
is "$(cat "$box/dev/console")" ''
lease4 9
is "$(why)" null
# ---- nor is a network behind a LAN, whether as the WAN's own or as where its router is
mkdir -p "$box/data/settings"
printf '[routing]\nroute = 10.20.0.0/16 via 192.168.77.2\n' >"$box/data/settings/network.conf"
wan() { CORDON_SERVICE=udhcpc interface=eth0 ip=$1 mask=24 router=$2 dns= cordon network lease \
	bound 2>/dev/null; }
wan 10.20.0.9 10.20.0.1
is "$?" 1
is "$(why | cut -d, -f1)" 'DHCP: error: the WAN was given 10.20.0.9/24'
wan 198.51.100.7 10.20.0.53
is "$(cut -d' ' -f1-3 "$box/run/cordon/lease4")" '4 198.51.100.7/24 -'
wan 10.30.0.9 10.30.0.1
is "$(cut -d' ' -f1-3 "$box/run/cordon/lease4")" '4 10.30.0.9/24 10.30.0.1'
# ---- while nobody was heard since a cable came back, what there is stays; a server's no, or
# another network, ends it
v4() { cut -d' ' -f2 "$box/run/cordon/lease4"; }
v6() { cut -d' ' -f2 "$box/run/cordon/lease6"; }
as() { CORDON_SERVICE=$1 interface=eth0 cordon network lease "$2" 2>/dev/null; }
delegate() {
	CORDON_SERVICE=udhcpc6 interface=eth0 ipv6prefix=$1 ipv6prefix_lease=600 \
		ipv6prefix_preferred=300 \
		cordon network lease bound 2>/dev/null
}
ask() { sed 's/\..*//' /proc/uptime | sed 's/$/999/' >"$box/run/cordon/lease.asked"; }
wan 10.30.0.9 10.30.0.1
delegate 2001:db8:1::/56
as udhcpc deconfig
as udhcpc6 deconfig
is "$(v4) $(v6)" '- -'
wan 10.30.0.9 10.30.0.1
delegate 2001:db8:1::/56
ask
for event in deconfig leasefail; do
	as udhcpc $event
	as udhcpc6 $event
	is "$(v4) $(v6)" '10.30.0.9/24 2001:db8:1::/56'
done
as udhcpc nak
as udhcpc6 nak
is "$(v4) $(v6)" '- -'
wan 10.30.0.9 10.30.0.1
ask
overlap 9
is "$(v4)" -
# ---- status names a missing default route, once there is a lease that should have given one
route() { cordon status --json 2>/dev/null | jq -r .box.links.no_default_route; }
mkdir -p "$box/proc/net"
echo 'Iface	Destination	Gateway' >"$box/proc/net/route"
: >"$box/proc/net/ipv6_route"
rm "$box/run/cordon/lease.asked"
as udhcpc nak
is "$(route)" null
wan 10.30.0.9 10.30.0.1
is "$(route)" IPv4
cordon status 2>/dev/null | grep -q 'there is no default route (IPv4); cordon network renew' ||
	{ echo "no word about it: $(cordon status 2>&1)"; failures=$((failures + 1)); }
echo 'eth0	00000000	01001E0A	0003	0	0	0	00000000	0	0	0' >>"$box/proc/net/route"
is "$(route)" null
# ---- prefixes that clients may have are known over a restart, and no start takes one back that
# comes again
stale() { grep -o 'stale=[^,]*' "$box/run/cordon/lease6" | sed 's/stale=//' | paste -sd' '; }
delegate 2001:db8:1::/56
delegate 2001:db8:2::/56
is "$(v6) $(stale)" '2001:db8:2::/56 2001:db8:1::/56'
is "$(cut -d' ' -f1 "$box/data/prefixes" | paste -sd' ')" '2001:db8:2::/56 2001:db8:1::/56'
rm "$box"/run/cordon/lease*
as udhcpc6 deconfig
[ ! -e "$box/run/cordon/lease6" ] ||
	{ echo 'a start takes back what may come again'; failures=$((failures + 1)); }
delegate 2001:db8:2::/56
is "$(v6) $(stale)" '2001:db8:2::/56 2001:db8:1::/56'
rm "$box"/run/cordon/lease*
delegate 2001:db8:3::/56
is "$(v6) $(stale)" '2001:db8:3::/56 2001:db8:2::/56 2001:db8:1::/56'
rm "$box"/run/cordon/lease*
as udhcpc6 leasefail
is "$(v6) $(stale)" '- 2001:db8:3::/56 2001:db8:2::/56 2001:db8:1::/56'
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
