# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The watchdog is fed while DNS and rules answer; a part that hangs is started again. The device of
# the lab is one that takes any byte, and restarts nothing.

# shellcheck disable=SC2016
setup() { gateway_with watchdog '$a[daemon]\nwatchdog = /dev/null'; }

pid_of() { status ".roles[] | select(.role == \"$1\") | .pid // empty"; }

came_back() { [ "$(pid_of "$1")" != "$2" ] && [ -n "$(pid_of "$1")" ]; }

well() { [ "$(status '.watchdog | "\(.fed) \(.why)"')" = 'true null' ]; }

test_watchdog_is_fed() {
	wait_until 10 well || fail "the status says $(status .watchdog)"
	is "$(status .watchdog.device)" /dev/null 'the device'
	[ ! -e "$LAB_DIR/run/unready" ] || fail 'it is not said that the daemon did its job'
}

# hangs ROLE: nobody asks it for a change, and it is missed all the same.
hangs() {
	local pid
	pid=$(pid_of "$1")
	kill -STOP "$pid"
	wait_until 30 came_back "$1" "$pid" || {
		kill -CONT "$pid"
		fail "$1 hangs and is not started again"
	}
	is "$(status .watchdog.fed)" true 'fed'
	wait_until 10 well || fail "the status says $(status .watchdog)"
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
}

test_watchdog_dns_hangs() { hangs dns; }
test_watchdog_rules_hangs() { hangs rules; }

test_status_of_log_and_clock() {
	is "$(status .clock)" set 'the clock'
	is "$(status .boot_id)" "$(cat /proc/sys/kernel/random/boot_id)" 'the boot id'
	dns 1 @192.168.77.1 downloads.upd.kaspersky.com >/dev/null
	logged '.name == "downloads.upd.kaspersky.com"'
	[ "$(status .log.used_bytes)" -gt 100 ] || fail 'no log'
	[ "$(status .log.budget_bytes)" -gt $((64 << 20)) ] || fail 'the budget: half of the disk'
	is "$(status .log.retention_days)" 366 'the retention'
	[ "$(status .log.whole_since)" != null ] || fail 'since when it is whole'
	[ "$(status .log.free_bytes)" -gt 0 ] || fail 'no room'
	is "$(status .log.days)" null 'an estimate from nothing'
}
