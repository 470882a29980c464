# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The log can be verified on the gateway and elsewhere: checkpoints come by themselves, and the
# first thing that was changed or removed is named.

STATE=$LAB_DIR/state

# Without neighbours of earlier tests: the first batch has notices alone, as the cuts need it.
setup() {
	lab gateway ip neigh flush dev lan0
	gateway_with verify
}

# day: the file that the journal writes.
day() { ls "$STATE"/log/*.open.db; }

# verify ARGUMENTS...: on the gateway; fault ARGUMENTS...: the kind of the first fault, or "whole".
verify() { cordon log verify "$@"; }
fault() { verify --json "$@" | jq -r 'if .whole then "whole" else .fault.kind end'; }

# copy: an export of now, below the lab's folder.
copy() {
	rm -rf "$LAB_DIR/copy"
	cordon log export "$LAB_DIR/copy" >/dev/null 2>&1 || fail 'no export'
}

# edit SQL: in the copy's day.
edit() { sqlite3 "$LAB_DIR"/copy/*.db "$1"; }

block() {
	dns 1 @192.168.77.1 "$1.upd.kaspersky.com" >/dev/null
	logged ".name == \"$1.upd.kaspersky.com\""
}

test_verify_while_the_journal_runs() {
	local out
	wait_until 5 test -e "$STATE/seal" || fail 'no checkpoint'
	like "$(sqlite3 "$(day)" 'SELECT note FROM checkpoint WHERE number=1')" '*reason start*' \
		'the first checkpoint'
	block running
	out=$(verify) || fail "not whole: $out"
	like "$out" 'whole: *not proven: *' 'what is said'
	is "$(verify --json | jq '.uncovered > 0')" true 'something is not signed yet'
}

test_a_checkpoint_on_request() {
	local note
	block requested
	note=$(cordon log checkpoint) || fail "no checkpoint: $note"
	like "$note" 'cordon/lab-gateway*reason request*' note
	is "$(cordon log --json --last 1 | jq .seq >/dev/null; sqlite3 "$(day)" \
		'SELECT max(last) FROM batch')" "$(sed -n 's/^last //p' <<<"$note")" \
		'the last entry that is signed'
	is "$(fault)" whole 'the log'
	is "$(cordon status --json | jq -r .log.checkpoint.reason)" request 'the status'
}

# On another machine: with the copy alone, and with a key that is known from elsewhere.
test_verify_a_copy() {
	local out
	block copied
	copy
	out=$(cd / && cordon --state /nowhere log verify "$LAB_DIR/copy") || fail "not whole: $out"
	like "$out" '*It came with the copy*' 'about the key'
	cp "$STATE/seal.keys" "$LAB_DIR/known.pem"
	out=$(cordon --state /nowhere log verify "$LAB_DIR/copy" --key "$LAB_DIR/known.pem") ||
		fail "not whole: $out"
	openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout >"$LAB_DIR/other.pem" \
		2>/dev/null
	is "$(fault "$LAB_DIR/copy" --key "$LAB_DIR/other.pem")" key 'with the key of another box'
}

# As after a power cut, and root's alone.
test_verify_a_copy_of_the_live_folder() {
	local out
	block live
	rm -rf "$LAB_DIR/live"
	(umask 077 && cp -r "$STATE" "$LAB_DIR/live")
	out=$(cordon --state "$LAB_DIR/live" log verify) || fail "not whole: $out"
	like "$out" 'whole: *' 'the copy'
}

test_odd_files_beside_a_day() {
	local day
	block odd
	lab stop
	day=$(day)
	mkfifo "$day-wal" "$STATE/log/000900-2026-01-01.db"
	ln -s /etc/passwd "$STATE/log/000901-2026-01-01.open.db"
	LAB_CONF=$LAB_DIR/settings lab start
	block even
	is "$(fault)" whole 'the log'
	[ -e "$day-wal.damaged" ] || fail 'the FIFO is not set aside'
	rm "$day-wal.damaged" "$STATE"/log/00090*
}

test_edits_are_named() {
	local before first
	block edited
	before=$(cordon log checkpoint)
	copy
	first=$(sqlite3 "$LAB_DIR"/copy/*.db 'SELECT min(seq) FROM event')
	cp -r "$LAB_DIR/copy" "$LAB_DIR/good"

	edit "DELETE FROM event WHERE seq=$first"
	is "$(fault "$LAB_DIR/copy")" entry-missing 'one row deleted'
	is "$(verify --json "$LAB_DIR/copy" | jq .fault.first)" "$first" 'which'
	is "$(verify --json "$LAB_DIR/copy" | jq -r .fault.boot_id)" \
		"$(cat /proc/sys/kernel/random/boot_id)" 'of which boot'
	verify "$LAB_DIR/copy" >/dev/null && fail 'exit code 0'

	rm -r "$LAB_DIR/copy" && cp -r "$LAB_DIR/good" "$LAB_DIR/copy"
	edit "UPDATE event SET count=count+1 WHERE seq=$first"
	is "$(fault "$LAB_DIR/copy")" entry-changed 'a count changed'

	# With its hashes made right, as far as that goes without the key.
	rm -r "$LAB_DIR/copy" && cp -r "$LAB_DIR/good" "$LAB_DIR/copy"
	edit "UPDATE batch SET events=events+1 WHERE first=(SELECT max(first) FROM batch)"
	is "$(fault "$LAB_DIR/copy")" batch-changed 'a batch changed'

	# The end is cut off, with the checkpoints behind it: one that left the box tells.
	rm -r "$LAB_DIR/copy" && cp -r "$LAB_DIR/good" "$LAB_DIR/copy"
	edit 'DELETE FROM checkpoint WHERE number > 1;
		DELETE FROM event; DELETE FROM tally; DELETE FROM sighting;
		DELETE FROM batch WHERE first > (SELECT min(first) FROM batch);
		DELETE FROM notice WHERE seq > (SELECT last FROM batch)'
	rm "$LAB_DIR/copy/checkpoint"
	is "$(fault "$LAB_DIR/copy")" whole 'without a checkpoint from outside'
	echo "$before" >"$LAB_DIR/left"
	is "$(fault "$LAB_DIR/copy" --checkpoint "$LAB_DIR/left")" end-missing 'cut off'
	sed -i 's/^last .*/last 1/' "$LAB_DIR/left"
	is "$(fault "$LAB_DIR/good" --checkpoint "$LAB_DIR/left")" signature 'a forged checkpoint'
}

