# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The cable of the WAN is pulled, and put into another network: leases, routes and prefixes follow
# at once.

# Another access network: classless routes instead of a router (RFC 3442), an MTU, another prefix.
# It is the far end of a bridge of its own, into which the card of the machine is moved.
other_network() {
	in_gateway sh -eu -c '
	ip link add br-other type bridge forward_delay 0 mcast_snooping 0
	ip addr add 10.99.0.1/24 dev br-other
	ip -6 addr add 2001:db8:b::1/64 dev br-other nodad
	ip link set br-other up'
	mkdir -p "$VM/other"
	server other-dnsmasq gateway dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 \
		--interface=br-other --bind-interfaces --except-interface=lo --user=root \
		--group=root --leasefile-ro --dhcp-authoritative \
		--dhcp-range=10.99.0.7,10.99.0.7,255.255.255.0,10m --dhcp-option=3 \
		--dhcp-option=6,10.99.0.1 \
		--dhcp-option=121,0.0.0.0/0,10.99.0.1,10.50.0.0/16,10.99.0.2,192.168.77.0/25,10.99.0.9 --dhcp-option=26,1400 --no-ping --pid-file= --enable-ra --dhcp-range=2001:db8:b::,ra-only,2m
	sed "s|@DIR@|$VM/other|g; s|eth0|br-other|g; s|2001:db8:100::|2001:db8:b::|g; s|2001:db8:77::|2001:db8:b77::|g
		s|525400770003|525400770009|" "$BOOT/internet/kea.json" > "$VM/other/kea.json"
	KEA_LOCKFILE_DIR=$VM/other KEA_PIDFILE_DIR=$VM/other KEA_LOGGER_DESTINATION=stdout \
		server other-kea gateway kea-dhcp6 -c "$VM/other/kea.json"
}
other_silent() {
	local name
	for name in other-dnsmasq other-kea; do
		[ ! -e "$LAB_DIR/pids/$name" ] ||
			kill "$(cat "$LAB_DIR/pids/$name")" 2> /dev/null || :
		rm -f "$LAB_DIR/pids/$name"
	done
}
other_ends() {
	other_silent
	into br-wan
	in_gateway ip link del br-other 2> /dev/null || :
	client_listens 0
	"$HERE/lab" client 1 ip -6 addr flush dev eth0 dynamic
}

into() { in_gateway ip link set tap-wan master "$1"; }
# cable true|false
cable() {
	{
		echo '{"execute":"qmp_capabilities"}'
		echo '{"execute":"set_link","arguments":{"name":"wan","up":'"$1"'}}'
		sleep 0.5
	} | nc -N -U "$VM/qmp" > /dev/null
}

# Client 1 makes addresses of what is announced.
client_listens() {
	"$HERE/lab" client 1 sh -c \
		"cd /proc/sys/net/ipv6/conf/eth0; echo $1 > accept_ra; echo $1 > autoconf"
}
# client_has PREFIX deprecated|-deprecated: has client 1 such an address, or one that is not?
client_has() {
	local prefix=$1
	shift
	"$HERE/lab" client 1 ip -6 -o addr show dev eth0 dynamic "$@" | grep -q "inet6 $prefix"
}
# client_most PREFIX WORD: the largest of such lifetimes of its addresses, in seconds.
client_most() {
	"$HERE/lab" client 1 ip -6 -o addr show dev eth0 dynamic | grep "inet6 $1" |
		sed -n "s/.* $2 \([0-9]*\)sec.*/\1/p" | sort -n | tail -n 1
}
says() { [ "$(status ".box.links.$1")" = "$2" ]; }
on_wan() { on ip -4 addr show dev eth0 | grep -q "inet $1"; }
has_words() { case $(cordon status) in *"$1"*) ;; *) return 1 ;; esac; }
shows() { "$@" 2>&1 || :; }

