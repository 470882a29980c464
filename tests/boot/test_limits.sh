# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Little memory, no clock, a larger disk, a broken disk.

ready() { vm_disk; provision_ssh "$@"; }

runs_in() {
	ready
	MEMORY=$1 vm_start direct
	vm_ready 60
	measured "memory of $1 MB: total, available (kB)" \
		"$(on cat /proc/meminfo | awk '/^Mem(Total|Available)/ { printf "%s ", $2 }')"
	is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	is "$(web 1 http://77.74.176.10/)" refused 'by address'
	wait_until 30 gets_page || fail 'innocent traffic does not pass'
	is "$(status '[.roles[].restarts] | add')" 0 'roles that had to be started again'
}
gets_page() { [ "$(web 1 http://www.agency.example/ -4)" = 200 ]; }

test_limits_64_mb() { runs_in 64; }
test_limits_48_mb() { runs_in 48; }

# 1970, and no NTP answers.
test_limits_no_clock() {
	ready
	RTC=1970-01-01T00:00:00 vm_start direct
	wait_until 60 blocks_name || { console_tail; fail 'no DNS answer within 60 s'; }
	vm_ready 60
	wait_event '.name == "downloads.upd.kaspersky.com" and .boot_id != null and .uptime > 0' ||
		fail 'the event does not carry boot id and uptime'
	is "$(cordon status --json | jq -r .clock)" floor 'the clock counts as not set'
}

# 1970, until a time server answers; what was logged before it says how long before.
test_limits_clock_by_ntp() {
	local began ago
	ready '[time]
ntp = 198.51.100.1
'
	RTC=1970-01-01T00:00:00 vm_start direct
	vm_ready 60
	began=$SECONDS
	dns 1 @192.168.77.1 before.upd.kaspersky.com > /dev/null
	wait_event \
		'.name == "before.upd.kaspersky.com" and (.time | startswith("1970-01-01T"))' ||
		fail "$(events .)"
	like "$(cordon status)" '*the clock is not set*' 'the status without a time server'
	server ntp internet "$ROOT/build/tests/boot/ntp" 198.51.100.1
	wait_until 120 clock_is_set || fail "no time server is believed: $(on ps)"
	is_about "$(status .time)"
	wait_until 300 kept_by_ntp ||
		fail "the kernel says that no time service keeps the clock: $(on adjtimex)"
	case $(cordon status) in *'clock is not set'*) fail "the status: $(cordon status)" ;; esac
	dns 1 @192.168.77.1 after.upd.kaspersky.com > /dev/null
	wait_event '.name == "after.upd.kaspersky.com"' || fail 'the event is not in the log'
	is_about "$(event_of after .time)"
	is "$(event_of before .boot_id)" "$(on cat /proc/sys/kernel/random/boot_id)" \
		'the start that the event of 1970 names'
	ago=$(jq -n "$(event_of after .uptime) - $(event_of before .uptime) | floor")
	[ "$ago" -ge 0 ] && [ "$ago" -le $((SECONDS - began + 2)) ] ||
		fail "the event of 1970 was $ago s before the other one"
	kill "$(cat "$LAB_DIR/pids/ntp")"
}
kept_by_ntp() { [ "$(status .ntp)" = true ]; }
event_of() { events ".name == \"$1.upd.kaspersky.com\"" | head -n 1 | jq -r "$2"; }
# is_about TIME: now, but for what asking takes.
is_about() {
	local off=$(($(date -d "$1" +%s) - $(date +%s)))
	[ "${off#-}" -le 5 ] || fail "it says that it is $1, which is off by $off s"
}
clock_is_set() { [ "$(status .clock)" = set ]; }

blocks_name() { [ "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" = NXDOMAIN ]; }

# The data partition grows to the disk at the first start, and is left alone later.
test_limits_disk_grows() {
	DISK_MIB=600 ready
	vm_start direct
	vm_ready 60
	[ "$(data_kb)" -gt 450000 ] ||
		fail "the data partition has $(data_kb) kB of a disk of 600 MiB"
	vm_off || fail 'it does not switch off'
	is_whole
	vm_start direct
	vm_ready 60
}
data_kb() { on df -k /data | awk 'NR == 2 { print $2 }'; }

