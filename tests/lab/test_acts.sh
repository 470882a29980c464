# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What happens to the appliance is an event: what, and who, as the box authenticated it.

# No owner: a test changes the table.
setup() { gateway_with acts '$a[daemon]\ntable-owner = no'; }

pid_of() { status ".roles[] | select(.role == \"$1\") | .pid // empty"; }
came_back() { [ "$(pid_of "$1")" != "$2" ] && [ -n "$(pid_of "$1")" ]; }

# notice KIND FILTER: one is in the log.
notice() { logged "(.notice // \"\") == \"$1\" and ($2)"; }

# The peer's uid is the actor; what --by says is a note beside it.
test_mode_has_an_actor() {
	cordon mode monitor --for 1m --reason 'who was it' --by 'somebody else' >/dev/null
	cordon mode enforce --reason back >/dev/null
	notice mode '.mode == "monitor" and .by == "somebody else" and
		(.actor | test("^(user:0:root|console)"))'
	cordon log --notice mode | grep -q 'note "by somebody else": who was it \[root (uid 0)' ||
		fail "$(cordon log --notice mode)"
}

test_mode_that_ends_by_itself() {
	cordon mode monitor --for 2 --reason 'ends soon' --by tester >/dev/null
	notice mode '.mode == "enforce" and .actor == "timer"'
}

test_policy_says_release_and_actor() {
	notice policy '.cause == "start" and .actor == "box" and .release == null'
	cordon rules reload >/dev/null
	notice policy '.cause == "reload" and (.actor | test("^(user:0|console)"))'
}

test_role_that_crashes() {
	local old
	old=$(pid_of dns)
	kill -SEGV "$old"
	wait_until 8 came_back dns "$old" || fail 'the dns role did not come back'
	notice role '.role == "dns" and .what == "ended" and .signal == 11 and .code == null
		and .oom == false'
}

# The journal is killed while notices are on their way: none is lost, none comes twice.
test_killed_journal_loses_no_notice() {
	local old i
	for i in 1 2 3 4 5 6; do
		old=$(pid_of journal)
		cordon mode monitor --for 1m --reason "killed $i" --by tester >/dev/null &
		[ -z "$old" ] || kill -KILL "$old" 2>/dev/null
		wait $!
	done
	cordon mode enforce >/dev/null
	for i in 1 2 3 4 5 6; do
		notice mode ".reason == \"killed $i\""
		is "$(events ".notice == \"mode\" and .reason == \"killed $i\"" | wc -l)" 1 \
			"notices of change $i"
	done
}

# A worker that writes nonsense into its ring is ended, and the journal is not.
test_hostile_worker_is_ended() {
	local dns journal parent fd
	dns=$(pid_of dns)
	journal=$(pid_of journal)
	parent=$(pid_of parent)
	fd=$(find "/proc/$parent/fd" -lname '/memfd:worker*' | head -n 1)
	gcc -std=c17 -D_GNU_SOURCE -I"$HERE/../.." -o "$LAB_DIR/ring" "$HERE/ring.c" \
		"$HERE/../../appliance/ipc/ring.c"
	"$LAB_DIR/ring" "$fd"
	# A query wakes the journal.
	dns 1 @192.168.77.1 after-nonsense.upd.kaspersky.com >/dev/null
	wait_until 8 came_back dns "$dns" || fail 'the dns role goes on'
	is "$(pid_of journal)" "$journal" 'the journal'
	notice role '.role == "dns" and (.reason | test("damaged event"))'
	notice lost '.rings >= 1'
}

test_foreign_edit() {
	nft_gateway delete table inet cordon
	notice edit '.changes >= 1 and .repaired == true and (.what | length > 0)'
}

test_settings_that_changed() {
	cp "$LAB_DIR/settings" "$LAB_DIR/other-settings"
	sed -i '/^\[network\]/a forwarder = 192.168.77.12' "$LAB_DIR/other-settings"
	lab stop
	LAB_CONF=$LAB_DIR/other-settings lab start
	notice settings '.what == "applied" and
		.changes == [{"key": "network.forwarder", "old": null, "new": "192.168.77.12"}]'
	lab stop
	LAB_CONF=$LAB_DIR/settings lab start
}

# A program of the box hands in a notice, with cordond and without it.
test_selftest_is_an_event() {
	lab gateway cordon selftest >/dev/null
	notice selftest '.result == "passed" and .checks > 3 and .failed == []
		and (.actor | test("^(user:0|console)"))'
}

test_stop_and_start() {
	lab stop
	LAB_CONF=$LAB_DIR/settings lab start
	notice stop '.actor == "box"'
	notice start '.actor == "box" and .version != null'
	is "$(events '.notice == "gap"' | wc -l)" 0 'gaps'
}

