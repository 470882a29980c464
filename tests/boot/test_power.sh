# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: power_cuts_checked
# Power cuts: QEMU records every block write; what a cut may leave is made of each prefix, less
# writes that were not flushed yet. It always boots, always blocks, and the log is whole up to the
# last seconds.

REPLAY=$ROOT/build/tests/boot/replay
CUTS=${CUTS:-200}
LOG_SECONDS=15	# what image/README.md says that a cut may cost

record_begin() {
	vm_disk
	provision_ssh "$@"
	cp --sparse=always "$VM/disk.img" "$VM/before.img"
	rm -f "$VM/writes.log"
	truncate -s 0 "$VM/writes.log"
	: > "$VM/cuts"
	DRIVE="-blockdev driver=blklogwrites,node-name=disk,file.driver=file,file.filename=$VM/disk.img,log.driver=file,log.filename=$VM/writes.log" \
		vm_start direct
	vm_ready 60
}

# Work for the disk: events of many names, for some time.
make_events() {
	local i
	for i in $(seq "$1"); do
		"$HERE/lab" client 1 dig +time=1 +tries=1 +noall "@192.168.77.1" \
			"host$i.upd.kaspersky.com" > /dev/null
		[ $((i % 10)) -ne 0 ] || sleep 1
	done
}

# state_reads FOLDER: everything that the daemon or the analyst would read of the data partition
# reads. The log is opened as the journal does at its start; nothing of it may be damaged.
state_reads() {
	local file
	: > "$VM/lines"
	for file in "$1"/state/log/*.db; do
		[ -e "$file" ] || continue
		"$ROOT/build/tests/journal-from" "$1/state" > "$VM/errors" 2>&1 &&
			"$CORDON_BIN/cordon" --state "$1/state" log --json > "$VM/lines" \
				2>> "$VM/errors" && [ ! -s "$VM/errors" ] ||
			{ cat "$VM/errors"; return 1; }
		break
	done
	for file in "$1"/settings/network.conf; do
		[ ! -e "$file" ] || "$CORDON_BIN/cordon" network check "$file" > /dev/null ||
			return 1
	done
}

# What of it is there: settings, and events in the log.
settings_there() {
	cat "$VM/cut"/settings/{network.conf,cordon.conf,authorized_keys} 2>/dev/null |
		grep -c . || :
}
events_there() { wc -l < "$VM/lines"; }

# nothing_is_lost: what was there at an earlier cut, and everything before that cut is on the disk
# for certain now.
nothing_is_lost() {
	local cut open settings events
	read -r cut open _ < "$VM/cut.out"
	settings=$(settings_there) events=$(events_there)
	awk -v flushed=$((cut - open)) -v settings="$settings" -v events="$events" '
		$1 <= flushed && ($2 > settings || $3 > events) {
			print "after " $1 " writes there were " $2 " lines of settings and " \
				$3 " events, now " settings " and " events
			exit 1
		}' "$VM/cuts" || return 1
	echo "$cut $settings $events" >> "$VM/cuts"
}

# one_cut NUMBER: made, repaired, read.
one_cut() {
	local where=$VM/cut code
	"$REPLAY" "$VM/before.img" "$VM/writes.log" "$where.img" "$1" "$CUTS" "$1" 97 16 > \
		"$where.out" || return 1
	E2FSPROGS_FAKE_TIME='' e2fsck -p "$where.img" > "$where.fsck" 2>&1
	code=$?
	if [ $code -ge 4 ]; then
		e2fsck -y "$where.img" >> "$where.fsck" 2>&1
		code=$?
	fi
	[ $code -le 2 ] || { cat "$where.fsck"; return 1; }
	e2fsck -fn "$where.img" > "$where.fsck" 2>&1 || { cat "$where.fsck"; return 1; }
	rm -rf "$where"
	mkdir "$where"
	# It says nothing but its version when all went well, and ends well in any case.
	debugfs -R "rdump / $where" "$where.img" 2>&1 | grep -v '^debugfs ' && return 1
	state_reads "$where" && nothing_is_lost ||
		{ echo "cut $1 of $CUTS ($(cat "$where.out"))"; return 1; }
}

test_power_cuts_checked() {
	local cut bad=0 newest ended
	record_begin
	make_events 60
	ended=$(date +%s)
	vm_cut
	for cut in $(seq "$CUTS"); do
		one_cut "$cut" || bad=$((bad + 1))
	done
	is "$bad" 0 "cuts of $CUTS that e2fsck or a reader refuses"
	[ "$(settings_there)" -gt 0 ] || fail 'the settings are not even there at the end'
	# The last prefix is the disk at the cut: how much of the log is missing?
	newest=$(date -d "$(jq -r 'select(.action).time' "$VM/lines" | tail -n 1)" +%s)
	measured "power cut: prefixes checked, seconds of log lost" "$CUTS, $((ended - newest))"
	[ $((ended - newest)) -le $LOG_SECONDS ] ||
		fail "the log ends $((ended - newest)) s before the cut"
}

# A sample of them booted, by the firmware, whole disks: with the events that were there, and the
# settings, from the disk or once more from where they came.
test_power_cuts_booted() {
	local cut there boot settings
	record_begin
	settings=$(settings_digest)
	make_events 30
	vm_cut
	for cut in 13 55 99 140 187; do
		one_cut "$cut" || fail "cut $cut"
		there=$(events_there)
		"$REPLAY" "$VM/before.img" "$VM/writes.log" "$VM/disk.img" $cut "$CUTS" $cut > \
			"$VM/cut.out"
		rm -f "$VM/vars.fd"
		if [ "$ARCH" = x86_64 ]; then vm_start uefi; else vm_start direct; fi
		wait_until 120 blocks_at_once ||
			{ console_tail; fail "cut $cut: no block ($(cat "$VM/cut.out"))"; }
		vm_ready 60 || fail "cut $cut: it does not come up"
		is "$(settings_digest)" "$settings" "cut $cut: the settings"
		boot=$(on cat /proc/sys/kernel/random/boot_id)
		[ "$(events ".boot_id != \"$boot\"" | wc -l)" -ge "$there" ] ||
			fail "cut $cut: of $there events there are $(events \
			".boot_id != \"$boot\"" | wc -l)"
		vm_cut
	done
	[ "$there" -gt 0 ] || fail 'there was no event even at the last cut'
}
settings_digest() {
	on sh -c 'cd /data/settings && cat network.conf cordon.conf authorized_keys' | sha256sum
}
blocks_at_once() { [ "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" = NXDOMAIN ]; }
