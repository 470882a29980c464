# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Upstreams and internal servers that are odd, slow or lying, one at a time and together.

# shellcheck source=tests/lab/upstream.sh
. "$HERE/upstream.sh"

A=$(odd_address 5301)

setup() {
	odd_start 5301=good 5302=dead 5303=servfail 5304=refused 5305=notimp 5306=tc-no-tcp \
		5307=formerr 5308=wrong-id 5309=header 5310=broken 5311=no-tcp 5312=slow-1300 \
		5313=bogus 5314=wrong-question 5315=slow-2500 || return 1
	with_upstreams 5301
}

# Each worker learns for itself.
ONE_WORKER='s/^\[dns\]/&\nworkers = 1/'

# with_upstreams PORT...: in that order.
with_upstreams() {
	local port list=
	for port; do
		list="$list $ODD:$port"
	done
	gateway_with "odd$list" "s/^upstream = .*/upstream =$list/" "$ONE_WORKER"
}

ask() { dns 1 @192.168.77.1 +time=9 "$@"; }
flags() {
	lab client 1 dig @192.168.77.1 +time=9 +tries=1 "$@" |
		sed -n 's/^;; flags:\([^;]*\);.*/\1/p'
}

# ---- one server ----

test_an_upstream_without_edns() {
	is "$(ask as-formerr.one.test)" "NOERROR $A" 'FORMERR as a header alone'
	is "$(ask as-formerr.two.test)" "NOERROR $A" 'the next question'
	is "$(odd_heard "$(hex one)")" 2 'questions for the first name'
	is "$(odd_heard "$(hex two)")" 1 'questions for the second: that is remembered'
}

test_an_upstream_that_drops_edns() {
	with_upstreams 5301
	is "$(ask as-drops-edns.dropped.test)" "NOERROR $A" 'an answer'
	with_upstreams 5301
}

test_late_answers_count() {
	is "$(ask as-slow-1500.late.test)" "NOERROR $A" '1.5 s'
	is "$(ask as-slow-3500.late.test)" "NOERROR $A" '3.5 s'
	is "$(ask +tcp as-slow-3500.late.test)" "NOERROR $A" '3.5 s, TCP'
}

test_tc_is_followed_over_tcp() {
	is "$(ask +ignore as-tc.cut.test)" "NOERROR $A" 'an answer'
	is "$(flags +ignore as-tc.cut.test)" ' qr rd ra' 'its flags'
}

test_an_upstream_without_tcp() {
	with_upstreams 5311
	is "$(ask +tcp www.no-tcp.test)" "NOERROR $(odd_address 5311)" 'a client over TCP'
	with_upstreams 5301
	is "$(ask +tcp as-mute-tcp.no-tcp.test)" "NOERROR $A" 'a server that is silent over TCP'
	with_upstreams 5306
	is "$(ask +ignore www.cut.test)" "NOERROR $(odd_address 5306)" 'a cut answer'
	is "$(ask +tcp www.cut.test)" "NOERROR $(odd_address 5306)" 'the same to a client over TCP'
	with_upstreams 5301
}

test_the_letters_of_the_question_come_back() {
	like "$(lab client 1 dig @192.168.77.1 +time=5 +tries=1 as-lower.MiXeD.tEsT)" \
		'*;as-lower.MiXeD.tEsT.*' 'the question in the answer'
	is "$(odd_heard "$(hex MiXeD)")" 1 'the question as the upstream got it'
}

# id, flags, counts; the question; OPT with our size and a client cookie, and nothing else.
test_queries_are_built_anew() {
	local option
	for option in +subnet=203.0.113.0/24 +nsid +padding=128 +keepalive \
		+cookie=0123456789abcdef; do
		ask "$option" +bufsize=4096 as-good.built.test >/dev/null
	done
	lab client 1 bash -c \
		'printf "\x12\x34\x01\0\0\1\0\0\0\0\0\1\x07as-good\x05built\x04test\0\0\1\0\1\0\0\x10\0\1\0\0\0\0\0\4abcdrubbish" >/dev/udp/192.168.77.1/53'
	wait_until 10 built_are 6 || fail "$(odd_heard "$(hex built)") of 6 queries arrived"
	is "$(grep "$(hex built)" "$LAB_DIR/upstream.log" | grep -vcE \
		' (udp|tcp) ....(0100|0120)00010000000000010761732d676f6f64056275696c7404746573740000010001000029(04d0)00000000000c000a0008[0-9a-f]{16}$')" 0 \
		'queries with something else in them'
}
built_are() { [ "$(odd_heard "$(hex built)")" -eq "$1" ]; }

