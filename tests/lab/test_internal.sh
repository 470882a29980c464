# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The agency's own DNS server beyond the gateway behaves as it does without Cordon.

SERVER=203.0.113.53

# comparable DIG-ARGUMENTS...: all of an answer that may not change on its way.
comparable() {
	dig +time=2 +tries=1 +nocookie +noall +comments +question +answer +authority +additional \
		+qid=4711 "$@" | sort
}

# same_as_direct DIG-ARGUMENTS...: the client gets what the server's own host gets.
same_as_direct() {
	local through direct program
	program=$(declare -f comparable)
	through=$(lab client bash -c "$program; comparable \"\$@\"" bash "@$SERVER" "$@")
	direct=$(lab agency bash -c "$program; comparable \"\$@\"" bash "@$SERVER" "$@")
	[ "$through" = "$direct" ] ||
		fail "$*: $(diff <(echo "$direct") <(echo "$through") | sed -n 's/^[<>]//p')"
}

test_internal_service_and_reverse_records() {
	is "$(dns 1 "@$SERVER" _ldap._tcp.agency.test SRV)" 'NOERROR 0 100 389 dc1.agency.test.' SRV
	is "$(dns 1 "@$SERVER" -x 192.168.77.12)" 'NOERROR client2.agency.test.' PTR
	same_as_direct _ldap._tcp.agency.test SRV
	same_as_direct _kerberos._udp.agency.test SRV +tcp
	same_as_direct -x 192.168.77.12
}

test_internal_zones_through_the_gateway() {
	is "$(dns 2 @192.168.77.1 _ldap._tcp.agency.test SRV)" \
		'NOERROR 0 100 389 dc1.agency.test.' SRV
	is "$(dns 2 @192.168.77.1 -x 192.168.77.11)" 'NOERROR client1.agency.test.' PTR
	is "$(dns 2 @8.8.8.8 intranet.agency.test)" 'NOERROR 10.20.0.80' 'asked of 8.8.8.8'
}

test_internal_private_answers() {
	is "$(dns 1 "@$SERVER" files.agency.test)" 'NOERROR intranet.agency.test. 10.20.0.80' A
	is "$(dns 1 "@$SERVER" intranet.agency.test AAAA)" 'NOERROR fd00:20::80' AAAA
}

test_internal_without_recursion() {
	same_as_direct +norecurse agency.test SOA
	same_as_direct +norecurse never-asked-for.gov A
	same_as_direct +norecurse +opcode=notify agency.test SOA
	same_as_direct missing.agency.test A
}

test_internal_server_over_ipv6() {
	is "$(dns 1 @2001:db8:113::53 intranet.agency.test)" 'NOERROR 10.20.0.80' 'UDP'
	is "$(dns 1 @2001:db8:113::53 +tcp intranet.agency.test)" 'NOERROR 10.20.0.80' 'TCP'
}

# update SERVER NAME ADDRESS: a signed dynamic update; a relay that changes a byte breaks it.
update() {
	lab client nsupdate -t 5 -k "$LAB_DIR/agency/tsig.key" <<-END
	server $1
	zone agency.test
	update add $2 60 A $3
	send
	END
}

test_internal_dynamic_update() {
	update "$SERVER" new.agency.test 10.20.1.1 || fail 'the signed update was refused'
	is "$(dns 1 "@$SERVER" new.agency.test)" 'NOERROR 10.20.1.1' 'the new record'
	update 192.168.77.1 newer.agency.test 10.20.1.2 || fail 'refused through the gateway'
	is "$(dns 1 "@$SERVER" newer.agency.test)" 'NOERROR 10.20.1.2' 'the newer record'
	! lab client nsupdate -t 5 2>/dev/null <<-END || fail 'an update without a key was taken'
	server $SERVER
	zone agency.test
	update add unsigned.agency.test 60 A 10.20.1.3
	send
	END
}

test_internal_transfer_goes_by_client() {
	local records
	records=$(lab client 1 dig "@$SERVER" agency.test AXFR +noall +answer | wc -l)
	[ "$records" -ge 10 ] || fail "client 1 got $records records of a zone of 10 or more"
	like "$(lab client 2 dig "@$SERVER" agency.test AXFR)" '*Transfer failed*' 'client 2'
}

test_internal_server_sees_the_client() {
	dns 2 "@$SERVER" seen-from-client2.agency.test >/dev/null
	dns 2 "@$SERVER" +tcp seen-over-tcp.agency.test >/dev/null
	like "$(grep seen-from "$LAB_DIR/agency/queries.log")" '* 192.168.77.12#*' 'its log, UDP'
	like "$(grep seen-over "$LAB_DIR/agency/queries.log")" '* 192.168.77.12#*' 'its log, TCP'
}

test_internal_server_may_recurse() {
	is "$(dns 1 "@$SERVER" www.agency.example)" 'NOERROR 198.51.200.10' 'asked by a client'
	is "$(lab agency dig +short "@$SERVER" www.example.com)" 93.184.215.14 'asked by itself'
}

test_vendor_names_asked_of_internal_server() {
	is "$(dns 1 "@$SERVER" downloads.upd.kaspersky.com)" NXDOMAIN UDP
	is "$(dns 1 "@$SERVER" +tcp downloads.upd.kaspersky.com)" NXDOMAIN TCP
	is "$(dns 1 @2001:db8:113::53 downloads.upd.kaspersky.com)" NXDOMAIN IPv6
	! grep -q downloads.upd.kaspersky "$LAB_DIR/agency/queries.log" ||
		fail 'the query crossed the gateway'
	logged ".name == \"downloads.upd.kaspersky.com\" and .resolver == \"$SERVER\""
}
