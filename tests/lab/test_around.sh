# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Ways around the block that once passed. The watcher on the internet's side judges each: a test
# that declares nothing lets nothing of the vendor cross.

counter() { nft_gateway -j list counter inet cordon "$1" | jq '.nftables[1].counter.packets'; }

# forged CLIENT NPING-ARGUMENTS...: three packets, whatever becomes of them.
forged() {
	local number=$1
	shift
	lab client "$number" nping -q -c 3 --rate 100 --send-ip "$@" >/dev/null 2>&1 || :
}

# ---- R1: what the gateway carries in its own answers

test_around_a_forged_source_gets_no_answer_4() {
	local before after
	before=$(counter spoofed)
	forged 1 --udp -S 77.74.181.30 -p 443 --data-string smuggled 77.74.176.10
	forged 1 --udp -S 77.74.181.30 -p 9 --data-string smuggled 192.168.77.1
	forged 1 --tcp -S 77.74.181.30 -p 81 192.168.77.1
	forged 1 --icmp -S 77.74.181.30 192.168.77.1
	forged 1 --icmp -S 77.74.181.30 --ttl 1 198.51.200.10
	forged 1 --udp -S 77.74.181.30 -p 443 --data-string smuggled 198.51.200.10
	after=$(counter spoofed)
	[ $((after - before)) -ge 18 ] ||
		fail "$((after - before)) of 18 forged packets were dropped as such"
}

test_around_a_forged_source_gets_no_answer_6() {
	local before after
	before=$(counter spoofed)
	lab client 1 ip -6 addr add 2a03:2480:8000::77/128 dev eth0 nodad
	lab client 1 dig +time=1 +tries=1 -b 2a03:2480:8000::77 -p 81 @2001:db8:77::1 x.example \
		>/dev/null 2>&1 || :
	lab client 1 dig +time=1 +tries=1 -b 2a03:2480:8000::77 -p 81 @2001:db8:200::10 x.example \
		>/dev/null 2>&1 || :
	lab client 1 curl -s --max-time 1 --interface 2a03:2480:8000::77 \
		'http://[2001:db8:200::10]/' || :
	lab client 1 curl -s --max-time 1 --interface 2a03:2480:8000::77 \
		'http://[2a03:2480:68::10]/' || :
	lab client 1 ip -6 addr del 2a03:2480:8000::77/128 dev eth0
	after=$(counter spoofed)
	[ "$after" -gt "$before" ] || fail 'no forged packet was dropped as such'
}

# ---- R2: what comes from the vendor

# heard CLIENT: packets of the vendor's update server that the client got.
heard() { lab client "$1" nft -j list counter inet ear vendor | jq '.nftables[1].counter.packets'; }

test_around_an_error_of_the_vendor_reaches_no_client() {
	lab client 1 nft 'add table inet ear; add counter inet ear vendor;
		add chain inet ear in { type filter hook prerouting priority raw; };
		add rule inet ear in ip saddr 77.74.176.10 counter name vendor'
	# An innocent flow, and an error about it. nping quotes nothing: the unit test test_packets
	# does.
	lab client 1 bash -c 'echo x >/dev/udp/198.51.200.10/4000' || :
	vendor_window 'the vendor sends; whether it arrives is what is tested' vendor_sends
	is "$(heard 1)" 0 'packets of the vendor that client 1 got'
	lab client 1 nft delete table inet ear
}
vendor_sends() {
	lab internet nping -q -c 2 --send-ip -S 77.74.176.10 --icmp --icmp-type 3 --icmp-code 4 \
		--data-string smuggled 192.168.77.11 >/dev/null 2>&1 || :
	lab internet nping -q -c 2 --send-ip -S 77.74.176.10 --udp -g 53 -p 4000 192.168.77.11 \
		>/dev/null 2>&1 || :
	lab internet nping -q -c 2 --send-ip -S 77.74.176.10 --tcp --flags ack -g 443 -p 4000 \
		192.168.77.11 >/dev/null 2>&1 || :
}

# ---- R3, R4, R5, R7: pinholes

test_around_a_pinhole_is_for_the_web() {
	expect_vendor 1 77.74.181.30
	dns 1 @192.168.77.1 tip.kaspersky.com >/dev/null
	is "$(literal 1 tip.kaspersky.com 77.74.181.30)" 200 'tcp/443'
	local port
	for port in 784 8853 13000 22; do
		is "$(connection 1 77.74.181.30 "$port")" refused "tcp/$port"
	done
	like "$(lab client 1 nping -c 1 --icmp 77.74.181.30 2>&1)" '*prohibited*' 'an echo'
}
literal() { web "$1" "https://$2/" --resolve "$2:443:$3"; }
literal_is_refused() { [ "$(literal "$@")" = refused ]; }

# The name is monitored, and led to the update servers.
test_around_no_pinhole_leads_to_update_servers() {
	local conf=$LAB_DIR/around
	rm -rf "$conf" && cp -r "$ROOT/rules/lists" "$conf"
	printf '[update]\n77.74.181.30 evidence="a test"\n' >>"$conf/kaspersky.rules"
	gateway_with update-address "s#^dir = .*#dir = $conf#"
	dns 1 @192.168.77.1 tip.kaspersky.com >/dev/null
	is "$(literal 1 tip.kaspersky.com 77.74.181.30)" refused \
		'an address that an update rule knows'
	gateway_with default
}

test_around_leads_to_is_kept() {
	local conf=$LAB_DIR/around
	rm -rf "$conf" && cp -r "$ROOT/rules/lists" "$conf"
	sed -i \
		's/^tip.kaspersky.com .*/tip.kaspersky.com leads-to=185.85.12.0\/24 evidence="a test"/' \
		"$conf/kaspersky.rules"
	gateway_with leads-to "s#^dir = .*#dir = $conf#"
	dns 1 @192.168.77.1 tip.kaspersky.com >/dev/null
	is "$(literal 1 tip.kaspersky.com 77.74.181.30)" refused 'outside of leads-to'
	gateway_with default
}