test_cable_moved() {
	trap other_ends EXIT
	other_network
	client_listens 1
	vm_disk
	provision_ssh
	vm_start direct
	vm_ready 60
	wait_until 90 client_has 2001:db8:77: -deprecated ||
		fail "no address of the first prefix: $(ipv6_here_and_there)"
	is "$(status \
		'.box.links | [.outside, .carrier, .no_default_route, .lease_stale] | tojson')" \
		'["eth0",true,null,null]' 'the way outside'
	# The delegation's own lifetimes, or less: 300 and 600 s.
	[ "$(client_most 2001:db8:77: preferred_lft)" -le 300 ] ||
		fail "preferred for longer than the delegation is"
	[ "$(client_most 2001:db8:77: valid_lft)" -le 600 ] ||
		fail "valid for longer than the delegation is"
	a_delegation_is_renewed

	cable false
	wait_until 10 says carrier false || fail "no cable, and status says: $(status .box.links)"
	has_words 'nothing leads outside' || fail "no word about the cable: $(cordon status)"

	into br-other
	cable true
	wait_until 20 on_wan 10.99.0.7/24 ||
		fail "no new address: $(shows on ip addr show dev eth0)"
	! on_wan 198.51.100. ||
		fail "the address of the old network is still there: $(on ip -4 addr show dev eth0)"
	like "$(on ip -4 route)" '*default via 10.99.0.1 dev eth0*' \
		'the default route of option 121'
	like "$(on ip -4 route)" '*10.50.0.0/16 via 10.99.0.2 dev eth0*' 'a route of option 121'
	case $(on ip -4 route) in *192.168.77.0/25*) fail \
		"a LAN's network is led outside: $(on ip -4 route)" ;; esac
	is "$(on cat /sys/class/net/eth0/mtu)" 1400 'the MTU of option 26'
	wait_until 30 client_has 2001:db8:b77: -deprecated ||
		fail "no address of the new prefix: $(shows on cat /run/cordon/lease6)"
	wait_until 10 client_has 2001:db8:77: deprecated ||
		fail "the old prefix is not deprecated: $(shows "$HERE/lab" client 1 ip -6 addr)"
	! client_has 2001:db8:77: -deprecated ||
		fail 'an address of the old prefix is still preferred'
	wait_until 30 says no_default_route null || fail "no default route: $(shows on ip -6 route)"
	case $(on ip -6 route) in *default*"via fe80"*) ;; *) fail \
		"no IPv6 default route: $(on ip -6 route)" ;; esac
	renewal_is_asked_for
	restart_remembers
}

# By the client that has it, as it does by itself when half of the preferred lifetime is over: no
# client of the LAN sees it.
a_delegation_is_renewed() {
	local pid before
	pid=$(dhcpv6_client)
	before=$(delegated_at)
	on kill -USR1 "$pid"
	wait_until 20 renewed_after "$before" ||
		fail "the delegation is not renewed: $(shows on cat /run/cordon/lease6)"
	is "$(dhcpv6_client)" "$pid" 'the client of DHCPv6, after a renewal'
	like "$(on cat /run/cordon/lease6)" '6 2001:db8:77::/64 *preferred=300 valid=600*' \
		'the lease after a renewal'
	! client_has 2001:db8:77: deprecated || fail 'a renewal deprecates addresses'
}
dhcpv6_client() { on ps | awk '/udhcpc6 -f/ { print $1 }'; }
delegated_at() { on cat /run/cordon/lease6 | sed -n 's/.* since=\([0-9]*\).*/\1/p'; }
renewed_after() { [ "$(delegated_at)" -gt "$1" ]; }

renewal_is_asked_for() {
	local said
	said=$(cordon network renew) || fail "a renewal fails: $said"
	like "$said" '*DHCP *10.99.0.7/24*DHCPv6*2001:db8:b77::/64*' 'what a renewal came to'
	is "$(cordon network renew --json | jq -r '[.dhcp.outcome, .dhcpv6.outcome] | join(" ")')" \
		'renewed renewed' 'the same in JSON'
	other_silent
	! said=$(cordon network renew) || fail "nobody answers, and a renewal is fine: $said"
	like "$said" '*nobody answered; 10.99.0.7/24 is kept*' 'what nobody answers'
	on_wan 10.99.0.7/24 || fail 'an address is dropped because nobody answers'
	says lease_stale 'DHCP and DHCPv6' ||
		fail "status takes the lease for good: $(status .box.links)"
	has_words 'not confirmed' || fail "no word about the lease: $(cordon status)"
}

# After a start in the first network again, clients learn that the prefix of the other one is over.
restart_remembers() {
	vm_off || fail 'it does not switch off'
	into br-wan
	vm_start direct
	vm_ready 120
	wait_until 60 client_has 2001:db8:77: -deprecated ||
		fail "no address of the first prefix: $(shows on cat /run/cordon/lease6)"
	wait_until 30 client_has 2001:db8:b77: deprecated ||
		fail "a start forgets the prefix of before: $(shows on cat /run/cordon/radvd.conf)"
}
