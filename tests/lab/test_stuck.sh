# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A part of the daemon that hangs or dies in the middle of a change: the change ends all the same.

RULES=$LAB_DIR/rules

setup() {
	rm -rf "$RULES"
	cp -r "$ROOT/rules/lists" "$RULES"
	gateway_with stuck "s|^dir = .*|dir = $RULES|"
}

pid_of() { status ".roles[] | select(.role == \"$1\") | .pid // empty"; }

# version NUMBER: the same rules as another version.
version() { sed -i "s/^version: .*/version: $1/" "$RULES/kaspersky.rules"; }

test_reload_does_not_wait_for_a_journal_that_hangs() {
	local pid
	pid=$(pid_of journal)
	version 2026.12.1.1
	kill -STOP "$pid"
	cordon rules reload >/dev/null || {
		kill -CONT "$pid"
		fail 'the reload'
	}
	kill -CONT "$pid"
	like "$(status .policy.version)" '*2026.12.1.1*' 'the policy in force'
	dns 1 @192.168.77.1 after-it-hung.upd.kaspersky.com >/dev/null
	logged '.name == "after-it-hung.upd.kaspersky.com" and (.rule | length > 0)'
}

# The one that hangs is started again, the policy stays, and the next reload takes the new one.
hangs() {
	local pid version=2026.12.2.$1
	pid=$(pid_of "$1")
	version "$version"
	kill -STOP "$pid"
	if cordon rules reload >/dev/null 2>&1; then
		kill -CONT "$pid"
		fail 'it was said to be in force'
	fi
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	wait_until 5 cordon rules reload || fail 'the next reload'
	like "$(status .policy.version)" "*$version*" 'the policy in force'
	[ "$(pid_of "$1")" != "$pid" ] || fail 'the same process'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(dns 1 @192.168.77.1 www.agency.example)" 'NOERROR 198.51.200.10' 'an innocent name'
}

test_rules_hangs_in_a_reload() { hangs rules; }
test_dns_hangs_in_a_reload() { hangs dns; }

compiler() { pgrep -P "$(pid_of parent)" -f 'role compile'; }

test_compile_killed_in_a_reload() {
	local before
	before=$(status .policy.digest)
	{
		printf 'list: site\nversion: 1\n[update]\n'
		seq -f 'n%.0f.vendor.example evidence="a test of the lab"' 400000
	} >"$RULES/site.rules"
	cordon rules reload >"$LAB_DIR/reload.out" 2>&1 &
	wait_until 4 compiler || fail 'no compiler'
	kill -KILL "$(compiler)"
	! wait $! || fail 'the reload succeeded'
	like "$(cat "$LAB_DIR/reload.out")" '*ended without a result*' 'the message'
	is "$(status .policy.digest)" "$before" 'the policy in force'
	rm "$RULES/site.rules"
	cordon rules reload >/dev/null || fail 'the next reload'
}

# The first start has no last good lists to go back to.
test_bad_list_at_the_first_start() {
	printf 'list: site\nversion: 1\n[update]\nthis is not..a name\n' >"$RULES/site.rules"
	lab stop
	rm -rf "$LAB_DIR/state" && mkdir "$LAB_DIR/state"
	LAB_CONF=$LAB_DIR/settings lab start || :
	like "$(status .refused)" '*site.rules:4*' 'why there is no policy'
	rm "$RULES/site.rules"
	cordon rules reload >/dev/null || fail 'the reload of mended lists'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
}