test_stop_and_start_stay_whole() {
	block stopping
	lab stop
	like "$(jq -r .note "$STATE/seal")" '*reason stop*' 'the last checkpoint'
	is "$(verify --json | jq '[.whole, .uncovered]' -c)" '[true,0]' 'all is signed at the end'
	LAB_CONF=$LAB_DIR/settings lab start
	wait_until 5 grep -q 'reason start' "$STATE/seal" || fail 'no checkpoint at the start'
	block started
	is "$(fault)" whole 'after a restart'
}

# journal_pid: of the role; new_journal PID: is there another one?
journal_pid() { cordon status --json | jq '.roles[] | select(.role == "journal") | .pid'; }
new_journal() { [ "$(journal_pid)" != "$1" ] && [ "$(journal_pid)" -gt 0 ]; }

test_a_killed_journal_stays_whole() {
	local pid _
	for _ in 1 2 3; do
		block killed
		pid=$(journal_pid)
		kill -9 "$pid"
		wait_until 5 new_journal "$pid" || fail 'no new journal'
	done
	cordon log checkpoint >/dev/null || fail 'no checkpoint'
	is "$(verify --json | jq '[.whole, .lost, .uncovered]' -c)" '[true,0,0]' 'after kill -9'
}

# The old key vouches for the new one, so the old one is enough to verify what follows.
test_a_new_key() {
	local old new
	cp "$STATE/seal.keys" "$LAB_DIR/old.pem"
	old=$(cordon status --json | jq -r .log.checkpoint.key)
	cordon update device --renew >"$LAB_DIR/last" 2>/dev/null || fail 'no new key'
	like "$(cat "$LAB_DIR/last")" '*reason request*' 'the last note by the old key'
	wait_until 5 eval '[ "$(cordon status --json | jq -r .log.checkpoint.key)" != '"$old"' ]' ||
		fail 'the key is the same'
	new=$(cordon status --json | jq -r .log.checkpoint.key)
	logged ".notice == \"seal\" and .what == \"key\" and .key == \"$new\" and
		.old == \"$old\""
	block by-the-new-key
	cordon log checkpoint >"$LAB_DIR/new" || fail 'no checkpoint'
	[ "$(grep -c 'BEGIN PUBLIC' "$LAB_DIR/old.pem")" -eq 1 ] || fail 'more keys than one'
	copy
	is "$(verify --json "$LAB_DIR/copy" --key "$LAB_DIR/old.pem" --checkpoint "$LAB_DIR/new" |
		jq -c '[.whole, .named_keys]')" '[true,1]' 'by the old key'
	lab stop
	LAB_CONF=$LAB_DIR/settings lab start
	is "$(cordon status --json | jq -r .log.checkpoint.key)" "$new" 'after a restart'
	is "$(fault)" whole 'after a restart'
}

# What was signed is cut off on the disk while cordond does not run: the log goes on behind it, says
# so, and can never be signed again as if nothing had been.
test_a_log_that_was_cut_offline() {
	local signed
	block before-the-cut
	lab stop
	signed=$(jq -r .note "$STATE/seal" | sed -n 2p)
	sqlite3 "$(day)" 'DELETE FROM checkpoint WHERE number > 1; DELETE FROM event;
		DELETE FROM batch WHERE first > (SELECT min(first) FROM batch);
		DELETE FROM notice WHERE seq > (SELECT last FROM batch)'
	LAB_CONF=$LAB_DIR/settings lab start
	logged '.notice == "seal" and .what == "missing"'
	cordon log checkpoint >"$LAB_DIR/after" || fail 'no checkpoint'
	[ "$(sed -n 2p "$LAB_DIR/after")" -gt "$signed" ] || fail 'a smaller log was signed'
	is "$(fault)" end-missing 'the log'
}
