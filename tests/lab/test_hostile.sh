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
