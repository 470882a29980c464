# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: power_cuts_checked
# Power cuts: QEMU records every block write; what a cut may leave is made of each prefix, less writes that
# were not flushed yet. It always boots, always blocks, and the log is whole up to the last seconds.

REPLAY=$ROOT/build/tests/boot/replay
CUTS=${CUTS:-200}
LOG_SECONDS=15	# what README says that a cut may cost

record_begin() {
	vm_disk
	provision_ssh "$@"
	cp --sparse=always "$VM/disk.img" "$VM/before.img"
	rm -f "$VM/writes.log"
	truncate -s 0 "$VM/writes.log"
	DRIVE="-blockdev driver=blklogwrites,node-name=disk,file.driver=file,file.filename=$VM/disk.img,log.driver=file,log.filename=$VM/writes.log" \
		vm_start direct
	vm_ready 60
}

# Work for the disk: events of many names, for some time.
make_events() {
	local i
	for i in $(seq "$1"); do
		"$HERE/lab" client 1 dig +time=1 +tries=1 +noall "@192.168.77.1" "host$i.upd.kaspersky.com" > /dev/null
		[ $((i % 10)) -ne 0 ] || sleep 1
	done
}

# state_reads FOLDER: everything that the daemon or the analyst would read of the data partition reads.
state_reads() {
	local file
	for file in "$1"/state/log/*.jsonl; do
		[ ! -e "$file" ] || "$CORDON_BIN/cordon" --state "$1/state" log --json > "$VM/lines" 2> "$VM/errors" ||
			{ cat "$VM/errors"; return 1; }
	done
	for file in "$1"/settings/network.conf; do
		[ ! -e "$file" ] || "$CORDON_BIN/cordon" network check "$file" > /dev/null || return 1
	done
}

# one_cut NUMBER: made, repaired, read.
one_cut() {
	local where=$VM/cut code
	"$REPLAY" "$VM/before.img" "$VM/writes.log" "$where.img" "$1" "$CUTS" "$1" 97 16 > "$where.out" || return 1
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
	debugfs -R "rdump / $where" "$where.img" > /dev/null 2>&1
	state_reads "$where" || { echo "cut $1 of $CUTS ($(cat "$where.out"))"; return 1; }
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
	# The last prefix is the disk at the cut: how much of the log is missing?
	newest=$(date -d "$(grep -a '}$' "$VM/cut/state/log/events.jsonl" | tail -n 1 | jq -r .time)" +%s)
	measured "power cut: prefixes checked, seconds of log lost" "$CUTS, $((ended - newest))"
	[ $((ended - newest)) -le $LOG_SECONDS ] || fail "the log ends $((ended - newest)) s before the cut"
}

# A sample of them booted, by the firmware, whole disks.
test_power_cuts_booted() {
	local cut
	record_begin
	make_events 30
	vm_cut
	for cut in 13 55 99 140 187; do
		"$REPLAY" "$VM/before.img" "$VM/writes.log" "$VM/disk.img" $cut "$CUTS" $cut > "$VM/cut.out"
		rm -f "$VM/vars.fd"
		if [ "$ARCH" = x86_64 ]; then vm_start uefi; else vm_start direct; fi
		wait_until 120 blocks_at_once || { console_tail; fail "cut $cut: no block ($(cat "$VM/cut.out"))"; }
		vm_cut
	done
}
blocks_at_once() { [ "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" = NXDOMAIN ]; }
