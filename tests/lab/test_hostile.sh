# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Clients that ask what nobody should ask, or in ways that nobody should.

test_notify_and_update_go_to_internal_servers_only() {
	local before opcode
	before=$(status .dns.forwarded)
	for opcode in notify update status; do
		is "$(dns 1 @192.168.77.1 +opcode=$opcode www.agency.example SOA)" NOTIMP \
			"$opcode, UDP"
		is "$(dns 1 @192.168.77.1 +tcp +opcode=$opcode www.agency.example SOA)" NOTIMP \
			"$opcode, TCP"
	done
	is "$(status .dns.forwarded)" "$before" 'queries that went on'
}

test_another_version_of_edns() {
	is "$(dns 1 @192.168.77.1 +edns=1 +noednsneg downloads.upd.kaspersky.com)" BADVERS \
		'a vendor name'
	is "$(dns 1 @192.168.77.1 +edns=1 downloads.upd.kaspersky.com)" NXDOMAIN 'asked again'
}

table_is_full() { [ "$(status .dns.queries)" -gt 2100 ]; }

# Queries that no upstream answers fill the table; others still find room in it.
test_flood_of_unanswered_queries() {
	gateway_with silent-only 's/^upstream = .*/upstream = 192.0.2.66/' \
		's/^\[dns\]/&\nworkers = 1/'
	seq -f 'n%.0f.example A' 20000 >"$LAB_DIR/flood.txt"
	lab client 2 dnsperf -s 192.168.77.1 -d "$LAB_DIR/flood.txt" -q 6000 -c 8 -t 4 -l 10 \
		>/dev/null 2>&1 &
	wait_until 10 table_is_full || fail 'dnsperf does not fill the table'
	is "$(dns 1 @192.168.77.1 intranet.agency.test)" 'NOERROR 10.20.0.80' 'another zone'
	wait
}
