# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Exempt and monitored services at addresses inside blocked networks. Only a client that asked for
# the name gets there; the watcher, too, sees that no other does.

# literal CLIENT NAME ADDRESS: the service at an address that the client did not ask for.
literal() { web "$1" "https://$2/" --resolve "$2:443:$3"; }

literal_is_refused() { [ "$(literal "$@")" = refused ]; }

# shut NAME ADDRESS: for both clients, as soon as the pinholes of other tests are over.
shut() {
	local number
	for number in 1 2; do
		wait_until 9 literal_is_refused "$number" "$1" "$2" ||
			fail "$2 is open for client $number that did not ask for $1"
	done
}

# pinhole NAME SERVER TYPE ADDRESS
pinhole() {
	vendor_window 'the pinholes of other tests' shut "$1" "$4"
	expect_vendor 1 "${4//[][]/}"
	dns 1 "@$2" "$1" "$3" >/dev/null
	is "$(literal 1 "$1" "$4")" 200 'after the name was asked for'
	is "$(literal 2 "$1" "$4")" refused 'the same address for the other client'
	wait_until 9 literal_is_refused 1 "$1" "$4" ||
		fail "$4 is still open for client 1 long after the TTL of 5 seconds"
	dns 1 "@$2" "$1" "$3" >/dev/null
	is "$(literal 1 "$1" "$4")" 200 'once more'
}

test_pinhole_exempt_4() { pinhole tip.kaspersky.com 192.168.77.1 A 77.74.181.30; }
test_pinhole_removal_4() { pinhole support.kaspersky.com 192.168.77.1 A 185.85.12.5; }
test_pinhole_exempt_6() {
	pinhole tip.kaspersky.com 2001:db8:77::1 AAAA '[2a03:2480:8000::20]'
}

# A host has addresses of both families and asks over one of them for both.
test_pinhole_of_a_host_with_both_families() {
	expect_vendor 2 77.74.181.30 2a03:2480:8000::20
	is "$(web 2 https://tip.kaspersky.com/ -4)" 200 'IPv4'
	is "$(web 2 https://tip.kaspersky.com/ -6)" 200 'IPv6, asked for over IPv4'
}

test_pinhole_across_families_4() { pinhole tip.kaspersky.com 2001:db8:77::1 A 77.74.181.30; }
test_pinhole_across_families_6() {
	pinhole tip.kaspersky.com 192.168.77.1 AAAA '[2a03:2480:8000::20]'
}

# Clients that ask a router's link-local address do so from their own.
test_pinhole_asked_from_a_link_local_address() {
	local gateway
	gateway=$(lab gateway ip -6 -o addr show dev lan0 scope link |
		awk '{ sub("/.*", "", $4); print $4 }')
	pinhole tip.kaspersky.com "$gateway%eth0" AAAA '[2a03:2480:8000::20]'
}

# Behind another router the client's MAC is not to be seen; the router's own must open nothing.
test_no_pinhole_across_families_behind_a_router() {
	lab gateway ip route replace 10.99.0.0/24 via 192.168.77.12
	lab client 2 ip addr replace 10.99.0.5/32 dev lo
	lab client 2 sysctl -qw net.ipv4.conf.all.arp_announce=2
	vendor_window 'the pinholes of other tests' shut tip.kaspersky.com '[2a03:2480:8000::20]'
	is "$(dns 2 @192.168.77.1 -b 10.99.0.5 tip.kaspersky.com AAAA)" \
		'NOERROR 2a03:2480:8000::20' 'the answer'
	is "$(literal 2 tip.kaspersky.com '[2a03:2480:8000::20]')" refused 'IPv6'
	grep -q 'the client 10.99.0.5 .* is behind a router' "$LAB_DIR/cordond.out" ||
		fail 'the log does not say why'
	lab client 2 ip addr del 10.99.0.5/32 dev lo
	lab gateway ip route del 10.99.0.0/24
}

test_pinhole_stays_for_the_ttl() {
	expect_vendor 2 77.74.181.30
	is "$(dns 2 @192.168.77.1 opentip.kaspersky.com)" 'NOERROR 77.74.181.30' opentip
	is "$(literal 2 opentip.kaspersky.com 77.74.181.30)" 200 'at once'
	is "$(literal 2 opentip.kaspersky.com 77.74.181.30)" 200 'again'
	is "$(connection 2 77.74.176.10 443)" refused 'another address of the network'
}

test_monitored_services_work_and_are_logged() {
	expect_vendor 1 185.85.12.5 77.74.181.30
	is "$(web 1 https://support.kaspersky.com/ -4)" 200 support.kaspersky.com
	is "$(web 1 https://www.kaspersky.de/ -4)" 200 www.kaspersky.de
	logged '.name == "support.kaspersky.com" and .action == "monitor"
		and .category == "removal"'
	logged '.name == "www.kaspersky.de" and .action == "monitor" and .category == "web"'
}

# A download that began through the pinhole goes on after it has closed.
test_connection_outlives_its_pinhole() {
	local reply fifo=$LAB_DIR/download
	expect_vendor 1 185.85.12.5
	dns 1 @192.168.77.1 support.kaspersky.com >/dev/null
	rm -f "$fifo" && mkfifo "$fifo"
	# shellcheck disable=SC2016
	lab client 1 timeout 20 bash -c '
		exec 3<>/dev/tcp/185.85.12.5/80
		echo open
		read -r _ <"$0"
		printf "GET / HTTP/1.0\r\n\r\n" >&3
		head -n 1 <&3' "$fifo" >"$fifo.reply" &
	wait_until 4 grep -q open "$fifo.reply" || fail 'the connection does not open'
	wait_until 9 literal_is_refused 1 support.kaspersky.com 185.85.12.5 ||
		fail 'the pinhole does not close'
	echo go >"$fifo"
	wait $!
	reply=$(tr -d '\r' <"$fifo.reply" | tail -n 1)
	is "$reply" 'HTTP/1.1 200 OK' 'the reply over the old connection'
}
