# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Little memory, no clock, a larger disk, a broken disk.

ready() { vm_disk; provision_ssh "$@"; }

runs_in() {
	ready
	MEMORY=$1 vm_start direct
	vm_ready 60
	measured "memory of $1 MB: total, available (kB)" "$(on cat /proc/meminfo | awk '/^Mem(Total|Available)/ { printf "%s ", $2 }')"
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
blocks_name() { [ "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" = NXDOMAIN ]; }

# The data partition grows to the disk at the first start, and is left alone later.
test_limits_disk_grows() {
	DISK_MIB=600 ready
	vm_start direct
	vm_ready 60
	[ "$(data_kb)" -gt 450000 ] || fail "the data partition has $(data_kb) kB of a disk of 600 MiB"
	vm_off || fail 'it does not switch off'
	sfdisk --verify "$VM/disk.img" 2>&1 | grep -qi 'no errors' || fail "$(sfdisk --verify "$VM/disk.img" 2>&1)"
	vm_start direct
	vm_ready 60
}
data_kb() { on df -k /data | awk 'NR == 2 { print $2 }'; }

# A power cut at any time of the first start, growing included.
test_limits_cut_while_growing() {
	local ms
	for ms in 1200 1800 2400 3000; do
		DISK_MIB=600 ready
		vm_start direct
		sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
		vm_cut
	done
	vm_start direct
	vm_ready 60
	[ "$(data_kb)" -gt 450000 ] || fail "the data partition has $(data_kb) kB"
}

# What an ordinary power cut does not do, and a bad disk does: repaired at the start, and nothing of it is lost.
test_limits_data_is_repaired() {
	ready
	vm_start direct
	vm_ready 60
	on sh -c 'echo kept > /data/state/kept'
	vm_off
	debugfs -w -f /dev/stdin "$VM/disk.img?offset=$((97 << 20))" > /dev/null 2>&1 <<-END
		freeb 1 64
		set_super_value state 2
	END
	vm_start direct
	vm_ready 60
	console_has 'the data partition was repaired' || { console_tail; fail 'nothing is said about it'; }
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
