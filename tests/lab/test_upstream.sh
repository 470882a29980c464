# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Upstreams that are dead, silent or lying.

test_failover_from_a_silent_upstream() {
	local took
	gateway_with silent-upstream 's/^upstream = .*/upstream = 192.0.2.66 198.51.100.1/'
	is "$(dns 1 @192.168.77.1 +time=5 www.agency.example)" 'NOERROR 198.51.200.10' 'first'
	# shellcheck disable=SC2016
	took=$(lab client 1 sh -c \
		'for _ in 1 2 3 4 5 6 7 8; do dig +time=5 +tries=1 @192.168.77.1 www.example.com; done' |
		awk '/93\.184\.215\.14/ { answers++ } /Query time/ { sum += $4 } END { print answers + 0, sum + 0 }')
	is "${took% *}" 8 'later answers'
	[ "${took#* }" -le 10000 ] || fail "8 later queries took ${took#* } ms"
}

test_failover_from_a_closed_port() {
	gateway_with closed-upstream \
		's/^upstream = .*/upstream = 198.51.100.1:5999 2001:db8:100::1/'
	is "$(dns 1 @192.168.77.1 +time=5 www.agency.example)" 'NOERROR 198.51.200.10' 'UDP'
	is "$(dns 1 @192.168.77.1 +time=5 +tcp www.agency.example)" 'NOERROR 198.51.200.10' 'TCP'
}

test_without_any_upstream_the_block_holds() {
	gateway_with no-upstream 's/^upstream = .*/upstream = 192.0.2.66/'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(dns 1 @192.168.77.1 +time=12 www.agency.example)" SERVFAIL 'an innocent name'
}

# A resolver on a listed address may be the gateway's own upstream: only clients are captured.
test_upstream_on_a_listed_resolver() {
	gateway_with listed-upstream 's/^upstream = .*/upstream = 9.9.9.9/'
	is "$(dns 1 @8.8.8.8 www.agency.example)" 'NOERROR 198.51.200.10' 'an innocent name'
}

test_back_to_the_usual_settings() {
	gateway_with default
	is "$(status .mode)" enforce 'cordon status'
}
