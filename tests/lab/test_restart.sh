# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Each child of the daemon is killed while clients ask: the block holds, the child comes back.

# Empty while the role is down.
pid_of() { status ".roles[] | select(.role == \"$1\") | .pid // empty"; }

came_back() { [ "$(pid_of "$1")" != "$2" ] && [ -n "$(pid_of "$1")" ]; }

answers() { [ "$(dns 1 @192.168.77.1 www.agency.example)" = 'NOERROR 198.51.200.10' ]; }

# load FILE: blocked names without a pause, from client 2; the report goes to the file.
load() {
	lab client 2 dnsperf -s 192.168.77.1 -d "$LAB_DIR/blocked.txt" -l 4 -Q 300 -t 1 \
		>"$1" 2>&1 &
}

# killed ROLE: SIGKILL in the middle of the load.
killed() {
	local old report=$LAB_DIR/dnsperf.$1
	printf '%s A\n' downloads.upd.kaspersky.com s00.upd.kaspersky.com \
		dc1.ksn.kaspersky-labs.com activation-v2.kaspersky.com >"$LAB_DIR/blocked.txt"
	old=$(pid_of "$1")
	[ -n "$old" ] || fail "cordon status names no process of the role $1"
	load "$report"
	wait_until 4 queries_come || fail 'dnsperf does not start'
	kill -KILL "$old"
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address at once'
	wait_until 5 came_back "$1" "$old" || fail "no new process of the role $1 after 5 seconds"
	is "$(connection 1 2a03:2480:68::10 443)" refused 'a vendor address after the restart'
	wait_until 5 answers || fail 'an innocent name is not answered'
	wait
	grep -q 'NXDOMAIN' "$report" || fail "dnsperf got no answer: $(tail -n 1 "$report")"
	! grep -q 'Response codes:.*NOERROR' "$report" ||
		fail "a blocked name was answered: $(grep 'Response codes' "$report")"
}

test_kill_dns_under_load() { killed dns; }
test_kill_rules_under_load() { killed rules; }
test_kill_journal_under_load() { killed journal; }

test_kill_again_and_again() {
	local round old
	for round in 1 2 3; do
		old=$(pid_of dns)
		[ -n "$old" ] || fail "round $round: the dns role is down"
		kill -KILL "$old"
		wait_until 5 came_back dns "$old" || fail "round $round: no new process"
	done
	wait_until 5 answers || fail 'an innocent name is not answered'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
}

test_log_goes_on_after_the_restarts() {
	dns 1 @192.168.77.1 after-the-restarts.upd.kaspersky.com >/dev/null
	logged '.name == "after-the-restarts.upd.kaspersky.com"'
	connection 1 77.74.177.20 4433 >/dev/null
	logged '.address == "77.74.177.20" and .port == 4433'
}

# What it had counted but not yet written is not lost with it.
test_counts_survive_a_killed_journal() {
	local _ old
	for _ in $(seq 25); do
		echo 'survives.upd.kaspersky.com A'
	done >"$LAB_DIR/survives.txt"
	lab client 1 dnsperf -s 192.168.77.1 -d "$LAB_DIR/survives.txt" >/dev/null 2>&1
	logged '.name == "survives.upd.kaspersky.com"'
	sleep 1
	old=$(pid_of journal)
	kill -KILL "$old"
	wait_until 5 came_back journal "$old" || fail 'no new journal'
	wait_until 10 counted_all survives 25 ||
		fail "the records sum up to $(counted survives)"
}
counted() { events ".name == \"$1.upd.kaspersky.com\"" | jq -s 'map(.count) | add'; }
counted_all() { [ "$(counted "$1")" = "$2" ]; }

# "nft flush ruleset", as a restart of Debian's nftables does: the table stays, or is back at once,
# and no role has to end for it.
test_table_that_somebody_else_flushes() {
	local old
	old=$(pid_of rules)
	nft_gateway flush ruleset
	wait_until 3 refused_again || fail 'a vendor address is let through'
	is "$(dns 1 @8.8.8.8 downloads.upd.kaspersky.com)" NXDOMAIN 'captured'
	is "$(pid_of rules)" "$old" 'the rules role'
}
refused_again() { [ "$(connection 1 77.74.176.10 443)" = refused ]; }
