# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A box that wakes in 1970 guards as any other, and takes its deadlines along when the clock is set.

# shellcheck source=tests/lab/repo.sh
. "$ROOT/tests/lab/repo.sh"

# shellcheck source=tests/lab/clocks.sh
. "$ROOT/tests/lab/clocks.sh"

start() { CORDON_BIN=$WRAPPED LAB_CONF=$LAB_DIR/clock.conf lab start; }
restart() { lab stop && start; }

setup() {
	has_clock || return 0
	repo_new
	wrap 30
	cp "$HERE/cordon.conf" "$LAB_DIR/clock.conf"
	cat >>"$LAB_DIR/clock.conf" <<-END

	[mode]
	monitor-first = 14d
	[update]
	trust-root = $LAB_DIR/root.json
	mirror = $MIRROR_URL
	mirror-ca = $LAB_DIR/internet/ca.pem
	END
	lab stop
	rm -rf "$LAB_DIR/state" && mkdir "$LAB_DIR/state"
	echo clock >"$LAB_DIR/settings.name"
	start
}

update() { cordon update status --json | jq -r "$1"; }
release_is() { [ "$(update .release)" = "$1" ]; }
# Over, and the daemon ready for the next change.
enforced() { mode_is enforce && cordon mode enforce; }
mode_is() { [ "$(status .mode)" = "$1" ]; }

# left: seconds of the mode, by the daemon's own time.
left() {
	local until now
	# At once: a release that comes meanwhile moves both.
	read -r until now < <(status '.mode_until + " " + .update.now')
	echo $(($(date -d "$until" +%s) - $(date -d "$now" +%s)))
}

# about SECONDS WHAT: the mode has so long, but for the test's own time.
about() {
	local left
	left=$(left)
	[ "$left" -gt $(($1 + 2)) ] || [ "$left" -le $(($1 - 60)) ] || return 0
	fail "$2: expected $1 s and found $left"
}

guards() {
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN "a vendor name, $1"
	is "$(connection 1 77.74.176.10 443)" refused "a vendor address, $1"
	is "$(dns 1 @192.168.77.1 www.agency.example)" 'NOERROR 198.51.200.10' "a name, $1"
}

# Whatever the clock did, the log is in order, and nothing is missing.
log_is_whole() {
	cordon log checkpoint >/dev/null || fail 'no checkpoint'
	cordon log verify >"$LAB_DIR/verified" 2>&1 || fail "$(cat "$LAB_DIR/verified")"
}

test_clock_1970_first_start() {
	sane
	like "$(status .time)" '1970-01-01T*' 'the clock'
	is "$(status .clock)" floor 'what it is said to be'
	mode_is monitor || fail 'a new installation does not begin with monitor-first'
	about $((14 * 86400)) 'monitor-first'
	is "$(dns 1 @192.168.77.1 www.agency.example)" 'NOERROR 198.51.200.10' 'a name'
	dns 1 @192.168.77.1 in-1970.upd.kaspersky.com >/dev/null
	logged '.name == "in-1970.upd.kaspersky.com" and (.time | startswith("1970-"))
		and (.boot_id | length == 36) and .uptime > 0'
}

# The release, its signatures and the mirror's certificate are all of a time to come.
test_clock_1970_takes_a_release() {
	sane
	wait_until 20 release_is 1 || fail "no release: $(cordon update status)"
	about $((14 * 86400)) 'monitor-first after the floor rose'
}

test_clock_1970_restart() {
	sane
	restart
	mode_is monitor || fail 'the mode ended with the restart'
	about $((14 * 86400)) 'monitor-first'
	is "$(update .release)" 1 'the release in force'
	cordon mode enforce >/dev/null
	guards 'from the bundle'
}

test_clock_is_set_while_a_mode_lasts() {
	sane
	cordon mode monitor --for 1h --reason 'a test of the lab' --by tester >/dev/null
	about 3600 'before'
	clock_is "$(date +%s)"
	sleep 2
	is "$(status .clock)" set 'the clock'
	mode_is monitor || fail 'the mode ended when the clock was set'
	about 3600 'after'
	cordon mode monitor --for 3 --reason 'a test of the lab' --by tester >/dev/null
	wait_until 8 enforced || fail 'a mode of 3 seconds does not end'
	guards 'after the clock was set'
	log_is_whole
	events_are '.name == "in-1970.upd.kaspersky.com"' || fail 'what was logged in 1970 is gone'
	events_are '.notice == "clock"' || fail 'the step of the clock is no event'
}

# As after a change of the battery: what passed up to then counts, and no more.
test_clock_is_lost_while_a_mode_lasts() {
	sane
	cordon mode monitor --for 1h --reason 'a test of the lab' --by tester >/dev/null
	clock_is 30
	restart
	mode_is monitor || fail 'the mode ended with the clock'
	about 3600 'without a clock'
	cordon mode monitor --for 3 --reason 'a test of the lab' --by tester >/dev/null
	wait_until 8 enforced || fail 'a mode of 3 seconds does not end'
	guards 'in 1970 again'
	log_is_whole
}
