# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Whichever resolver a client asks, Cordon answers in its place; the others are refused.

RESOLVERS='8.8.8.8 9.9.9.9 2001:4860:4860::8888 2620:fe::fe'

# asked NAME PROTOCOL: the resolvers that the log names, sorted.
asked() {
	events ".name == \"$1\" and .protocol == \"$2\"" | jq -r .resolver | sort -u | paste -sd' '
}

asked_all() { [ "$(asked "$1" "$2")" = "$(tr ' ' '\n' <<<"$RESOLVERS" | sort | paste -sd' ')" ]; }

# captured PROTOCOL DIG-OPTION
captured() {
	local resolver name=captured-$1.upd.kaspersky.com
	for resolver in $RESOLVERS; do
		is "$(dns 1 "@$resolver" "$2" "$name")" NXDOMAIN "$name @$resolver $2"
	done
	wait_until 8 asked_all "$name" "$1" ||
		fail "asked were $RESOLVERS; the log says: $(asked "$name" "$1")"
}

test_captured_resolvers_are_logged_udp() { captured udp +notcp; }
test_captured_resolvers_are_logged_tcp() { captured tcp +tcp; }

# dig takes no answer from any other address than the one it asked.
test_captured_answers_come_from_the_resolver_asked() {
	local resolver way
	for resolver in $RESOLVERS 192.0.2.66; do
		for way in +notcp +tcp; do
			is "$(dns 2 "@$resolver" $way www.agency.example)" 'NOERROR 198.51.200.10' \
				"@$resolver $way"
		done
	done
}

test_captured_queries_leave_from_the_gateway() {
	dns 1 @8.8.8.8 only-from-the-gateway.gov >/dev/null
	like "$(grep only-from-the-gateway "$LAB_DIR/internet/unbound.log" || echo nothing)" \
		'*198.51.100.2 *' "what the upstream's log has"
	! grep only-from-the-gateway "$LAB_DIR/internet/unbound.log" | grep -q 192.168.77 ||
		fail 'the query reached the internet from the client itself'
}

test_encrypted_dns_is_refused() {
	local resolver
	for resolver in 8.8.8.8 192.0.2.53 2620:fe::fe 2001:db8:53::53; do
		is "$(connection 1 "$resolver" 853)" refused "$resolver port 853"
	done
	for resolver in 1.1.1.1 9.9.9.9 2606:4700:4700::1111; do
		is "$(connection 1 "$resolver" 443)" refused "$resolver port 443"
		is "$(connection 1 "$resolver" 8853)" refused "$resolver port 8853"
		is "$(connection 1 "$resolver" 784)" refused "$resolver port 784"
	done
	is "$(dot 1 8.8.8.8)" refused 'a query over TLS'
	logged '.category == "bypass" and .address == "8.8.8.8" and .port == 853'
}

test_ports_of_others_stay_open() {
	is "$(connection 1 198.51.200.10 443)" open 'an innocent web server'
	is "$(connection 1 2001:db8:200::10 443)" open 'an innocent web server, IPv6'
	is "$(connection 1 198.51.200.10 8853)" open 'port 8853 of a host that is no resolver'
}

# A resolver answers on ports that no list has: 5353, 9953, whatever comes next.
test_a_listed_resolver_is_refused_on_every_port() {
	local port
	for port in 54 80 784 5300 5353 8053 8853 9953; do
		is "$(connection 1 8.8.8.8 "$port")" refused "tcp/$port of a resolver"
	done
	is "$(connection 1 2001:4860:4860::8888 5353)" refused 'IPv6'
	like "$(lab client 1 dig +time=1 +tries=1 -p 5353 @8.8.8.8 www.example.com 2>&1)" \
		'*unreachable*' 'udp/5353'
	logged \
		'.address == "8.8.8.8" and .port == 5353 and .protocol == "udp" and .rule == "resolvers:bypass:8.8.8.8"'
}

# No entry a query: a flood of queries cannot fill the table.
test_captured_queries_are_not_tracked() {
	dns 1 @9.9.9.9 untracked.gov >/dev/null
	dns 1 @9.9.9.9 +tcp untracked.gov >/dev/null
	is "$(lab gateway conntrack -L 2>/dev/null |
		grep -c 'src=192.168.77.11 dst=9.9.9.9.*dport=53')" 0 'entries for queries'
}
