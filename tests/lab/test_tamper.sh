# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What other programs change in the table, the policy rules and the routes is undone at once. It is
# logged once, with what it was and which program did it, and counted. Behind each "ok" stands what
# a steady stream to a vendor address got through meanwhile: packets seen beyond, of those sent.

VENDOR=77.74.176.10
STREAM_PORT=9999

# No owner: else nobody could change anything.
setup() { gateway_with tamper '$a[daemon]\ntable-owner = no' && count_outside; }

count_outside() {
	lab internet nft -f - <<-END
	table inet stream {
		counter seen { }
		chain input {
			type filter hook input priority 0;
			udp dport $STREAM_PORT counter name seen
		}
	}
	END
	lab client 1 nft -f - <<-END
	table inet stream {
		counter sent { }
		chain output {
			type filter hook output priority 0;
			udp dport $STREAM_PORT counter name sent
		}
	}
	END
}

packets() { sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
seen() { lab internet nft list counter inet stream seen | packets; }
sent() { lab client 1 nft list counter inet stream sent | packets; }

# Some thousand packets a second.
stream() {
	# shellcheck disable=SC2016
	"$HERE/lab" client 1 bash -c 'exec 3>"/dev/udp/$0/$1"; trap "" PIPE
		exec 4<> <(:)
		while :; do echo x >&3; read -r -t 0.0002 <&4; done' "$VENDOR" "$STREAM_PORT" \
		>/dev/null 2>&1 &
	STREAM=$!
	wait_until 3 flowing || fail 'the stream does not flow'
}
flowing() {
	local before
	before=$(sent)
	sleep 0.1
	[ "$(sent)" -gt $((before + 20)) ]
}
unstream() {
	pkill -KILL -P "$STREAM" || :
	kill -KILL "$STREAM" 2>/dev/null || :
	wait "$STREAM" 2>/dev/null || :
}

# Everything that is ours, without what changes by itself.
state() {
	nft_gateway list table inet cordon | grep -v '@nh,' |
		sed 's/packets [0-9]* bytes [0-9]*//; /expires/d' | sort
	lab gateway ip rule list | grep '^10'
	lab gateway ip -6 rule list | grep '^10'
	lab gateway ip route list table 3085
	lab gateway ip -6 route list table 3085
}
whole() { [ "$(state)" = "$WHOLE" ]; }
told() { tail -n "+$((LOG + 1))" "$LAB_DIR/cordond.out" | grep -q "$1"; }
changes() { status .guard.changes; }
counted() { [ "$(changes)" -gt "$COUNT" ]; }

tamper() {
	lab gateway "$@" >/dev/null || { unstream; fail "not taken: $*"; }
	wait_until 5 whole || { unstream
	fail "it is not undone: $(diff <(state) <(echo "$WHOLE") | head -5)"; }
	sleep 0.3
}

# tampered WORDS COMMAND...: in the gateway; it is undone, the log says WORDS, status counts it.
tampered() {
	local words=$1 seen sent
	shift
	WHOLE=$(state)
	LOG=$(wc -l <"$LAB_DIR/cordond.out")
	COUNT=$(changes)
	stream
	seen=$(seen) sent=$(sent)
	vendor_window 'what passes until it is undone is counted' tamper "$@"
	remark "$(($(seen) - seen)) of $(($(sent) - sent)) packets"
	unstream
	wait_until 3 told "changed by another program: $words.*it is undone" ||
		fail "the log: $(tail -n "+$((LOG + 1))" "$LAB_DIR/cordond.out")"
	wait_until 3 counted || fail "status counts $(changes) changes, before $COUNT"
	is "$(connection 2 $VENDOR 443)" refused 'a vendor address'
	is "$(connection 2 198.51.200.10 443)" open 'an innocent address'
}

test_tamper_flush_ruleset() { tampered 'table cordon removed.* by nft, process' nft flush ruleset; }
test_tamper_delete_table() { tampered 'table cordon removed' nft delete table inet cordon; }
test_tamper_dormant_table() {
	tampered 'table cordon switched off' nft 'add table inet cordon { flags dormant; }'
}
test_tamper_flush_table() { tampered 'rules of chain' nft flush table inet cordon; }
test_tamper_flush_chain_vendor() {
	tampered 'rules of chain vendor removed' nft flush chain inet cordon vendor
}
test_tamper_flush_chain_forward() {
	tampered 'rules of chain forward removed' nft flush chain inet cordon forward
}
test_tamper_flush_chain_capture() {
	tampered 'rules of chain capture removed' nft flush chain inet cordon capture
}
test_tamper_flush_map_networks4() {
	tampered 'elements of set networks4 removed' nft flush map inet cordon networks4
}
test_tamper_delete_element() {
	local element
	element=$(nft_gateway list map inet cordon networks4 |
		grep -o '77\.74\.17[0-9.]*\(/[0-9]*\|-[0-9.]*\)\?' | head -n 1)
	[ -n "$element" ] || fail 'no such network'
	tampered 'elements of set networks4 removed' nft \
		"delete element inet cordon networks4 { $element }"
}
test_tamper_insert_accept_rule() {
	tampered 'rules of chain forward changed' nft insert rule inet cordon forward accept
}
test_tamper_chain_of_others() {
	tampered 'chain stranger changed' nft \
		'chain inet cordon stranger { type filter hook forward priority -7; }'
}
test_tamper_policy_of_a_chain() {
	tampered 'chain input changed' nft 'chain inet cordon input { policy drop; }'
}
test_tamper_flush_set_lan() {
	tampered 'elements of set lan removed' nft flush set inet cordon lan
}
test_tamper_outside_is_everything() {
	tampered 'elements of set outside changed' nft 'add element inet cordon outside { lan0 }'
}
test_tamper_delete_policy_rule() { tampered 'policy rule 101 (IPv4) removed' ip rule del pref 101; }
test_tamper_delete_policy_rule_ipv6() {
	tampered 'policy rule 103 (IPv6) removed' ip -6 rule del pref 103
}
test_tamper_delete_route() {
	tampered 'route of table 3085 (IPv4) removed' ip route flush table 3085
}
test_tamper_route_is_led_away() {
	tampered 'route of table 3085 (IPv4) changed' ip route add blackhole 8.8.8.0/24 table 3085
}

# Opened by nobody who may: it is closed, and the connection with it.
test_tamper_pinhole_of_others() {
	nft_gateway \
		"add element inet cordon pinhole4 { 192.168.77.11 . $VENDOR . tcp . 443 timeout 1h }"
	wait_until 3 no_pinhole || fail "$(nft_gateway list set inet cordon pinhole4)"
	is "$(connection 1 $VENDOR 443)" refused 'a vendor address'
}
no_pinhole() { ! nft_gateway list set inet cordon pinhole4 | grep -q 192.168.77.11; }

# The second barrier: with the table away and nobody to make it again nothing is forwarded, and the
# gateway can be reached.
test_tamper_barrier_without_the_table() {
	local pid
	pid=$(status '.roles[] | select(.role == "rules").pid')
	kill -STOP "$pid"
	nft_gateway delete table inet cordon
	is "$(connection 2 $VENDOR 443)" refused 'a vendor address'
	is "$(connection 2 2a03:2480:68::10 443)" refused 'a vendor address, IPv6'
	is "$(connection 2 198.51.200.10 443)" refused 'an innocent address'
	like "$(dns 1 @192.168.77.1 www.agency.example)" '@(silence|refused)' \
		'the gateway answers nobody but itself'
	lab gateway nc -lk 0.0.0.0 2299 </dev/null >/dev/null 2>&1 &
	wait_until 3 reachable || fail 'the gateway itself is out of reach'
	kill -CONT "$pid"
	wait_until 3 open_again || fail 'not restored'
	is "$(connection 2 $VENDOR 443)" refused 'a vendor address afterwards'
}
reachable() { [ "$(connection 2 192.168.77.1 2299)" = open ]; }
open_again() { [ "$(connection 2 198.51.200.10 443)" = open ]; }

test_tamper_rule_before_the_barrier_is_told() {
	lab gateway ip rule add pref 50 lookup 200
	wait_until 3 rule_told || fail "$(status .guard.rules_before)"
	like "$(cordon status)" '*policy rules that lead past the barrier: 50 (IPv4): lookup 200*' \
		'status'
	lab gateway ip rule del pref 50
	wait_until 3 rule_untold || fail 'it is told for ever'
}
rule_told() { [ "$(status '.guard.rules_before[0]')" = '50 (IPv4): lookup 200' ]; }
rule_untold() { [ "$(status '.guard.rules_before | length')" = 0 ]; }

test_tamper_is_shown_until_it_is_seen() {
	local old
	[ "$(status .guard.unseen)" -gt 0 ] || fail "$(status .guard)"
	old=$(status '.roles[] | select(.role == "rules").pid')
	kill -KILL "$old"
	wait_until 5 another_role || fail 'no new rules role'
	like "$(cordon status)" '*tampered*changes by others were undone; the last, *' 'status'
	cordon status --seen >/dev/null
	is "$(status .guard.unseen)" 0 'unseen afterwards'
	[ "$(status .guard.changes)" -gt 0 ] || fail 'the total is gone'
	! cordon status | grep -q tampered || fail 'still shown'
}
another_role() { [ "$(status '.roles[] | select(.role == "rules").pid // empty')" != "$old" ]; }

# A flood of changes: policies and pinholes are served, and the log is not filled.
test_tamper_flood() {
	local lines flood
	expect_vendor 1 77.74.181.30
	lines=$(wc -l <"$LAB_DIR/cordond.out")
	# shellcheck disable=SC2016
	lab gateway bash -c 'while :; do
		for i in 1 2 3 4 5 6 7 8; do echo add element inet cordon lan "{ flood$i }"; done | nft -f -
	done' >/dev/null 2>&1 &
	flood=$!
	sleep 1
	cordon rules reload >/dev/null || fail 'no reload'
	is "$(web 1 https://tip.kaspersky.com/ -4)" 200 'an exempt name'
	sleep 2
	pkill -KILL -P $flood || :
	kill -KILL $flood || :
	remark "$(status \
		.guard.changes) changes in all, $(($(wc -l <"$LAB_DIR/cordond.out") - lines)) lines"
	[ $(($(wc -l <"$LAB_DIR/cordond.out") - lines)) -lt 20 ] || fail 'the log is filled'
	wait_until 5 no_flood || fail "$(nft_gateway list set inet cordon lan)"
}
no_flood() { ! nft_gateway list set inet cordon lan | grep -q flood; }

test_tamper_foreign_table_is_no_matter() {
	local before
	before=$(status .guard.changes)
	nft_gateway \
		'table inet mine { chain forward { type filter hook forward priority 10; }; }; delete table inet mine'
	sleep 0.5
	is "$(status .guard.changes)" "$before" 'changes'
}

# ---- interfaces ----

# Renamed by a new card: said, and what comes in by the new name is guarded.
test_tamper_interface_of_no_setting() {
	lab gateway sh -c 'ip link set lan0 down; ip link set lan0 name new0; ip link set new0 up;
		ip -6 addr add 2001:db8:77::1/64 dev new0 nodad'
	wait_until 3 interface_told || fail "$(status .guard)"
	like "$(cordon status)" '*missing    interfaces of the settings: lan0*' 'status'
	like "$(cordon status)" '*in no setting (they are guarded): *new0*' 'status'
	is "$(connection 1 $VENDOR 443)" refused 'a vendor address'
	lab gateway sh -c 'ip link set new0 down; ip link set new0 name lan0; ip link set lan0 up;
		ip -6 addr add 2001:db8:77::1/64 dev lan0 nodad'
	wait_until 3 interface_untold || fail 'it is told for ever'
	is "$(connection 1 198.51.200.10 443)" open 'an innocent address'
}
interface_told() {
	[ "$(status '.guard.missing + (.guard.unknown - ["core0"]) | join(" ")')" = 'lan0 new0' ]
}
interface_untold() { [ "$(status '.guard.missing | length')" = 0 ]; }

# The default route moves: the outside follows, and what was outside is guarded.
test_tamper_outside_follows_the_default_route() {
	is "$(status '.guard.outside | join(" ")')" wan0 'before'
	lab gateway sh -c \
		'ip link add wan9 type veth peer name wan8 && ip link set wan9 up && ip link set wan8 up && ip addr add 198.51.99.2/24 dev wan9 &&
		ip route add default via 198.51.99.1 metric 900'
	wait_until 3 outside_is 'wan0 wan9' || fail "$(status .guard.outside)"
	nft_gateway list set inet cordon outside | grep -q wan9 || fail 'the ruleset does not know'
	lab gateway ip link del wan9
	wait_until 3 outside_is wan0 || fail "$(status .guard.outside)"
}
outside_is() { [ "$(status '.guard.outside | join(" ")')" = "$1" ]; }

# ---- the owner ----

owner_works() { [ "$(printf '%s\n6.9\n' "$(uname -r)" | sort -V | head -n 1)" = 6.9 ]; }

test_tamper_owned_table_refuses() {
	local before
	owner_works || return 0
	gateway_with owned
	before=$(nft_gateway list table inet cordon | grep -c .)
	is "$(status .guard.owner)" yes 'status'
	nft_gateway flush ruleset
	is "$(nft_gateway list table inet cordon | grep -c .)" "$before" \
		'lines of the table after a flush'
	like "$(nft_gateway delete table inet cordon 2>&1)" '*Operation not permitted*' \
		'delete table'
	like "$(nft_gateway flush chain inet cordon vendor 2>&1)" '*Operation not permitted*' \
		'flush chain'
	is "$(status .guard.changes)" 0 'changes'
}

# The table outlives its owner, and the next one takes it.
test_tamper_owned_table_is_adopted() {
	local old
	owner_works || return 0
	old=$(status '.roles[] | select(.role == "rules").pid')
	kill -KILL "$old"
	is "$(connection 1 $VENDOR 443)" refused 'a vendor address at once'
	wait_until 5 another_role || fail 'no new role'
	wait_until 5 owned || fail "$(status .guard.owner)"
	like "$(nft_gateway delete table inet cordon 2>&1)" '*Operation not permitted*' \
		'delete table'
	lab stop
	is "$(connection 1 $VENDOR 443)" refused 'a vendor address after the stop'
	lab gateway cordon disarm --for 1h --reason 'a test of the lab' --by tester >/dev/null
	is "$(nft_gateway list tables | grep -c cordon)" 0 'the table after disarming'
	is "$(lab gateway ip rule list | grep -c '^10')" 0 'policy rules after disarming'
	lab start
	cordon mode enforce >/dev/null
	is "$(connection 1 $VENDOR 443)" refused 'a vendor address after start and enforce'
}
owned() { [ "$(status .guard.owner)" = yes ]; }