test_opt_is_hop_by_hop() {
	local reply
	reply=$(lab client 1 dig @192.168.77.1 +nocmd +time=5 +tries=1 +nsid +keepalive \
		as-options.hop.test)
	like "$reply" '*EDE: 3 (Stale Answer): (hi)*' 'the upstream'"'"'s extended error'
	! grep -qiE 'keepalive|nsid|pad|subnet' <<<"$reply" ||
		fail "an option of the upstream's: $reply"
	like "$reply" '*udp: 1232*' 'our size'
	! lab client 1 dig @192.168.77.1 +noedns as-options.hop.test | grep -q 'OPT PSEUDO' ||
		fail 'OPT to a client that sent none'
	like "$(lab client 1 dig @192.168.77.1 +dnssec as-good.hop.test)" '*flags: do;*' \
		'DO comes back'
}

# ---- cookies ----

has_cookie() {
	like "$(lab client 1 dig @192.168.77.1 +time=5 +tries=1 +cookie=0123456789abcdef "$@")" \
		'*COOKIE: 0123456789abcdef01000000???????????????????????? (good)*' "$*"
}

test_every_reply_has_our_cookie() {
	has_cookie as-cookies.jar.test
	has_cookie downloads.upd.kaspersky.com
	has_cookie +tcp downloads.upd.kaspersky.com
	has_cookie +ignore +bufsize=512 as-large.jar.test TXT
	has_cookie as-servfail.jar.test
	has_cookie +opcode=15 www.jar.test
	has_cookie +opcode=15 +header-only www.jar.test
	has_cookie +edns=1 +noednsneg www.jar.test
	has_cookie intranet.agency.test
	like "$(lab client 1 dig @192.168.77.1 +time=5 +tries=1 +nocookie +ednsopt=10:0123 \
		www.jar.test)" \
		'*status: FORMERR*EDNS: version: 0*' 'a cookie that is none'
}

# Who has learnt of a server's cookies takes nothing without one, and asks again until it gives up.
test_blocked_names_in_front_of_a_server_with_cookies() {
	ask as-cookies.first.test >/dev/null
	has_cookie downloads.upd.kaspersky.com
	remark "refused after $(lab client 1 dig @192.168.77.1 downloads.upd.kaspersky.com |
		sed -n 's/^;; Query time: //p')"
}

# From version 1.33 on c-ares learns of cookies, and before that it proves nothing here.
test_c_ares_is_refused_in_front_of_a_server_with_cookies() {
	local said
	gcc -O1 -D_GNU_SOURCE -Wno-deprecated-declarations -o "$LAB_DIR/cares" "$HERE/cares.c" \
		-lcares
	said=$(lab client 1 "$LAB_DIR/cares" 192.168.77.1 as-cookies.cares.test \
		intranet.agency.test downloads.upd.kaspersky.com)
	like "$said" '*cares.test: Successful*' 'an answer that has a cookie'
	like "$said" '*kaspersky.com: Domain name not found,*' 'a blocked name'
	remark "refused after ${said##*, }"
}

test_cookies_towards_upstreams() {
	ask as-cookies.known.test >/dev/null
	ask as-cookies.known.test >/dev/null
	[ "$(odd_heard "$(hex known).*$(hex SERVERCOOKIE....)")" -ge 1 ] ||
		fail 'the cookie that the upstream gave is not shown'
	is "$(ask as-badcookie.bad.test)" "NOERROR $A" 'BADCOOKIE, then an answer'
	is "$(ask as-never-cookie.never.test)" "NOERROR $A" 'BADCOOKIE until TCP'
	is "$(ask as-forged-cookie.forged.test)" "NOERROR $A" 'another client'"'"'s cookie first'
}

# ---- errors ----

test_opcodes_nobody_knows() {
	like "$(lab client 1 dig @192.168.77.1 +tries=1 +opcode=15 +header-only www.agency.test)" \
		'*status: NOTIMP*EDNS: version: 0*' 'without a question'
	like "$(lab client 1 dig @192.168.77.1 +tries=1 +opcode=15 www.agency.test)" \
		'*status: NOTIMP*EDNS: version: 0*' 'with one'
}

