# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the status says on a bad day, in words, in the JSON and in the exit code: 0 all is well, 4 in
# force but an administrator has to look, 1 not in force.

STATE=$LAB_DIR/state
DISK_KB=8192

setup() { gateway_with status 's/^lan = .*/&\nwan = wan0/'; }

start() { LAB_CONF=$LAB_DIR/settings lab start; }

# on_a_disk: the daemon on a small disk of its own.
on_a_disk() {
	lab stop
	umount "$STATE" 2>/dev/null || :
	rm -rf "$STATE" && mkdir "$STATE"
	mount -t tmpfs -o "size=${DISK_KB}k,nr_inodes=200" tmpfs "$STATE"
	start || fail 'it does not start'
}

off_the_disk() {
	lab stop
	umount "$STATE"
	start || fail 'it does not start'
}

# fill PERCENT: of the disk.
fill() {
	local used want
	rm -f "$STATE/filler"
	used=$(df --output=used "$STATE" | tail -n 1)
	want=$((DISK_KB * $1 / 100 - used))
	head -c "${want}k" /dev/zero >"$STATE/filler" 2>/dev/null || :
}

code() {
	local code=0
	cordon status >/dev/null 2>&1 || code=$?
	echo "$code"
}
code_is() { [ "$(code)" = "$1" ]; }
says() { [[ $(cordon status) == *"$1"* ]]; }
health() { status '[.health.words[], (.losses | tostring), (.disks | tostring)] | join(" | ")'; }
level_is() { [ "$(status .health.level)" = "$1" ]; }
role() { status ".roles[] | select(.role == \"$1\") | $2"; }

test_status_of_a_good_day_is_0() {
	wait_until 20 code_is 0 || fail "code $(code): $(health)"
	is "$(status .health.level)" good 'the level'
	is "$(status '[.losses.kernel, .losses.rings, .losses.journal, .losses.disk] | add')" 0 \
		'losses'
	is "$(status .events_lost)" 0 'their sum'
	is "$(status '.links | map("\(.name) \(.role) \(.carrier)") | join(", ")')" \
		'wan0 wan true, lan0 lan true' 'links'
	is "$(status .default_route.v4)" true 'a default route'
	like "$(cordon status)" 'healthy*' 'the first line'
}

test_status_without_a_daemon_is_1() {
	lab stop
	is "$(code)" 1 'the code'
	start
}

test_status_says_a_cable_that_is_out() {
	wait_until 20 level_is good || fail "$(health)"
	lab internet ip link set eth0 down
	wait_until 10 says 'NOT HEALTHY: the WAN interface wan0 has no carrier' || fail "$(health)"
	is "$(code)" 4 'the code'
	is "$(status '.links[0].carrier')" false 'in the JSON'
	lab internet ip link set eth0 up
	lab internet ip -6 addr replace 2001:db8:100::1/64 dev eth0 nodad
	wait_until 10 level_is good || fail "$(health)"
}

test_status_says_that_there_is_no_default_route() {
	local v6
	v6=$(lab gateway ip -6 route show default)
	lab gateway ip route del default
	lab gateway ip -6 route del default
	wait_until 10 says 'there is no default route' || fail "$(health)"
	is "$(code)" 4 'the code'
	is "$(status '.default_route | "\(.v4) \(.v6)"')" 'false false' 'in the JSON'
	lab gateway ip route add default via 198.51.100.1
	# shellcheck disable=SC2086
	lab gateway ip -6 route add $v6
	wait_until 10 level_is good || fail "$(health)"
}

# ---- roles ----

test_status_says_that_a_role_is_silent() {
	local pid
	pid=$(role dns .pid)
	kill -STOP "$pid"
	wait_until 14 says 'the dns role has not answered for' ||
		{ kill -CONT "$pid"; fail "$(health)"; }
	is "$(role dns .state)" silent 'its state'
	is "$(code)" 4 'the code'
	kill -CONT "$pid"
	wait_until 10 level_is good || fail "$(health)"
}

test_status_says_that_a_role_dies_again_and_again() {
	local before i
	for i in 1 2 3 4; do
		before=$(role journal .pid)
		kill -KILL "$before"
		wait_until 10 another journal "$before" || fail 'it is not started again'
	done
	says 'the journal role ended 4 times of late' || fail "$(health)"
	says 'another program did that' || fail "$(health)"
	is "$(role journal .deaths)" 4 'in the JSON'
	is "$(role journal .deaths_for_memory)" 0 'and none of them for memory'
	is "$(code)" 4 'the code'
	lab stop
	start
}
another() { [ "$(role "$1" '.pid // empty')" != "$2" ] && [ "$(role "$1" .state)" = running ]; }

