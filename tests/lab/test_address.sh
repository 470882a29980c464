# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Literal addresses: the vendor's networks are refused, their neighbours are not.

test_vendor_addresses_are_refused() {
	local address
	for address in 77.74.176.10 77.74.177.20 37.203.128.5 91.103.64.9 185.85.12.5 \
		2a03:2480:68::10 2a03:2480:8000::20 2a03:2480::1; do
		is "$(connection 1 "$address" 443)" refused "$address port 443"
		is "$(connection 1 "$address" 80)" refused "$address port 80"
	done
}

test_vendor_addresses_over_http() {
	is "$(web 1 http://77.74.176.10/)" refused http
	is "$(web 1 https://77.74.176.10/)" refused https
	is "$(web 1 'http://[2a03:2480:68::10]/')" refused 'http over IPv6'
	is "$(web 1 'https://[2a03:2480:68::10]/')" refused 'https over IPv6'
}

test_neighbours_are_reached() {
	local address
	for address in 77.74.175.255 77.74.184.1 2a03:2481::1 93.184.215.14; do
		is "$(connection 1 "$address" 443)" open "$address port 443"
	done
}

test_refusal_is_logged_with_its_rule() {
	connection 2 77.74.177.20 443 >/dev/null
	logged '.client == "192.168.77.12" and .address == "77.74.177.20" and .port == 443
		and .protocol == "tcp" and .action == "block"
		and (.rule | endswith(":77.74.176.0/21"))'
}

test_management_port_is_only_watched() {
	is "$(connection 1 198.51.200.10 13000)" open 'port 13000 of an innocent host'
	logged '.category == "relay" and .port == 13000 and .action == "monitor"'
}

test_mail_relay_is_only_watched() {
	expect_vendor 1 91.103.66.155
	is "$(connection 1 91.103.66.155 80)" open "a mail relay of the vendor's"
	logged '.category == "mail" and .address == "91.103.66.155" and .action == "monitor"'
}

test_innocent_web() {
	is "$(web 1 https://www.agency.example/ -4)" 200 'https, IPv4'
	is "$(web 1 https://www.agency.example/ -6)" 200 'https, IPv6'
	is "$(web 2 http://www.example.com/ -4)" 200 'http, IPv4'
	is "$(web 2 http://www.example.com/ -6)" 200 'http, IPv6'
}
