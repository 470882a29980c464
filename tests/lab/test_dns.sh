# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Blocked names, over every way to ask; innocent names; names that lead to the vendor.

BLOCKED='downloads.upd.kaspersky.com s00.upd.kaspersky.com s19.upd.kaspersky.com
	dnl-01.geo.kaspersky.com activation-v2.kaspersky.com dc1.ksn.kaspersky-labs.com
	ksn-verdict.geoksn.kaspersky.com my.kaspersky.com products.s.kaspersky-labs.com
	nobody-knows-this-one.kaspersky.com'

# all_blocked DIG-ARGUMENTS...
all_blocked() {
	local name
	for name in $BLOCKED; do
		is "$(dns 1 "$@" "$name")" NXDOMAIN "$name $*"
	done
}

test_blocked_udp4() { all_blocked @192.168.77.1; }
test_blocked_tcp4() { all_blocked @192.168.77.1 +tcp; }
test_blocked_udp6() { all_blocked @2001:db8:77::1; }
test_blocked_tcp6() { all_blocked @2001:db8:77::1 +tcp; }
test_blocked_without_edns() { all_blocked @192.168.77.1 +noedns; }

test_blocked_every_type() {
	local type
	for type in A AAAA HTTPS SVCB TXT MX NS SOA ANY; do
		is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com "$type")" NXDOMAIN "$type"
	done
}

test_blocked_any_case() {
	is "$(dns 1 @192.168.77.1 dOwNlOaDs.uPd.KASPERSKY.com)" NXDOMAIN 'mixed case'
}

test_blocked_edns_says_why() {
	like "$(dns_ede 1 @192.168.77.1 +edns=0 downloads.upd.kaspersky.com)" \
		'15 (Blocked): (kaspersky:update:=downloads.upd.kaspersky.com)' \
		'extended error, UDP'
	like "$(dns_ede 1 @192.168.77.1 +edns=0 +tcp dc1.ksn.kaspersky-labs.com)" \
		'15 (Blocked): (kaspersky:telemetry:*)' 'extended error, TCP'
	is "$(dns_ede 1 @192.168.77.1 +noedns downloads.upd.kaspersky.com)" '' \
		'extended error without EDNS'
}

test_blocked_answer_is_negative_and_short_lived() {
	local reply ttl
	reply=$(lab client dig @192.168.77.1 +dnssec +adflag downloads.upd.kaspersky.com)
	like "$reply" '*SOA*' 'the authority section'
	ttl=$(awk '$4 == "SOA" { print $2 }' <<<"$reply")
	[ "$ttl" -le 60 ] || fail "the SOA may be kept for $ttl seconds; at most 60 were promised"
	! grep -q '^;; flags:[a-z ]* ad' <<<"$reply" ||
		fail 'a blocked answer claims to be authentic'
}

test_blocked_names_never_reach_the_upstream() {
	local before
	before=$(wc -l < "$LAB_DIR/internet/unbound.log")
	dns 1 @192.168.77.1 downloads.upd.kaspersky.com >/dev/null
	dns 1 @8.8.8.8 downloads.upd.kaspersky.com >/dev/null
	! tail -n "+$((before + 1))" "$LAB_DIR/internet/unbound.log" |
		grep -q ' downloads.upd.kaspersky.com' ||
		fail 'the upstream was asked for downloads.upd.kaspersky.com'
}

# RFC 8020: NXDOMAIN for the parent would take the exempt names below it down.
test_parent_of_exempt_is_nodata() {
	is "$(dns 1 @192.168.77.1 kaspersky.com)" NOERROR 'kaspersky.com'
	is "$(dns 1 @192.168.77.1 tip.kaspersky.com)" 'NOERROR 77.74.181.30' 'tip.kaspersky.com'
}

test_innocent_udp_tcp_4_6() {
	local server way
	for server in 192.168.77.1 2001:db8:77::1; do
		for way in +notcp +tcp; do
			is "$(dns 1 "@$server" $way www.agency.example)" 'NOERROR 198.51.200.10' \
				"A, @$server $way"
			is "$(dns 1 "@$server" $way www.agency.example AAAA)" \
				'NOERROR 2001:db8:200::10' "AAAA, @$server $way"
		done
	done
}

test_innocent_lookalikes() {
	is "$(dns 1 @192.168.77.1 notkaspersky.com)" 'NOERROR 198.51.200.10' notkaspersky.com
	is "$(dns 1 @192.168.77.1 kaspersky.com.example.org)" 'NOERROR 198.51.200.10' \
		kaspersky.com.example.org
}

test_innocent_alias_and_missing_name() {
	is "$(dns 1 @192.168.77.1 alias.agency.example)" \
		'NOERROR www.agency.example. 198.51.200.10' alias.agency.example
	is "$(dns 1 @192.168.77.1 missing.agency.example)" NXDOMAIN missing.agency.example
	is "$(dns_ede 1 @192.168.77.1 missing.agency.example)" '' \
		'the extended error of a name that just does not exist'
}

test_large_answer_goes_over_tcp() {
	local edns reply
	for edns in +noedns +bufsize=1232; do
		reply=$(lab client dig @192.168.77.1 $edns +ignore big.agency.example TXT)
		grep -q '^;; flags:[a-z ]* tc' <<<"$reply" ||
			fail "a cut answer is not marked, $edns"
	done
	is "$(lab client dig @192.168.77.1 +short big.agency.example TXT | wc -l)" 24 'strings'
}

# The innocent name is there, so no NXDOMAIN: it only has no such answer.
test_cname_chain_to_vendor() {
	is "$(dns 1 @192.168.77.1 cname-trick.agency.example)" NOERROR 'one step'
	is "$(dns 1 @192.168.77.1 chain-trick.agency.example)" NOERROR 'two steps'
	is "$(dns_ede 1 @192.168.77.1 chain-trick.agency.example)" \
		'15 (Blocked): (kaspersky:update:=downloads.upd.kaspersky.com)' 'extended error'
	logged '.name == "chain-trick.agency.example"
		and .rule == "kaspersky:update:=downloads.upd.kaspersky.com"'
}

test_innocent_name_with_vendor_address() {
	is "$(dns 1 @192.168.77.1 address-trick.agency.example)" NOERROR A
	is "$(dns 1 @192.168.77.1 address6-trick.agency.example AAAA)" NOERROR AAAA
	logged '.name == "address-trick.agency.example" and (.rule | endswith(":77.74.176.0/21"))'
}

test_service_record_with_vendor_hint() {
	is "$(dns 1 @192.168.77.1 svcb-trick.agency.example HTTPS)" NOERROR 'address hints'
	is "$(dns 1 @192.168.77.1 svcb-name-trick.agency.example HTTPS)" NOERROR 'target name'
}

test_rubbish_does_no_harm() {
	local size
	for size in 1 11 12 13 40 512 1400; do
		# shellcheck disable=SC2016
		lab client bash -c 'head -c "$0" /dev/urandom >/dev/udp/192.168.77.1/53' "$size"
		# shellcheck disable=SC2016
		lab client bash -c 'head -c "$0" /dev/urandom >/dev/tcp/192.168.77.1/53' "$size"
	done
	is "$(dns 1 @192.168.77.1 www.agency.example)" 'NOERROR 198.51.200.10' 'after rubbish'
}
