# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The watcher on the internet's side fails a test that lets the vendor's addresses cross.

# A file of tests, in a lab of its own, whose gateway has lost its table, and the barrier with it.
leaky_lab() {
	cat >"$LAB_DIR/test_leaks.sh" <<-'END'
	setup() {
		lab stop
		lab gateway cordon disarm --for 1h --reason 'a test of the lab' --by tester >/dev/null
	}
	test_to_the_vendor() { connection 1 77.74.176.10 443 >/dev/null; }
	test_to_the_vendor_6() { connection 2 2a03:2480:68::10 80 >/dev/null; }
	test_from_the_vendor() {
		lab internet dig -b 77.74.176.10 +time=1 +tries=1 @192.168.77.11 . >/dev/null || :
	}
	test_as_the_vendor() {
		lab client 1 ip addr add 77.74.181.30/32 dev lo
		lab client 1 dig -b 77.74.181.30 +time=1 +tries=1 @198.51.100.1 . >/dev/null || :
	}
	test_in_a_window() { is "$(vendor_window 'no table' connection 1 77.74.176.10 443)" open 'the address'; }
	test_after_a_window() {
		vendor_window 'no table' connection 1 77.74.176.10 443 >/dev/null
		connection 1 77.74.177.20 443 >/dev/null
	}
	test_declared() {
		expect_vendor 1 77.74.176.10
		is "$(connection 1 77.74.176.10 443)" open 'the address'
	}
	test_declared_for_another_client() {
		expect_vendor 1 77.74.176.10
		connection 2 77.74.176.10 443 >/dev/null
	}
	test_innocent() {
		is "$(connection 1 77.74.184.1 443)" open 'next door'
		is "$(dns 1 @8.8.8.8 www.agency.example)" 'NOERROR 198.51.200.10' 'a resolver'
	}
	test_blind() { lab internet nft delete table netdev watch; }
	END
	env LAB="$LAB-leaky" LAB_DIR="$LAB_DIR/leaky" "$HERE/run" "$LAB_DIR/test_leaks.sh" \
		>"$LAB_DIR/leaky.out" 2>&1
}

# said NAME PATTERN
said() { like "$(grep "ok $1 " "$LAB_DIR/leaky.out" || echo nothing)" "$2" "$1"; }

test_watch_sees_what_the_gateway_lets_through() {
	! leaky_lab || fail 'the run of the leaking tests passes'
	said to_the_vendor \
		'not ok *: the vendor was on the wire: *192.168.77.11 > 77.74.176.10 tcp/443*'
	said to_the_vendor_6 'not ok *2001:db8:77::12 > 2a03:2480:68::10 tcp/80*'
	said from_the_vendor 'not ok *77.74.176.10 > 192.168.77.11 udp/53*'
	said as_the_vendor 'not ok *77.74.181.30 > 198.51.100.1 udp/53*'
	said in_a_window 'ok *'
	said after_a_window 'not ok *: the vendor was on the wire: *77.74.177.20*'
	! grep 'ok after_a_window ' "$LAB_DIR/leaky.out" | grep -q 77.74.176.10 ||
		fail 'the window is none'
	said declared 'ok *'
	said declared_for_another_client 'not ok *192.168.77.12 > 77.74.176.10 tcp/443*'
	said innocent 'ok *'
	said blind "not ok *the watcher on the internet's side is blind*"
	is "$(tail -n 1 "$LAB_DIR/leaky.out")" '3 passed, 7 failed' 'the totals'
}