# The exemption was withdrawn while the process that knew of it was dead.
test_around_a_withdrawn_exemption_ends_after_a_kill() {
	local conf=$LAB_DIR/around fifo=$LAB_DIR/download old
	rm -rf "$conf" && cp -r "$ROOT/rules/lists" "$conf"
	gateway_with withdrawn "s#^dir = .*#dir = $conf#"
	expect_vendor 1 185.85.12.5
	dns 1 @192.168.77.1 support.kaspersky.com >/dev/null
	is "$(literal 1 support.kaspersky.com 185.85.12.5)" 200 'before'
	rm -f "$fifo" && mkfifo "$fifo"
	# shellcheck disable=SC2016
	lab client 1 bash -c 'exec 3<>/dev/tcp/185.85.12.5/80; cat "$0" >&3' "$fifo" &
	exec 4>"$fifo"
	wait_until 5 tracked || fail 'the connection is not there'
	sed -i '/support.kaspersky.com/d' "$conf/kaspersky.rules"
	kill -KILL "$(status '.roles[] | select(.role == "rules") | .pid')"
	wait_until 15 cordon rules reload || fail 'no reload'
	wait_until 10 untracked || fail 'the connection through the pinhole lives on'
	is "$(literal 1 support.kaspersky.com 185.85.12.5)" refused 'after it was withdrawn'
	exec 4>&-
	is "$(nft_gateway -j list set inet cordon pinhole4 | grep -c 185.85.12.5)" 0 'pinholes'
	gateway_with default
}
tracked() {
	lab gateway conntrack -L -d 185.85.12.5 2>/dev/null |
		grep -q 'ESTABLISHED.*mark=1677721[0-9]'
}
untracked() { ! tracked; }

test_around_clients_of_a_forwarder_use_what_it_resolved() {
	gateway_with forwarder 's/^internal-dns.*/&\nforwarder = 192.168.77.12/'
	expect_vendor any 185.85.12.5
	wait_until 9 literal_is_refused 1 support.kaspersky.com 185.85.12.5 ||
		fail 'open before anybody asked'
	dns 2 @192.168.77.1 support.kaspersky.com >/dev/null
	is "$(literal 1 support.kaspersky.com 185.85.12.5)" 200 'after client 2, a forwarder, asked'
	is "$(connection 1 185.85.12.5 13000)" refused 'another port'
	gateway_with default
}

test_around_no_pinhole_lasts_longer_than_an_hour() {
	local longest
	expect_vendor 1 77.74.181.30 185.85.12.5
	dns 1 @192.168.77.1 tip.kaspersky.com >/dev/null
	longest=$(nft_gateway -j list ruleset |
		jq '[.nftables[].set? | select(.name? and (.name | startswith("pinhole")))
		| .elem[]? | .elem.timeout] | max')
	[ "$longest" -le 3600 ] || fail "a pinhole for $longest s"
}

# ---- R8: IPv4 inside IPv6

test_around_ipv4_inside_ipv6() {
	local address
	for address in 64:ff9b::4d4a:b00a 64:ff9b:1::4d4a:b00a 64:ff9b:1:4d4a:b0:a00:: \
		2002:4d4a:b00a::1 ::4d4a:b00a; do
		is "$(explain "$address")" 'block kaspersky:infrastructure:77.74.176.0/21' \
			"explain $address"
		is "$(connection 1 "$address" 443)" refused "$address"
	done
	is "$(explain 64:ff9b::c633:c80a)" 'none -' 'an innocent one'
}

# ---- R11: interfaces that no setting names

test_around_a_renamed_card_is_guarded() {
	lab gateway ip link set lan0 down
	lab gateway ip link set lan0 name card7
	lab gateway ip link set card7 up
	lab gateway ip -6 addr replace 2001:db8:77::1/64 dev card7 nodad
	wait_until 10 answers || fail 'no DNS by the renamed card'
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	is "$(dns 1 @8.8.8.8 downloads.upd.kaspersky.com)" NXDOMAIN 'captured'
	lab gateway ip link set card7 down
	lab gateway ip link set card7 name lan0
	lab gateway ip link set lan0 up
	lab gateway ip -6 addr replace 2001:db8:77::1/64 dev lan0 nodad
	wait_until 10 answers || fail 'no DNS as before'
}
answers() { [ "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" = NXDOMAIN ]; }

# ---- R10: one flood, and the evidence of others

test_around_a_flood_hides_nobody() {
	local i lost
	lab client 1 nping -q --udp -c 30000 --rate 5000 -p 4000 77.74.176.10 >/dev/null 2>&1 &
	local flood=$!
	sleep 1
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		connection 2 "77.74.177.$i" 443 >/dev/null
	done
	kill "$flood" 2>/dev/null || :
	wait "$flood" 2>/dev/null || :
	wait_until 10 all_twelve ||
		fail "of 12 addresses that client 2 tried, $(of_client_2) are in the log"
	wait_until 80 says_lost || fail 'no record of what was counted and not logged'
	lost=$(cordon log --json | jq -s 'map(.lost // 0) | add')
	[ "$lost" -gt 1000 ] || fail "only $lost lost events are owned up to"
}
of_client_2() {
	events '.client == "192.168.77.12" and (.address // "" | startswith("77.74.177."))' |
		jq -r .address | sort -u | wc -l
}
all_twelve() { [ "$(of_client_2)" -ge 12 ]; }
says_lost() { [ -n "$(events '.lost')" ]; }
