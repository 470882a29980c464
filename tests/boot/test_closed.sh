# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: closed_from_the_wan
# From the WAN nothing of the gateway or of the LAN is there, whatever listens.

open_ports() {
	in_internet nmap -n -Pn -T5 --max-retries 0 --min-rate 4000 -oG - "$@" |
		grep -o '[0-9]*/open/[a-z]*' | paste -sd' '
}

test_closed_from_the_wan() {
	local wan6 pids
	vm_disk
	provision_ssh
	vm_start direct
	vm_ready 40
	# Something to find: ssh on the gateway, a server on a client.
	"$HERE/lab" client 1 nc -lk 0.0.0.0 8080 < /dev/null > /dev/null 2>&1 &
	pids=$!
	"$HERE/lab" client 1 nc -lk -6 :: 8080 < /dev/null > /dev/null 2>&1 &
	pids="$pids $!"
	is "$(connection 2 192.168.77.1 22)" open 'ssh, from the management network'
	wait_until 4 is_open 192.168.77.11 8080 || fail 'the server of client 1 does not answer client 2'
	wan6=$(on ip -6 addr show dev eth0 scope global | sed -n 's,.*inet6 \(2001:db8:100:[^/]*\)/.*,\1,p' | head -n 1)
	[ -n "$wan6" ] || fail 'the WAN has no IPv6 address'
	is "$(open_ports -sS -p- 198.51.100.2)" '' 'all TCP ports of the WAN address'
	is "$(open_ports -sS -p 1-1024,2222,8080,8443 192.168.77.1 192.168.77.11)" '' 'TCP, LAN addresses'
	is "$(open_ports -6 -sS -p- "$wan6")" '' 'all TCP ports of the WAN address, IPv6'
	is "$(open_ports -6 -sS -p 1-1024,2222,8080,8443 2001:db8:77::1 2001:db8:77::11)" '' 'TCP, LAN addresses, IPv6'
	is "$(open_ports -sU -p 53,67,68,69,123,161,500,514,853,1900,4500,5353 198.51.100.2 192.168.77.1 192.168.77.11)" '' 'UDP'
	is "$(open_ports -6 -sU -p 53,123,161,500,546,547,853,5353 "$wan6" 2001:db8:77::1 2001:db8:77::11)" '' 'UDP, IPv6'
	# shellcheck disable=SC2086
	kill $pids
}
is_open() { [ "$(connection 2 "$1" "$2")" = open ]; }

# The management is bound to a VLAN of its own: no ssh, nothing, on the LAN.
test_closed_but_for_the_management_vlan() {
	vm_disk
	provision "authorized_keys=$(cat "$VM/key.pub")"$'\n' "network.conf=[management]
interface = eth1.9
address = 192.168.9.1/24
ssh = on
"
	trunk_begin 1=9
	vm_start direct
	wait_until 40 is_answered || { console_tail; fail 'the gateway never answered'; }
	"$HERE/lab" client 1 ip addr add 192.168.9.11/24 dev eth9
	wait_until 20 manages || result='ssh does not answer on the management VLAN'
	[ "$(connection 1 192.168.77.1 22)" != open ] || result='ssh answers on the LAN'
	trunk_end
	is "${result:-}" '' 'result'
}
is_answered() { [ "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" = NXDOMAIN ]; }
manages() { [ "$(connection 1 192.168.9.1 22)" = open ]; }
