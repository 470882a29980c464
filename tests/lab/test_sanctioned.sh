# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Protective DNS: what the agency sanctions passes, for the sources that it names.

setup() {
	gateway_with sanctioned '/^\[network\]/a\
sanctioned-resolver = 192.168.77.12/32, 192.0.2.53, 853\
sanctioned-resolver = 2001:db8:77::12/128, 2001:db8:53::53, 853\
sanctioned-resolver = 192.168.77.12/32, 9.9.9.9, 53'
}

test_sanctioned_resolver_is_reached() {
	is "$(dot 2 192.0.2.53)" NOERROR 'over TLS, IPv4'
	is "$(dot 2 2001:db8:53::53)" NOERROR 'over TLS, IPv6'
}

test_sanctioned_for_its_sources_only() {
	is "$(dot 1 192.0.2.53)" refused 'client 1'
	is "$(dot 2 8.8.8.8)" refused 'another resolver'
}

test_sanctioned_port_53_is_not_captured() {
	dns 2 @9.9.9.9 seen-by-protective-dns.gov >/dev/null
	like "$(grep seen-by-protective-dns "$LAB_DIR/internet/unbound.log" || echo nothing)" \
		'*192.168.77.12 *' "the resolver's log"
	is "$(dns 1 @9.9.9.9 downloads.upd.kaspersky.com)" NXDOMAIN 'client 1 at the same resolver'
}

test_sanctioned_is_shown_and_counted() {
	like "$(cordon status)" '*192.168.77.12*192.0.2.53*' 'cordon status'
	[ "$(status .packets.sanctioned.packets)" -gt 0 ] || fail 'nothing was counted'
}