test_what_the_extended_error_says() {
	like "$(dns_ede 1 @192.168.77.1 +time=9 as-broken.ede.test)" '0 (Other)*' \
		'an answer that cannot be read'
	is "$(ask as-servfail.ede.test)" SERVFAIL 'the upstream'"'"'s own error'
	is "$(dns_ede 1 @192.168.77.1 +time=9 as-servfail.ede.test)" '' 'nothing of ours about it'
	like "$(dns_ede 1 @192.168.77.1 +time=14 as-dead.ede.test)" '22 (No Reachable Authority)*' \
		'silence'
	is "$(dns 1 @192.168.77.1 +time=14 +tcp as-dead.ede.test)" SERVFAIL \
		'silence, a client over TCP'
}

# A client over TCP hears of it as well: its connection is not idle while it waits.
test_silence_ends_in_an_answer_over_tcp() {
	is "$(dns 1 @192.168.77.1 +tcp +time=15 as-dead.silent.test)" SERVFAIL 'after ten seconds'
	gateway_with patient "s/^upstream = .*/upstream = $ODD:5301/" "$ONE_WORKER" \
		's/^\[dns\]/&\ntimeout = 8000/'
	is "$(dns 1 @192.168.77.1 +tcp +time=20 as-slow-12000.late.test)" "NOERROR $A" \
		'after twelve'
	with_upstreams 5301
}

# ---- several servers ----

test_an_error_is_no_success() {
	local number
	with_upstreams 5303 5304 5305 5309 5310 5301
	for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
		is "$(ask www$number.error.test)" "NOERROR $A" "query $number"
	done
	# One that says why validation failed is believed: asking others would be a way round it.
	with_upstreams 5313 5301
	is "$(ask www.bogus.test)" SERVFAIL 'a name whose signatures are wrong'
	with_upstreams 5303 5304
	is "$(ask www.error.test)" REFUSED 'the last error when all say so'
}

test_a_sick_upstream_rests() {
	with_upstreams 5303 5301
	local number
	for number in 1 2 3 4 5 6 7 8; do
		ask www.rest.test >/dev/null
	done
	[ "$(odd_heard "^5303.*$(hex rest)")" -le 4 ] ||
		fail "the upstream that always fails got $(odd_heard \
		"^5303.*$(hex rest)") of 8 queries"
}

test_liars_are_not_heard() {
	local port
	for port in 5308 5314; do
		with_upstreams "$port" 5301
		is "$(ask www.liar.test)" "NOERROR $A" "port $port"
	done
}

# A link on which each answer takes longer than the time-out, and two servers behind it.
test_all_answers_are_late() {
	with_upstreams 5312 5315
	is "$(ask www.link.test)" "NOERROR $(odd_address 5312)" 'an answer'
	is "$(ask +tcp www.link.test)" "NOERROR $(odd_address 5312)" 'an answer, TCP'
}

# ---- internal zones ----

# with_zone SERVER...
with_zone() {
	gateway_with "zone $*" "s/^upstream = .*/upstream = $ODD:5301/" \
		"s/^internal-zone = agency.*/&\ninternal-zone = zone.test -> $*/" "$ONE_WORKER"
}

test_the_second_server_of_an_internal_zone() {
	local number
	with_zone "$ODD:5302" "$ODD:5301"
	is "$(ask www.zone.test)" "NOERROR $A" 'behind a dead one'
	odd_start 5301=good 5302=dead
	for number in 1 2 3 4 5 6 7 8; do
		is "$(ask www$number.zone.test)" "NOERROR $A" "query $number"
	done
	[ "$(odd_heard '^5302')" -le 3 ] ||
		fail "the dead one got $(odd_heard '^5302') of 8 queries"
	is "$(ask +tcp www.zone.test)" "NOERROR $A" 'TCP'
	with_zone "$ODD:5999" "$ODD:5301"
	is "$(ask +tcp www.zone.test)" "NOERROR $A" 'behind a closed port, TCP'
	is "$(ask www.zone.test)" "NOERROR $A" 'behind a closed port, UDP'
	setup
	with_zone "$ODD:5303" "$ODD:5301"
	is "$(ask www.zone.test)" "NOERROR $A" 'behind one that fails'
}

test_an_update_is_sent_once() {
	with_zone "$ODD:5312" "$ODD:5301"
	is "$(dns 1 @192.168.77.1 +time=9 +opcode=update up.zone.test SOA)" NOERROR \
		'its answer, a header alone'
	is "$(odd_heard "$(hex up)04$(hex zone)")" 1 'how often it was sent'
}

