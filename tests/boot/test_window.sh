# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: window_is_zero
# A client that floods from power-on: nothing at all passes before the policy, and nothing to the
# vendor ever.

VENDOR4='77.74.176.0/21, 37.203.128.0/23, 185.85.12.0/24'
VENDOR6='2a03:2480::/32'

# Counts on the internet's side, before anything there could drop a packet.
watch_internet() {
	in_internet nft -f - <<-END
	table inet watch {
		counter vendor4 { }
		counter vendor6 { }
		counter any4 { }
		counter any6 { }
		chain arrived {
			type filter hook prerouting priority raw - 10
			iifname != eth0 accept
			ip daddr { $VENDOR4 } counter name vendor4
			ip6 daddr { $VENDOR6 } counter name vendor6
			ip daddr 198.51.200.10 counter name any4
			ip6 daddr 2001:db8:200::10 counter name any6
		}
	}
	END
}
arrived() {
	in_internet nft -j list counter inet watch "$1" | jq -r '.nftables[1].counter.packets'
}

# The gateway's addresses are known beforehand: no packet waits for ARP.
flood_begin() {
	"$HERE/lab" client 1 sh -c "
	ip neigh replace 192.168.77.1 lladdr $LAN_MAC dev eth0 nud permanent
	ip neigh replace 2001:db8:77::1 lladdr $LAN_MAC dev eth0 nud permanent"
	setsid "$HERE/lab" client 1 bash -c '
	for target in 77.74.176.10 198.51.200.10; do
		ping -q -i 0.01 $target > /dev/null 2>&1 &
	done
	for target in 2a03:2480:68::10 2001:db8:200::10; do
		ping -q -i 0.01 $target > /dev/null 2>&1 &
	done
	while :; do
		for target in 77.74.176.10/443 37.203.128.5/80 \
			2a03:2480:68::10/443 198.51.200.10/9; do
			echo x > /dev/udp/$target
		done 2>/dev/null
		sleep 0.005
	done' > /dev/null 2>&1 &
	FLOOD=$!
}
flood_end() {
	kill -KILL -- "-$FLOOD" 2>/dev/null
	"$HERE/lab" client 1 sh -c '
	ip neigh del 192.168.77.1 dev eth0
	ip neigh del 2001:db8:77::1 dev eth0'
	in_internet nft delete table inet watch
}

test_window_is_zero() {
	local result=0 vendor any4 any6 report
	vm_disk
	provision_ssh
	watch_internet
	flood_begin
	sleep 1
	vm_start direct
	vm_ready 60 || result=1
	wait_until 20 passed_some any4 || result=1
	# As long as a box may take that misses the first router advertisements.
	wait_until 90 passed_some any6 || result=1
	sleep 3
	vendor="$(arrived vendor4) $(arrived vendor6)" any4=$(arrived any4) any6=$(arrived any6)
	report=$(on cat /run/boot/report)
	flood_end
	is "$result" 0 "the machine is ready and forwards ($report)"
	is "$vendor" '0 0' 'packets that reached a vendor network, IPv4 and IPv6'
	[ "$any4" -gt 0 ] && [ "$any6" -gt 0 ] ||
		fail "the flood proves nothing: innocent packets that came through: $any4 of IPv4, $any6 of IPv6"
	measured "flood from power-on: innocent packets through, vendor packets" \
		"$((any4 + any6)), 0"
	like "$report" '*packets forwarded before: 0*' \
		'the kernel counted nothing before forwarding was on'
	wait_until 10 met_the_rules || fail 'the flood never met the rules'
}
met_the_rules() { [ "$(status .packets.block_infrastructure.packets)" -gt 0 ]; }
passed_some() { [ "$(arrived "$1")" -gt 0 ]; }
