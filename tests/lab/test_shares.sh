# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# One client that takes all it can of something, and another one that asks a question now and then.

# shellcheck source=tests/lab/upstream.sh
. "$HERE/upstream.sh"

SERVER=203.0.113.53
INTERNAL=intranet.agency.test	# of an internal zone: another server than the one that is flooded

setup() {
	gcc -O1 -D_GNU_SOURCE -o "$LAB_DIR/greedy" "$HERE/greedy.c" || return 1
	odd_start 5301=good 5302=dead 5303=slow-1500 || return 1
	gateway_with shares "s/^upstream = .*/upstream = $ODD:5301/" || return 1
}

greedy() { lab client "$1" "$LAB_DIR/greedy" "${@:2}"; }

# beside udp|tcp NAME COMMAND...: what a modest client gets while client 1 does that; "ANSWERED
# FAILED P50 P99".
beside() {
	local transport=$1 name=$2 got
	shift 2
	"$HERE/lab" client 1 "$LAB_DIR/greedy" "$@" >/dev/null 2>&1 &
	sleep 0.5
	got=$(greedy 2 modest 192.168.77.1 "$transport" 200 "$name")
	kill "$!" 2>/dev/null || :
	wait "$!" 2>/dev/null || :
	remark "$transport beside $1: p50 and p99 in ms ${got#* * }"
	is "${got% * *}" '200 0' "another client, while one is $1 ($got)"
}

dns_pid() { status '.roles[] | select(.role == "dns") | .pid'; }
resident_kb() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$(dns_pid)/status"; }

test_shares_of_connections() {
	beside tcp www.modest.test idle 192.168.77.1 500 8
}

test_shares_of_bytes_that_wait() {
	local most
	beside tcp "$INTERNAL" deaf 192.168.77.1 256 10 as-large.bytes.test
	most=$(resident_kb)
	[ "$most" -le 26000 ] || fail "the dns role has $most kB"
}

test_shares_of_queries_under_way() {
	beside udp www.modest.test flood 192.168.77.1 500 8 as-dead
	beside udp "$INTERNAL" flood 192.168.77.1 20000 8 as-dead
	beside tcp "$INTERNAL" flood 192.168.77.1 20000 8 as-dead
}

# What dns/internal.h gives all clients of one worker together: half is for one that is alone.
holds_half() {
	[ "$(greedy 1 hold 192.168.77.1 64 nothing)" = 64 ] &&
		[ "$(greedy 1 hold 192.168.77.1 15 part)" = 15 ]
}

# Whatever way connections end, what they held is free again; more than its half nobody has.
test_shares_come_back_after_a_storm() {
	local before end
	gateway_with one "s/^upstream = .*/upstream = $ODD:5301/" 's/^\[dns\]/&\nworkers = 1/'
	before=$(dns_pid)
	wait_until 10 holds_half || fail 'one client alone does not get half'
	"$HERE/lab" client 1 "$LAB_DIR/greedy" deaf 192.168.77.1 200 6 as-large.storm.test \
		>/dev/null 2>&1 &
	"$HERE/lab" client 2 "$LAB_DIR/greedy" idle 192.168.77.1 200 6 >/dev/null 2>&1 &
	end=$((SECONDS + 6))
	while [ "$SECONDS" -lt "$end" ]; do
		greedy 1 hasty "$SERVER" 30 intranet.agency.test
		greedy 2 hasty 192.168.77.1 30 as-slow-1500.storm.test
		lab client 1 timeout 5 dig "@$SERVER" agency.test AXFR +noall >/dev/null
	done
	wait
	wait_until 40 holds_half || fail 'after the storm one client alone does not get half'
	is "$(greedy 1 hold 192.168.77.1 70 nothing)" 64 'connections of one client'
	is "$(dns_pid)" "$before" 'the role that answers'
}

established() { lab agency ss -Htn state "$1" '( sport = :53 )' | wc -l; }
nobody_left() { [ "$(established established)" -le 3 ] && [ "$(established close-wait)" -le 3 ]; }

# The server has no more connections than the clients have.
test_shares_of_an_internal_server() {
	greedy 1 hasty "$SERVER" 100 intranet.agency.test
	wait_until 4 nobody_left ||
		fail "$(established established) established, $(established close-wait) waiting"
	is "$(dns 2 "@$SERVER" +tcp intranet.agency.test)" 'NOERROR 10.20.0.80' 'another client'
	# A transfer has a connection of its own to the server, which ends with the client's.
	for _ in 1 2 3 4 5 6; do
		lab client 1 timeout 5 dig "@$SERVER" agency.test AXFR +noall >/dev/null
	done
	wait_until 4 nobody_left || fail "transfers left $(established established) connections"
}

# ask_and_close SERVER HEX: over TCP, and nothing more is sent; the answer in hex, without its
# length.
ask_and_close() {
	# shellcheck disable=SC2016
	lab client 1 perl -MIO::Socket::INET -e '
		my ($server, $hex) = @ARGV;
		my $socket = IO::Socket::INET->new(PeerAddr => $server, PeerPort => 53,
			Timeout => 5) or exit 1;
		my ($answer, $part) = "";
		alarm 8;
		print $socket pack("n/a*", pack("H*", $hex));
		$socket->flush;
		shutdown $socket, 1;
		$answer .= $part while sysread $socket, $part, 4096;
		print unpack "H*", substr $answer, 2' "$1" "$2"
}

# The client's end goes on to the server, by a call that the role is allowed.
test_who_asks_no_more_gets_its_transfer() {
	local before query
	before=$(dns_pid)
	query="12340000000100000000000006$(hex agency)04$(hex test)0000fc0001"
	like "$(ask_and_close "$SERVER" "$query")" 12348* 'a transfer to who has closed its half'
	is "$(dns_pid)" "$before" 'the role that answers'
}

connections() { lab gateway cat /proc/sys/net/netfilter/nf_conntrack_count; }

test_questions_of_our_own_take_no_connection_entry() {
	local before
	before=$(connections)
	greedy 1 flood 192.168.77.1 1000 2 as-good >/dev/null
	[ "$(connections)" -lt $((before + 100)) ] ||
		fail "$before entries before, $(connections) after 2000 questions"
}

teardown() { odd_stop; }
