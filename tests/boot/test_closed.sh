# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: closed_from_the_wan
# From the WAN nothing of the gateway or of the LAN is there, whatever listens.

# scan PLACE HOSTS PORTS NMAP-ARGUMENTS...: what is open there, or why nmap did not look at that
# many ports of that many hosts.
scan() {
	local place=$1 hosts=$2 ports=$3 found=$VM/scan
	shift 3
	# shellcheck disable=SC2086
	"$HERE/lab" $place nmap -n -Pn -v -T5 --max-retries 0 --min-rate 4000 -oG "$found" "$@" > \
		"$found.out" 2>&1 ||
		{ echo "nmap failed: $(tail -n 3 "$found.out")"; return; }
	grep -q "^# Ports scanned: .*P($ports;" "$found" &&
		grep -q "^# Nmap done .* $hosts IP address.* scanned" "$found" ||
		{ echo "not $ports ports of $hosts hosts: $(grep '^#' "$found")"; return; }
	grep -o '[0-9]*/open/[a-z]*' "$found" | paste -sd' '
}
# closed HOSTS PORTS NMAP-ARGUMENTS... WHAT
closed() { is "$(scan internet "${@:1:$#-1}")" '' "${!#}"; }

test_closed_from_the_wan() {
	local wan6 pids before
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
	wait_until 4 is_open 192.168.77.11 8080 ||
		fail 'the server of client 1 does not answer client 2'
	wan6=$(on ip -6 addr show dev eth0 scope global |
		sed -n 's,.*inet6 \(2001:db8:100:[^/]*\)/.*,\1,p' | head -n 1)
	[ -n "$wan6" ] || fail 'the WAN has no IPv6 address'
	scan_finds
	before=$(dropped)
	closed 1 65535 -sS -p- 198.51.100.2 'all TCP ports of the WAN address'
	closed 1 65535 -6 -sS -p- "$wan6" 'all TCP ports of the WAN address, IPv6'
	closed 2 10000 -sS -p 1-10000 192.168.77.1 192.168.77.11 'TCP, LAN addresses'
	closed 2 10000 -6 -sS -p 1-10000 2001:db8:77::1 2001:db8:77::11 'TCP, LAN addresses, IPv6'
	wait_until 10 dropped_since "$before" $((2 * 65535 + 4 * 10000)) ||
		fail "of $((2 * 65535 + 4 * 10000)) probes $(($(dropped) - before)) arrived to be dropped"
	closed 3 12 -sU -p 53,67,68,69,123,161,500,514,853,1900,4500,5353 198.51.100.2 \
		192.168.77.1 192.168.77.11 'UDP'
	closed 3 8 -6 -sU -p 53,123,161,500,546,547,853,5353 "$wan6" 2001:db8:77::1 \
		2001:db8:77::11 'UDP, IPv6'
	# shellcheck disable=SC2086
	kill $pids
}
dropped() { status '[.packets.wan_input.packets, .packets.wan_forward.packets] | add'; }
# A queue may be full once in a hundred times.
dropped_since() { [ $(($(dropped) - $1)) -ge $(($2 * 99 / 100)) ]; }

# The same eyes see what is open where something is: ssh only on the address that does not change.
scan_finds() {
	is "$(scan 'client 2' 2 5 -sS -p 9,22,53,80,8080 192.168.77.1 192.168.77.11)" \
		'22/open/tcp 53/open/tcp 8080/open/tcp' 'TCP, from the LAN'
	is "$(scan 'client 2' 2 4 -6 -sS -p 9,53,80,8080 2001:db8:77::1 2001:db8:77::11)" \
		'53/open/tcp 8080/open/tcp' 'TCP, from the LAN, IPv6'
	is "$(scan 'client 2' 1 2 -sU -p 53,161 192.168.77.1)" 53/open/udp 'UDP, from the LAN'
	is "$(scan 'client 2' 1 2 -6 -sU -p 53,161 2001:db8:77::1)" 53/open/udp \
		'UDP, from the LAN, IPv6'
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
