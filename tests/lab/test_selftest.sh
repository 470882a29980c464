# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# `cordon selftest`: passes where the gateway blocks, fails where it does not.

# No owner: some tests take the table apart.
setup() { gateway_with selftest '$a[daemon]\ntable-owner = no'; }

test_selftest_passes() {
	local out
	out=$(lab gateway cordon selftest) || fail "$out"
	like "$out" \
		'*ok       downloads.upd.kaspersky.com asked of 198.18.0.1: answer 3, blocked*' \
		'a name'
	like "$out" '*ok       activation-v2.kaspersky.com asked of 8.8.8.8: answer 3, blocked*' \
		'captured'
	like "$out" '*ok       77.74.176.10, tcp/443: refused*' 'an address'
	like "$out" '*ok       2a03:2480:68::10, tcp/443: refused*' 'an address, IPv6'
	like "$out" '*ok       198.18.0.6, tcp/443: forwarded*' 'innocent'
	like "$out" '*ok       fdc0:7d02::2, tcp/443: forwarded*' 'innocent, IPv6'
	like "$out" '*warning  interface that forwards: core0 is in no setting*' \
		'an interface of no setting'
	is "$(lab gateway cordon selftest --json |
		jq -c '[.passed, (.checks | map(.result) | unique)]')" \
		'[true,["ok","warning"]]' '--json'
	is "$(lab gateway ip link show type tun)" '' 'what stays behind'
}

# Its blocks are in the log, and nobody looks there for a client of that name.
test_selftest_is_no_client_in_the_log() {
	lab gateway cordon selftest > /dev/null || fail 'it does not pass'
	wait_event '.client == "198.18.0.2" and .address == "77.74.176.10"' ||
		fail 'a packet is not in the log'
	wait_event '.client == "198.18.0.2" and .name == "downloads.upd.kaspersky.com"' ||
		fail 'a name is not in the log'
	is "$(cordon log --json |
		jq -r 'select(.client | test("^(198.18|fdc0:7d)")) | .interface' | sort -u)" \
		selftest0 'the interface of its events'
	is "$(cordon log | grep -c ' 198\.18\.0\.2 ')" 0 'lines that show it as a client'
	cordon log | grep -q ' block   self-test @8.8.8.8 A activation-v2.kaspersky.com ' ||
		fail "$(cordon log)"
}

# The links of the first were busy, and the second failed: as if the gateway did not block.
test_selftest_two_at_once() {
	local first second out
	lab gateway cordon selftest >"$LAB_DIR/selftest.1" 2>&1 &
	first=$!
	lab gateway cordon selftest >"$LAB_DIR/selftest.2" 2>&1 &
	second=$!
	wait $first || fail "the first: $(cat "$LAB_DIR/selftest.1")"
	wait $second || fail "the second: $(cat "$LAB_DIR/selftest.2")"
	out=$(cat "$LAB_DIR/selftest.1" "$LAB_DIR/selftest.2")
	like "$out" '*waiting for another self-test that is running*' 'who waits says so'
}

test_selftest_that_does_not_end_is_not_waited_for_without_end() {
	local out code=0 holder
	flock "$LAB_DIR/run/selftest.lock" sleep 50 &
	holder=$!
	sleep 0.2
	out=$(lab gateway cordon selftest 2>&1) || code=$?
	pkill -P $holder || :
	is $code 3 'the exit code'
	like "$out" '*nothing was proven: another self-test has not ended within [0-9][0-9] s*' \
		'why'
}

# By this exit code the image's start closes forwarding (etc/init.d/start).
leaks() { sed -n 's/.*\<SELFTEST_LEAKS = \([0-9]*\).*/\1/p' \
	"$HERE/../../appliance/box/health/findings.h"; }

# fails WHAT [CODE]: the self-test does, and says so.
fails() {
	local out code=0
	out=$(lab gateway cordon selftest) || code=$?
	is $code "${2:-1}" "$1: the exit code ($out)"
	like "$out" '*FAILED*' "$1"
}

