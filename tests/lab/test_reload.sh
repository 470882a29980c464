# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A new policy is built beside the old one and swapped in; a bad one never is.

RULES=$LAB_DIR/rules

setup() {
	rm -rf "$RULES"
	cp -r "$ROOT/rules/lists" "$RULES"
	# No owner: a test empties sets.
	gateway_with reload "s|^dir = .*|dir = $RULES|" '$a[daemon]\ntable-owner = no'
}

test_reload_takes_a_new_list() {
	is "$(dns 1 @192.168.77.1 newly-blocked.gov)" 'NOERROR 198.51.200.10' 'before'
	cat >"$RULES/site.rules" <<-'END'
	list: site
	version: 2026.11.23.1
	[update]
	newly-blocked.gov evidence="a test of the lab"
	[network]
	198.51.200.10 category=infrastructure evidence="a test of the lab"
	END
	cordon rules reload >/dev/null
	is "$(dns 1 @192.168.77.1 newly-blocked.gov)" NXDOMAIN 'the name'
	is "$(connection 1 198.51.200.10 443)" refused 'the address'
	rm "$RULES/site.rules"
	cordon rules reload >/dev/null
	is "$(dns 1 @192.168.77.1 newly-blocked.gov)" 'NOERROR 198.51.200.10' 'after its removal'
	is "$(connection 1 198.51.200.10 443)" open 'the address after its removal'
}

test_reload_ends_connections_that_are_now_forbidden() {
	local fifo=$LAB_DIR/held
	rm -f "$fifo" && mkfifo "$fifo"
	# shellcheck disable=SC2016
	lab client 1 timeout 20 bash -c '
		exec 3<>/dev/tcp/198.51.200.10/80
		echo open
		read -r _ <"$0"
		printf "GET / HTTP/1.0\r\n\r\n" >&3
		timeout 3 head -n 1 <&3' "$fifo" >"$fifo.reply" 2>/dev/null &
	wait_until 4 grep -q open "$fifo.reply" || fail 'the connection does not open'
	cat >"$RULES/site.rules" <<-'END'
	list: site
	version: 2026.11.23.2
	[network]
	198.51.200.10 category=infrastructure evidence="a test of the lab"
	END
	cordon rules reload >/dev/null
	echo go >"$fifo"
	wait $! || :
	rm "$RULES/site.rules"
	cordon rules reload >/dev/null
	is "$(cat "$fifo.reply")" open 'the reply over the old connection'
}

# The client asks for both addresses over IPv4: one pinhole by its address, one by its MAC.
test_reload_closes_the_pinholes_of_a_name_that_is_exempt_no_more() {
	expect_vendor 1 77.74.181.30 2a03:2480:8000::20
	# Those of earlier tests may still be open, for other names.
	lab gateway nft 'flush set inet cordon pinhole4; flush set inet cordon pinhole_mac6'
	is "$(web 1 https://tip.kaspersky.com/ -4)" 200 'exempt, IPv4'
	is "$(web 1 https://tip.kaspersky.com/ -6)" 200 'exempt, IPv6'
	sed -i '/^tip\.kaspersky\.com/d' "$RULES/kaspersky.rules"
	cordon rules reload >/dev/null
	! nft_gateway list set inet cordon pinhole4 | grep 'expires' || fail 'open by address'
	! nft_gateway list set inet cordon pinhole_mac6 | grep 'expires' || fail 'open by MAC'
	cp "$ROOT/rules/lists/kaspersky.rules" "$RULES/"
	cordon rules reload >/dev/null
	is "$(web 1 https://tip.kaspersky.com/ -6)" 200 'exempt again'
}

test_reload_loses_no_query() {
	local report=$LAB_DIR/dnsperf.reload round
	printf '%s A\n' downloads.upd.kaspersky.com www.agency.example >"$LAB_DIR/mixed.txt"
	lab client 2 dnsperf -s 192.168.77.1 -d "$LAB_DIR/mixed.txt" -l 4 -Q 500 -t 3 \
		>"$report" 2>&1 &
	wait_until 4 queries_come || fail 'dnsperf does not start'
	for round in 1 2 3 4 5; do
		sed -i "s/^version: .*/version: 2026.11.24.$round/" "$RULES/kaspersky.rules"
		cordon rules reload >/dev/null
	done
	wait
	like "$(status .policy.version)" '*kaspersky 2026.11.24.5*' 'the policy in force'
	like "$(grep 'Queries lost' "$report")" '*: *0 (*' 'dnsperf'
	like "$(grep 'Response codes' "$report")" '*NOERROR *NXDOMAIN *' 'dnsperf'
}

test_malformed_list_is_refused() {
	local before text
	before=$(status .policy.digest)
	printf 'list: site\nversion: 1\n[update]\nthis is not..a name\n' >"$RULES/site.rules"
	if text=$(cordon rules reload 2>&1); then
		fail 'it was taken'
	fi
	like "$text" '*site.rules:4:*' 'the message'
	is "$(status .policy.digest)" "$before" 'the policy in force'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	rm "$RULES/site.rules"
}

test_absurd_list_is_refused() {
	printf 'list: site\nversion: 1\n[update]\ngov\n[network]\n0.0.0.0/0 category=update\n' \
		>"$RULES/site.rules"
	! cordon rules reload >/dev/null 2>&1 || fail 'a list that blocks .gov and every address'
	is "$(dns 1 @192.168.77.1 www.agency.example)" 'NOERROR 198.51.200.10' 'an innocent name'
	rm "$RULES/site.rules"
}

test_bad_list_at_start_keeps_the_last_good_policy() {
	printf 'list: site\nversion: 1\n[update]\nthis is not..a name\n' >"$RULES/site.rules"
	lab stop
	LAB_CONF=$LAB_DIR/settings lab start
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	rm "$RULES/site.rules"
}

test_counters_survive_a_reload() {
	local before after
	connection 1 77.74.176.10 443 >/dev/null
	before=$(status '.packets.block_infrastructure.packets')
	sed -i 's/^version: .*/version: 2026.11.25.1/' "$RULES/kaspersky.rules"
	cordon rules reload >/dev/null
	after=$(status '.packets.block_infrastructure.packets')
	[ "$after" -ge "$before" ] || fail "blocked packets fell from $before to $after"
}
