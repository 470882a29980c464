# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A safe first week: monitor mode and disarming, with an end that comes by itself.

NAME=downloads.upd.kaspersky.com
ADDRESS=77.74.176.10

monitor() { cordon mode monitor --reason 'a test of the lab' --by tester "$@"; }

# Over, and the daemon ready for the next change.
enforced() { [ "$(status .mode)" = enforce ] && cordon mode enforce; }

is_blocked() {
	is "$(dns 1 @192.168.77.1 $NAME)" NXDOMAIN "the name $1"
	is "$(connection 1 $ADDRESS 443)" refused "the address $1"
}

is_open() {
	is "$(dns 1 @192.168.77.1 $NAME)" "NOERROR $ADDRESS" "the name $1"
	is "$(vendor_window "$1" connection 1 $ADDRESS 443)" open "the address $1"
}

test_monitor_ends_by_itself() {
	is_blocked before
	monitor --for 10 >/dev/null
	is "$(status .mode)" monitor 'cordon status'
	is_open 'in monitor mode'
	wait_until 20 enforced || fail 'monitor mode for 10 seconds has not ended after 20'
	is_blocked after
}

test_monitor_logs_what_it_would_block() {
	monitor --for 1m >/dev/null
	dns 1 @192.168.77.1 would-be-blocked.upd.kaspersky.com >/dev/null
	vendor_window 'monitor mode' connection 1 77.74.177.20 8443 >/dev/null
	logged '.name == "would-be-blocked.upd.kaspersky.com"
		and .action == "monitor" and .would == "block"'
	logged '.address == "77.74.177.20" and .port == 8443
		and .action == "monitor" and .would == "block"'
	cordon mode enforce >/dev/null
}

test_monitor_keeps_its_deadline_over_a_restart() {
	local started=$SECONDS
	monitor --for 15 >/dev/null
	lab stop
	lab start
	is "$(status .mode)" monitor 'after the restart'
	is_open 'after the restart'
	wait_until 25 enforced || fail 'monitor mode does not end'
	[ $((SECONDS - started)) -le 22 ] || fail "15 seconds took $((SECONDS - started))"
	is_blocked after
}

test_monitor_of_one_category() {
	monitor --for 1m --category update >/dev/null
	is "$(dns 1 @192.168.77.1 $NAME)" "NOERROR $ADDRESS" 'a name of the category update'
	is "$(dns 1 @192.168.77.1 dc1.ksn.kaspersky-labs.com)" NXDOMAIN 'a name of telemetry'
	cordon mode enforce >/dev/null
}

test_monitor_ends_on_request() {
	monitor --for 1h >/dev/null
	cordon mode enforce >/dev/null
	is "$(status .mode)" enforce 'cordon status'
	is_blocked after
}

test_monitor_needs_a_short_time() {
	! monitor --for 25h >/dev/null 2>&1 || fail 'taken for more than 24 hours'
	is "$(status .mode)" enforce 'cordon status'
}

test_disarm_ends_by_itself() {
	cordon disarm --for 10 --reason 'a test of the lab' --by tester >/dev/null
	is "$(status .mode)" disarmed 'cordon status'
	is_open disarmed
	wait_until 20 enforced || fail 'disarm for 10 seconds has not ended after 20'
	is_blocked after
}

test_changes_of_mode_are_logged() {
	like "$(cat "$LAB_DIR/cordond.out")" '*monitor*tester*a test of the lab*disarm*tester*' \
		'the messages of the daemon'
	# It asks for no name, and there is one all the same.
	like "$(cat "$LAB_DIR/cordond.out")" "*mode enforce, by ${SUDO_USER:-root}: *" \
		'the messages of the daemon'
}

test_monitor_first() {
	gateway_with monitor-first '$a\
[mode]\
monitor-first = 15'
	is "$(status .mode)" monitor 'a new installation'
	is_open 'of a new installation'
	like "$(cordon status)" '*192.168.77.11*' 'what would have been blocked, by host'
	wait_until 25 enforced || fail 'monitor-first = 15 has not ended after 25 seconds'
	is_blocked after
	gateway_with default
}
