# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# From the internet's side nothing of the gateway or of the LAN is there.

# Something to find: listeners on the gateway and on a client, reached from the LAN.
setup() {
	gateway_with default
	"$HERE/lab" gateway nc -lk 0.0.0.0 2222 </dev/null >/dev/null 2>&1 &
	LISTENERS=$!
	"$HERE/lab" gateway nc -lk -6 :: 2222 </dev/null >/dev/null 2>&1 &
	LISTENERS="$LISTENERS $!"
	"$HERE/lab" client 1 nc -lk 0.0.0.0 8080 </dev/null >/dev/null 2>&1 &
	LISTENERS="$LISTENERS $!"
	"$HERE/lab" client 1 nc -lk -6 :: 8080 </dev/null >/dev/null 2>&1 &
	LISTENERS="$LISTENERS $!"
}

seen_from_the_lan() { [ "$(connection 2 "$1" "$2")" = open ]; }

test_wan_listeners_are_there_for_the_lan() {
	wait_until 4 seen_from_the_lan 192.168.77.1 2222 || fail 'the gateway, IPv4'
	wait_until 4 seen_from_the_lan 2001:db8:77::1 2222 || fail 'the gateway, IPv6'
	wait_until 4 seen_from_the_lan 192.168.77.11 8080 || fail 'client 1, IPv4'
	wait_until 4 seen_from_the_lan 2001:db8:77::11 8080 || fail 'client 1, IPv6'
}

# scan NMAP-ARGUMENTS...: what nmap calls open.
scan() {
	lab internet nmap -n -Pn -T5 --max-retries 0 --min-rate 3000 -oG - "$@" |
		grep -o '[0-9]*/open/[a-z]*' | paste -sd' '
}

PORTS=1-1024,2222,8080,8443

test_wan_scan_tcp4() {
	is "$(scan -sS -p $PORTS 198.51.100.2 192.168.77.1 192.168.77.11)" '' 'open'
}

test_wan_scan_tcp6() {
	is "$(scan -6 -sS -p $PORTS 2001:db8:100::2 2001:db8:77::1 2001:db8:77::11)" '' 'open'
}

test_wan_scan_udp() {
	is "$(scan -sU -p 53,67,123,161,500,853 198.51.100.2 192.168.77.1 192.168.77.11)" '' 'IPv4'
	is "$(scan -6 -sU -p 53,123,161,500,547,853 2001:db8:100::2 2001:db8:77::11)" '' 'IPv6'
}

# wan_dns SERVER DIG-ARGUMENTS...
wan_dns() {
	lab internet dig +time=1 +tries=1 "@$1" "${@:2}" downloads.upd.kaspersky.com 2>&1 |
		grep -c 'HEADER' || :
}

test_wan_gets_no_answer_from_the_sinkhole() {
	local server
	for server in 198.51.100.2 192.168.77.1 192.168.77.11 2001:db8:100::2 2001:db8:77::1; do
		is "$(wan_dns "$server")" 0 "@$server"
		is "$(wan_dns "$server" +tcp)" 0 "@$server over TCP"
	done
}

# A reply is known by its connection, not by its source port.
test_wan_scan_from_port_53() {
	is "$(scan -sU -g 53 -p 53,1024-1030 198.51.100.2 192.168.77.1 192.168.77.11)" '' 'UDP'
	is "$(scan -sS -g 53 -p 53,2222,8080 198.51.100.2 192.168.77.1 192.168.77.11)" '' 'TCP'
}

test_wan_listeners_end() {
	# shellcheck disable=SC2086
	kill $LISTENERS
}