# A name that a rule exempts is let through, and that is an event; an innocent one is none.
test_exemption_is_an_event() {
	dns 1 @192.168.77.1 tip.kaspersky.com >/dev/null
	dns 1 @192.168.77.1 www.example.com >/dev/null
	logged '.name == "tip.kaspersky.com" and .action == "allow" and .category == "exempt"
		and .rule == "kaspersky:exempt:tip.kaspersky.com"'
	is "$(events '.name == "www.example.com"' | wc -l)" 0 'events of an innocent name'
}

# Who reads the story of one host is an event; a reader is told by name, too.
test_look_at_a_host_is_an_event() {
	dns 1 @192.168.77.1 looked.upd.kaspersky.com >/dev/null
	logged '.name == "looked.upd.kaspersky.com"'
	cordon host 192.168.77.11 >/dev/null
	notice looked '.host == "192.168.77.11" and (.actor | test("^(user:0:root|console)"))'
}

# ---- questions ----

test_why() {
	local id why
	dns 1 @192.168.77.1 s05.upd.kaspersky.com >/dev/null
	logged '.name == "s05.upd.kaspersky.com"'
	id=$(events '.name == "s05.upd.kaspersky.com"' | head -n 1 | jq -r .id)
	why=$(cordon why "$id" --json)
	is "$(jq -r .rule.id <<<"$why")" 'kaspersky:update:=s05.upd.kaspersky.com' rule
	is "$(jq -r .rule.pattern <<<"$why")" '=s05.upd.kaspersky.com' pattern
	is "$(jq -r .rule.list <<<"$why")" kaspersky list
	like "$(jq -r .rule.evidence <<<"$why")" 'https://*' evidence
	is "$(jq -r '.policy.state == .event.state' <<<"$why")" true 'the policy of the event'
	is "$(jq -r '.policy.release' <<<"$why")" null release
	cordon why "$id" | grep -q '^confidence  high' || fail "$(cordon why "$id")"
	# The id that one format prints, the others take.
	is "$(cordon log "$id" --json | jq -r .id)" "$id" 'log by id'
	is "$(cordon log "$id" | cut -d ' ' -f 1)" "$id" 'the line of text'
	is "$(cordon log "$id" --csv | tail -n 1 | cut -d , -f 1)" "$id" 'the row of CSV'
	! cordon why 00000000:1 2>/dev/null || fail 'an event of another boot'
	! cordon why "${id%:*}:999999999" 2>/dev/null || fail 'an event that is not there'
	is "$(cordon why x 2>/dev/null || echo $?)" 2 'the exit code without an id'
}

test_why_of_a_notice() {
	local id
	cordon mode monitor --for 1m --reason 'why of a notice' --by tester >/dev/null
	cordon mode enforce >/dev/null
	notice mode '.reason == "why of a notice"'
	id=$(events '(.reason // "") == "why of a notice"' | head -n 1 | jq -r .id)
	cordon why "$id" | grep -Eq '^actor       (root \(uid 0\)|the console)' ||
		fail "$(cordon why "$id")"
	cordon why "$id" | grep -q '^note by     tester' || fail "$(cordon why "$id")"
}

test_csv() {
	dns 1 @192.168.77.1 csv.upd.kaspersky.com >/dev/null
	logged '.name == "csv.upd.kaspersky.com"'
	is "$(cordon log --csv --last 1 | head -n 1 | cut -d , -f 1-3)" id,time,boot_id header
	is "$(cordon log --csv | grep -c $'\r$')" "$(cordon log --csv | wc -l)" 'lines with CR LF'
	cordon log --csv --name csv.upd.kaspersky.com | grep -q ',csv.upd.kaspersky.com,' ||
		fail 'the name'
	is "$(cordon log --group none-yet --count --json | jq .entries)" 0 'clients in a group'
	[ "$(cordon log --group - --count --json | jq .entries)" -gt 0 ] || fail 'clients in none'
}

test_top() {
	dns 1 @192.168.77.1 top.upd.kaspersky.com >/dev/null
	logged '.name == "top.upd.kaspersky.com"'
	cordon top --json | jq -e '.names | any(.key == "top.upd.kaspersky.com")' >/dev/null ||
		fail "$(cordon top --json)"
	cordon top --once | grep -q ' top.upd.kaspersky.com$' || fail "$(cordon top --once)"
	cordon top --once | grep -q $'\e' && fail 'escapes without a terminal'
	# In a terminal it ends with q, and the terminal is as it was before.
	printf q | timeout 8 script -qec "$LAB_DIR/bin/cordon top; stty -a" /dev/null |
		grep -q ' icanon' || fail 'the terminal is not put back'
}