# standing_still WHAT CODE COMMAND...: while the role stands still that would notice and repair it.
standing_still() {
	local pid
	pid=$(status '.roles[] | select(.role == "rules").pid')
	kill -STOP "$pid"
	"${@:3}"
	fails "$1" "$2"
	kill -CONT "$pid" 2>/dev/null || :
	lab gateway cordon selftest --wait 30 >/dev/null || fail 'when it is whole again'
}

test_selftest_fails_without_the_networks() {
	standing_still 'no vendor networks' "$(leaks)" nft_gateway flush chain inet cordon vendor
}

test_selftest_fails_without_the_table() {
	standing_still 'no table' 1 nft_gateway delete table inet cordon
}

test_selftest_fails_without_dns() {
	local pid
	pid=$(status '.roles[] | select(.role == "dns").pid')
	kill -STOP "$pid"
	fails 'the dns role stands still'
	kill -CONT "$pid" 2>/dev/null || :
	lab gateway cordon selftest --wait 30 >/dev/null || fail 'when it goes on'
}

test_selftest_fails_without_a_daemon() {
	lab stop
	fails 'no daemon'
	lab start
}

test_selftest_in_monitor_mode() {
	local out
	cordon mode monitor --for 5m --reason test --by lab >/dev/null
	out=$(lab gateway cordon selftest) || fail "$out"
	like "$out" '*the mode blocks nothing now*' 'monitor mode'
	cordon mode enforce --reason test --by lab >/dev/null
}

# The server that answers for a name says where it leads. That says nothing about this gateway, and
# is no reason to leave an image.
test_selftest_passes_when_an_upstream_points_at_the_vendor() {
	local liar
	"$HERE/lab" internet dnsmasq --keep-in-foreground --conf-file=/dev/null --port=5998 \
		--no-resolv --no-hosts --user=root --pid-file= \
		--address=/www.example.com/77.74.176.10 </dev/null >/dev/null 2>&1 &
	liar=$!
	gateway_with lying-upstream 's/^upstream = .*/upstream = 198.51.100.1:5998/'
	wait_until 4 is_blocked_by_address ||
		fail "the upstream does not lie: $(lab client 1 dig @192.168.77.1 www.example.com)"
	lab gateway cordon selftest > "$LAB_DIR/selftest" || fail "$(cat "$LAB_DIR/selftest")"
	pkill -P $liar || :
	kill $liar 2>/dev/null || :
}
is_blocked_by_address() {
	lab client 1 dig +time=1 @192.168.77.1 www.example.com | grep -q 'EDE: 15'
}

test_selftest_waits_as_long_as_a_resolver_with_a_silent_upstream() {
	gateway_with slow-upstream 's/^upstream = .*/upstream = 192.0.2.66\ntimeout = 5000/'
	lab gateway cordon selftest > "$LAB_DIR/selftest" || fail "$(cat "$LAB_DIR/selftest")"
	like "$(cat "$LAB_DIR/selftest")" '*www.example.com asked of 198.18.0.1: answer 2*' \
		'what it waited for'
	setup
}

# The gateway cannot help what another program drops; the administrator has to find that program.
test_selftest_names_the_chain_of_another_program() {
	local out code=0
	nft_gateway 'table ip fence { chain forward {
		type filter hook forward priority 10; policy drop; iifname != "selftest0" accept; }; }'
	nft_gateway 'table inet gate { chain in {
		type filter hook input priority 10; iifname "selftest0" udp dport 53 drop; }; }'
	out=$(lab gateway cordon selftest --json) || code=$?
	is $code 1 "the exit code ($out)"
	dropper() {
		jq -c --arg check "$1" '.checks[] | select(.check == $check) | .dropped_by' \
			<<<"$out"
	}
	is "$(dropper '198.18.0.6, tcp/443')" \
		'{"table":"ip fence","chain":"forward","policy":true}' 'the policy of a chain'
	is "$(dropper 'www.example.com asked of 198.18.0.1')" \
		'{"table":"inet gate","chain":"in","policy":false}' 'a rule'
	is "$(lab gateway nft list tables | grep -c selftest)" 0 'what stays behind'
	nft_gateway delete table ip fence
	nft_gateway delete table inet gate
	lab gateway cordon selftest >/dev/null || fail 'without the other programs'
}