# A power cut in the first start, before and while it grows: each time it comes up, blocks, and is
# as large.
test_limits_cut_while_growing() {
	local when cuts=''
	for when in '' partition file_system; do
		DISK_MIB=600 ready
		vm_start direct
		console_wait 60 '/etc/init.d/boot' || fail 'it does not start'
		[ -z "$when" ] || wait_until 30 grown "$when" || fail "the $when does not grow"
		vm_cut
		cuts="$cuts $(size_of partition)/$(size_of file_system)"
		vm_start direct
		vm_ready 60 || fail "cut at$cuts: it does not come up"
		[ "$(data_kb)" -gt 450000 ] ||
			fail "cut at$cuts: the data partition has $(data_kb) kB"
		is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
		is "$(web 1 http://77.74.176.10/)" refused 'by address'
		vm_off || fail 'it does not switch off'
		is_whole
	done
	measured 'cuts while growing, at MiB of the partition/its file system' "$cuts"
}
data() { echo "$VM/disk.img?offset=$((97 << 20))"; }
# size_of partition|file_system: MiB of the data partition, also while a program writes there.
size_of() {
	case $1 in
	partition) sfdisk --json "$VM/disk.img" 2>/dev/null |
		jq '.partitiontable.partitions[3].size / 2048 | floor' ;;
	*) dumpe2fs -h "$(data)" 2>/dev/null | awk '/^Block count:/ { print int($3 / 256) }' ;;
	esac
}
grown() { [ "$(size_of "$1")" -gt 16 ]; }
is_whole() {
	sfdisk --verify "$VM/disk.img" 2>&1 | grep -qi 'no errors' ||
		fail "$(sfdisk --verify "$VM/disk.img" 2>&1)"
	e2fsck -fn "$(data)" > "$VM/fsck" 2>&1 || fail "$(cat "$VM/fsck")"
}

# What an ordinary power cut does not do, and a bad disk does: repaired at the start, and nothing of
# it is lost.
test_limits_data_is_repaired() {
	ready
	vm_start direct
	vm_ready 60
	on sh -c 'echo kept > /data/state/kept'
	vm_off
	debugfs -w -f /dev/stdin "$(data)" > /dev/null 2>&1 <<-END
		freeb 1 64
		set_super_value state 2
	END
	vm_start direct
	vm_ready 60
	console_has 'the data partition was repaired' ||
		{ console_tail; fail 'nothing is said about it'; }
	is "$(on cat /data/state/kept)" kept 'what was on it'
	on test -d /data/settings/ -a ! -e /run/boot/repairs || fail 'it is as new'
}

# A data partition beyond repair is made anew, and the box blocks by the lists of its root.
test_limits_data_is_garbage() {
	ready
	vm_start direct
	vm_ready 60
	vm_off
	dd if=/dev/urandom of="$VM/disk.img" bs=1M seek=97 count=16 conv=notrunc status=none
	vm_start direct
	wait_until 60 blocks_name || { console_tail; fail 'no DNS answer'; }
	console_wait 20 'beyond repair and is made anew' || fail 'nothing is said about it'
	is "$(web 1 http://77.74.176.10/)" refused 'by address'
}

# ^S on the serial line, from a person or as noise, and nobody reads it any more: what cordond has
# to say is lost there, and the box goes on. These words are more than the line's buffer takes.
test_limits_console_is_stopped() {
	local before words
	words=$(printf 'x%.0s' {1..150})
	vm_disk
	provision_ssh
	vm_start direct
	vm_ready 60
	before=$(status '.roles[0].pid')
	console_type "$(printf '\023')"
	on timeout 150 sh -c \
		"for _ in $(seq -s ' ' \
		25); do cordon mode monitor --for 5m --reason $words --by x; $(
		)cordon mode enforce --reason $words --by x; done" > "$VM/modes" 2>&1 || :
	is "$(status '.roles[0].pid')" "$before" 'the same cordond'
	is "$(grep -c 'enforce' "$VM/modes")" 25 'answers'
	is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	console_type "$(printf '\021')"
}