# ---- losses ----

# The journal stands still, and the kernel's socket is full: how many packets that cost is known to
# one.
test_status_says_what_the_kernel_lost() {
	local pid lost
	lab stop
	start
	pid=$(role journal .pid)
	kill -STOP "$pid"
	# From many sources, as each has a share of its own; the socket has room for some thousands.
	for _ in 1 2 3; do
		lab client 1 nping -q --udp -c 20000 --rate 20000 -p 4000 77.74.176.10 >/dev/null \
			2>&1 || :
	done
	kill -CONT "$pid"
	wait_until 20 losses_are_said || fail "$(health)"
	lost=$(status .losses.kernel)
	is "$(status .events_lost)" "$lost" 'the sum'
	is "$(code)" 4 'the code'
	wait_until 80 records_say_all ||
		fail "of $(status .losses.kernel) lost events, records own up to $(recorded)"
	cordon status --seen >/dev/null
	says 'packets that came faster' && fail 'shown although it was seen'
	[ "$(status .losses.kernel)" -ge "$lost" ] || fail 'the count went back'
}
losses_are_said() {
	says 'packets that came faster than it may grow' && [ "$(status .losses.kernel)" -gt 100 ]
}
recorded() { cordon log --json | jq -s 'map(.kernel // 0) | add'; }
records_say_all() { [ "$(recorded)" = "$(status .losses.kernel)" ]; }

# ---- the disk ----

test_status_says_a_disk_that_fills() {
	on_a_disk
	wait_until 20 level_is good || fail "$(health)"
	fill 80
	wait_until 10 says "of the disk's bytes are used (state and log)" || fail "$(health)"
	is "$(status .health.level)" notice 'the level'
	is "$(code)" 4 'the code'
	fill 95
	wait_until 10 says 'NOT HEALTHY: the disk is full soon' || fail "$(health)"
	is "$(status .health.level)" bad 'the level'
	fill 100
	wait_until 10 says 'NOT HEALTHY: the disk is full: no bytes are left' || fail "$(health)"
	is "$(status '.disks[0].used_percent')" 100 'in the JSON'
	rm "$STATE/filler"
	wait_until 10 level_is good || fail "$(health)"
	for i in $(seq 150); do : >"$STATE/inode$i"; done
	wait_until 10 says "of the disk's inodes are used" || fail "$(health)"
	is "$(code)" 4 'the code'
	off_the_disk
}

test_status_says_a_read_only_disk() {
	lab stop
	mount --bind "$STATE" "$STATE"
	mount -o remount,ro,bind "$STATE"
	start || fail 'it does not start'
	wait_until 10 says 'the disk is read-only (state and log)' || fail "$(health)"
	is "$(status '.disks[0].read_only')" true 'in the JSON'
	is "$(code)" 4 'the code'
	off_the_disk
}

# Other programs filled the disk: nothing can be stored, so it is counted, and the status shows it.
# Once there is room, the log goes on, and an entry says what is missing.
test_a_full_disk_stops_the_log_until_there_is_room() {
	local lost
	on_a_disk
	queries 1 200
	logged '.name == "n200.upd.kaspersky.com"'
	wait_until 10 fill_up || fail 'the disk cannot be filled'
	queries 201 9000
	wait_until 10 disk_lost || fail "no event is counted as lost: $(health)"
	wait_until 10 says 'events that the disk did not take' || fail "$(health)"
	is "$(code)" 4 'the code'
	is "$(role journal .deaths)" 0 'the journal ended'
	rm "$STATE/filler"
	dns 1 @192.168.77.1 there-is-room.upd.kaspersky.com >/dev/null
	wait_event '.name == "there-is-room.upd.kaspersky.com"' ||
		fail "the log does not go on: $(health)"
	lost=$(status .losses.disk)
	wait_until 80 lost_is_said "$lost" || fail "of $lost lost events: $(events .disk)"
	events_are '.name == "n1.upd.kaspersky.com"' || fail 'what was stored before is gone'
	off_the_disk
}
disk_lost() { [ "$(status .losses.disk)" -gt 0 ]; }
lost_is_said() { [ "$(cordon log --json | jq -s 'map(.disk // 0) | add')" = "$1" ]; }
fill_up() { fill 100 && [ "$(status '.disks[0].used_percent')" = 100 ]; }
# queries FROM TO: one event each.
queries() {
	for i in $(seq "$1" "$2"); do echo "n$i.upd.kaspersky.com A"; done >"$LAB_DIR/queries"
	lab client 1 dnsperf -s 192.168.77.1 -d "$LAB_DIR/queries" -n 1 -q 50 >/dev/null 2>&1
}