# What goes untouched, since it is signed or brings records, is judged as everything is.
test_signed_questions_are_no_way_round() {
	local way
	with_zone "$ODD:5301"
	for way in +notcp +tcp; do
		is "$(ask "$way" -y hmac-sha256:key.test:c2VjcmV0c2VjcmV0 as-vendor.zone.test)" \
			NOERROR "signed, $way"
	done
	[ "$(odd_heard "$(hex key)04$(hex test).*$(hex hmac-sha256)")" -ge 2 ] ||
		fail 'the signature did not arrive'
	is "$(ask as-vendor.zone.test)" NOERROR 'plain'
	logged \
		'.name == "as-vendor.zone.test" and .rule == "kaspersky:update:=downloads.upd.kaspersky.com"'
}

# ---- what internal servers ask of others ----

# from_agency DIG-ARGUMENTS...: like dns, on the internal server itself.
from_agency() {
	lab agency dig +time=5 +tries=1 +noall +comments +answer "$@" | awk '
		/->>HEADER<<-/ { status = $6; sub(",", "", status) }
		!/^;/ && NF > 4 { answer = answer " " $NF }
		END { print status answer }'
}

test_what_internal_servers_ask_is_judged_and_sent_on() {
	local before
	gateway_with default
	before=$(wc -l <"$LAB_DIR/internet/unbound.log")
	is "$(from_agency "@$ODD" www.agency.example)" 'NOERROR 198.51.200.10' 'an innocent name'
	is "$(from_agency "@$ODD" +tcp www.agency.example)" 'NOERROR 198.51.200.10' 'the same, TCP'
	tail -n "+$((before + 1))" "$LAB_DIR/internet/unbound.log" |
		grep -q '203\.0\.113\.53 www.agency.example' ||
		fail 'the server that was asked does not see the one that asks'
	is "$(from_agency "@$ODD" downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(from_agency "@$ODD" cname-trick.agency.example)" NOERROR \
		'a name that leads to the vendor'
	is "$(from_agency "@$ODD" +tcp cname-trick.agency.example)" NOERROR 'the same, TCP'
	is "$(from_agency @192.0.2.66 +time=12 www.agency.example)" SERVFAIL \
		'a server that is dead, and no other'
}

# ---- loops ----

# A forwarder behind the gateway that asks the gateway.
test_a_loop_ends() {
	local before
	gateway_with loop 's/^upstream = .*/upstream = 192.168.77.12:5400/'
	"$HERE/lab" client 2 dnsmasq --keep-in-foreground --port=5400 --no-resolv --no-hosts \
		--conf-file=/dev/null --pid-file= --user=root --cache-size=0 --server=192.168.77.1 \
		>"$LAB_DIR/dnsmasq.out" 2>&1 </dev/null &
	LOOP=$!
	trap 'kill $LOOP 2>/dev/null; wait' EXIT
	wait_until 10 loop_answers || fail "dnsmasq does not answer: $(cat "$LAB_DIR/dnsmasq.out")"
	before=$(status .dns.queries)
	is "$(ask www.loop.test)" SERVFAIL 'the question'
	[ "$(status .dns.looped)" -ge 1 ] || fail 'no loop was seen'
	[ "$(status .dns.queries)" -le $((before + 8)) ] ||
		fail "one question became $(($(status .dns.queries) - before))"
}
loop_answers() { [ "$(dns 2 @127.0.0.1 -p 5400 intranet.agency.test)" != refused ]; }

# ---- shares ----

flood_is_on() { [ "$(status .dns.forwarded)" -gt 3000 ]; }

# One client's flood of questions that nobody answers takes nothing of another's that is under way.
test_a_flood_costs_its_own_client_only() {
	local number
	gateway_with flood "s/^upstream = .*/upstream = $ODD:5301/" "$ONE_WORKER"
	setup_flood
	wait_until 10 flood_is_on || fail 'dnsperf does not fill the table'
	for number in 1 2 3; do
		is "$(ask as-slow-1500.calm$number.test)" "NOERROR $A" "another client's question"
	done
	wait "$FLOOD"
}

setup_flood() {
	seq -f 'as-dead.n%.0f.test A' 20000 >"$LAB_DIR/flood.txt"
	"$HERE/lab" client 2 dnsperf -s 192.168.77.1 -d "$LAB_DIR/flood.txt" -q 6000 -c 8 -t 9 -l \
		8 -Q 2000 >/dev/null 2>&1 </dev/null &
	FLOOD=$!
}

test_the_end_of_odd_servers() {
	odd_stop
	gateway_with default
}
