# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The block log: every field, exact counts, the agency's own resolvers marked.

setup() { gateway_with forwarder '/^\[network\]/a\
forwarder = 192.168.77.12'; }

FIELDS='time boot_id uptime appliance state client mac interface client_port forwarder resolver
	qtype protocol port name address rule category action would channel direction count'

test_event_has_every_field() {
	local event field
	dns 1 @8.8.8.8 every-field.upd.kaspersky.com >/dev/null
	logged '.name == "every-field.upd.kaspersky.com"'
	event=$(events '.name == "every-field.upd.kaspersky.com"' | head -n 1)
	for field in $FIELDS; do
		jq -e "has(\"$field\")" <<<"$event" >/dev/null || fail "the field $field is missing"
	done
	is "$(jq -r .client <<<"$event")" 192.168.77.11 client
	is "$(jq -r .interface <<<"$event")" lan0 interface
	is "$(jq -r .appliance <<<"$event")" lab-gateway appliance
	is "$(jq -r .rule <<<"$event")" kaspersky:update:upd.kaspersky.com rule
	is "$(jq -r .qtype <<<"$event")" A qtype
	is "$(jq -r .action <<<"$event")" block action
	is "$(jq -r .boot_id <<<"$event")" "$(cat /proc/sys/kernel/random/boot_id)" boot_id
	is "$(jq -r .mac <<<"$event")" \
		"$(lab client 1 ip -o link show eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/')" mac
}

# Equal events are one record at once and their number a minute later, or at the daemon's end.
test_counts_are_exact() {
	local _
	for _ in $(seq 25); do
		echo 'counted.upd.kaspersky.com A'
	done >"$LAB_DIR/counted.txt"
	lab client 1 dnsperf -s 192.168.77.1 -d "$LAB_DIR/counted.txt" >/dev/null 2>&1
	lab stop
	LAB_CONF=$LAB_DIR/settings lab start
	is "$(events '.name == "counted.upd.kaspersky.com"' | jq -s 'map(.count) | add')" 25 \
		'the sum of the records'
}

test_forwarders_are_marked() {
	dns 1 @192.168.77.1 from-a-host.upd.kaspersky.com >/dev/null
	dns 2 @192.168.77.1 from-a-resolver.upd.kaspersky.com >/dev/null
	logged '.name == "from-a-host.upd.kaspersky.com" and .forwarder == false'
	logged '.name == "from-a-resolver.upd.kaspersky.com" and .forwarder == true'
}

test_log_follows() {
	local out=$LAB_DIR/follow.out
	"$LAB_DIR/bin/cordon" log --follow --json >"$out" &
	dns 1 @192.168.77.1 followed.upd.kaspersky.com >/dev/null
	wait_until 8 grep -q followed.upd.kaspersky.com "$out" || fail 'the event is not printed'
	kill $!
}

test_log_survives_a_restart() {
	dns 1 @192.168.77.1 before-the-restart.upd.kaspersky.com >/dev/null
	logged '.name == "before-the-restart.upd.kaspersky.com"'
	lab stop
	LAB_CONF=$LAB_DIR/settings lab start
	logged '.name == "before-the-restart.upd.kaspersky.com"'
}
