# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The ways to install it, beside the router with NAT of test_router.sh.

start_with() {
	vm_disk
	provision_ssh "$@"
	vm_start direct
	vm_ready 60
}
page() { [ "$(web "$1" http://www.agency.example/ "$2")" = 200 ]; }
page_at() { [ "$(web "$1" http://198.51.200.10/)" = 200 ]; }
blocks() {
	is "$(dns "$1" downloads.upd.kaspersky.com)" NXDOMAIN "client $1, by name"
	is "$(dns "$1" @8.8.8.8 downloads.upd.kaspersky.com)" NXDOMAIN "client $1, captured"
}

# Static addresses and routes, no NAT, DHCP or router advertisements: the agency's firewall is
# beyond.
test_ways_routed() {
	start_with '[wan]
interface = eth0
address = 198.51.100.2/30
gateway = 198.51.100.1
address6 = 2001:db8:100::2/64
gateway6 = 2001:db8:100::1
[lan]
interface = eth1
address = 192.168.77.1/24
address6 = 2001:db8:77::1/64
dhcp = off
ra = off
[routing]
masquerade = no
route = 203.0.113.0/24 via 192.168.77.12
' '[dns]
upstream = 198.51.100.1
'
	in_internet ip -6 route replace 2001:db8:77::/64 via 2001:db8:100::2
	page 1 -4 || fail 'IPv4'
	# An address is another's for a second or two, until nobody objects (RFC 4862, 5.4).
	wait_until 30 page 1 -6 || fail "IPv6: $(ipv6_here_and_there)"
	blocks 1
	is "$(web 1 http://77.74.176.10/)" refused 'by address'
	case $(on ps) in *udhcpd* | *radvd* | *udhcpc*) fail \
		"DHCP or router advertisements run: $(on ps)" ;; esac
	like "$(on ip route get 203.0.113.53)" '203.0.113.53 via 192.168.77.12 dev eth1 *' \
		'the route of network.conf'
	in_internet nft -f - <<-'END'
	table inet watch {
		counter own { }
		chain arrived {
			type filter hook prerouting priority raw - 10
			ip saddr 192.168.77.11 counter name own
		}
	}
	END
	page 1 -4
	own=$(in_internet nft -j list counter inet watch own | jq -r '.nftables[1].counter.packets')
	in_internet nft delete table inet watch
	in_internet ip -6 route replace 2001:db8:77::/64 via $WAN_LINK_LOCAL dev eth0
	[ "$own" -gt 0 ] || fail "the client's own address does not arrive"
}

# One card, one address, DNS for every client that asks, and another router beside it.
test_ways_dns_only() {
	vm_disk
	provision_ssh '[lan]
interface = eth0
address = 192.168.77.2/24
gateway = 192.168.77.1
[routing]
forward = no
' '[dns]
upstream = 198.51.100.1
'
	sed -i 's/192.168.77.1$/192.168.77.2/' "$VM/ssh_config"
	trap dns_only_ends EXIT
	in_gateway sh -eu -c '
	ip addr add 192.168.77.1/24 dev br-lan
	ip addr add 198.51.100.2/30 dev br-wan
	ip route replace default via 198.51.100.1'
	WAN=no vm_start direct
	vm_ready 60 || fail 'it does not come up'
	is "$(on ls /sys/class/net | sort | paste -sd' ')" 'eth0 lo' 'its cards'
	is "$(dns 1 @192.168.77.2 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	is "$(dns 1 @192.168.77.2 www.agency.example)" 'NOERROR 198.51.200.10' 'an innocent name'
	is "$(on cat /proc/sys/net/ipv4/ip_forward)" 0 'forwarding'
	case $(on ps) in *udhcpd* | *radvd*) fail \
		"DHCP or router advertisements run: $(on ps)" ;; esac
}
dns_only_ends() {
	sed -i 's/192.168.77.2$/192.168.77.1/' "$VM/ssh_config"
	in_gateway sh -c 'ip addr flush dev br-lan; ip addr flush dev br-wan'
}

# A trunk with two VLANs, each a LAN of its own, and the management untagged.
test_ways_vlan_trunk() {
	local result='' number
	trunk_begin 1=10 2=20
	for number in 1 2; do
		"$HERE/lab" client $number sh -c "
		ip addr add 10.77.${number}0.11/24 dev eth9
		ip route replace default via 10.77.${number}0.1"
	done
	vm_disk
	provision "authorized_keys=$(cat "$VM/key.pub")"$'\n' 'network.conf=[wan]
interface = eth0
[lan]
interface = eth1.10
address = 10.77.10.1/24
address6 = none
[lan guests]
interface = eth1.20
address = 10.77.20.1/24
address6 = none
[management]
interface = eth1
address = 192.168.77.1/24
ssh = on
'
	vm_start direct
	vm_ready 60 || result='it does not come up'
	wait_until 20 page_at 1 || result="$result; client 1 reaches nothing"
	wait_until 10 page_at 2 || result="$result; client 2 reaches nothing"
	[ "$(dns 1 @10.77.10.1 downloads.upd.kaspersky.com)" = NXDOMAIN ] ||
		result="$result; VLAN 10, by name"
	[ "$(dns 2 @8.8.8.8 downloads.upd.kaspersky.com)" = NXDOMAIN ] ||
		result="$result; VLAN 20, captured"
	[ "$(web 1 http://77.74.176.10/)" = refused ] || result="$result; VLAN 10, by address"
	[ "$(web 2 http://77.74.176.10/)" = refused ] || result="$result; VLAN 20, by address"
	trunk_end
	for number in 1 2; do
		"$HERE/lab" client $number ip route replace default via 192.168.77.1
	done
	is "$result" '' 'result'
}

# IPv6 alone, on both sides: with an address from a delegated prefix, so there is no ssh.
test_ways_ipv6_only() {
	vm_disk
	provision 'network.conf=[wan]
interface = eth0
address = none
[lan]
interface = eth1
address = none
'
	vm_start direct
	wait_until 120 blocks_v6 || { console_tail
	fail "by name: $(dns 1 @2001:db8:77::1 downloads.upd.kaspersky.com)"; }
	wait_until 30 page 1 -6 || fail "IPv6 does not pass: $(ipv6_on_the_console)"
	is "$(dns 1 @2001:db8:77::1 www.agency.example AAAA)" 'NOERROR 2001:db8:200::10' \
		'an innocent name'
	is "$(web 1 'http://[2a03:2480:68::10]/')" refused 'by address'
	is "$(dns 1 @2001:4860:4860::8888 downloads.upd.kaspersky.com AAAA)" NXDOMAIN 'captured'
	[ "$(web 1 http://198.51.200.10/)" != 200 ] || fail 'IPv4 passes'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" silence 'its IPv4 address'
	console_wait 60 '^healthy, but no signed updates come' ||
		fail 'the console does not say how the box is'
	! console_has 'NOT HEALTHY' || { console_tail
	fail 'a start as it should be looks like a failure'; }
}
blocks_v6() { [ "$(dns 1 @2001:db8:77::1 downloads.upd.kaspersky.com)" = NXDOMAIN ]; }
