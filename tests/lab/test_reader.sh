# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Readers: what the log and the status say, for a user who is not root, and nothing else. An analyst
# had to be root, and could disarm the gateway.

READER=64498
STATE=$LAB_DIR/state

setup() { gateway_with default; }

# as_reader COMMAND...: with the readers' group and nothing else of root's.
as_reader() {
	setpriv --reuid "${READER_UID:-$READER}" --regid $READER --clear-groups --inh-caps=-all \
		--bounding-set=-all -- "$@"
}
# read_cordon WORD...: the program without the lab's wrapper, which enters namespaces as root.
read_cordon() { as_reader "$CORDON_BIN/cordon" --state "$STATE" --run "$LAB_DIR/run" "$@"; }

test_reader_asks_the_log_and_the_status() {
	dns 1 @192.168.77.1 for-the-reader.upd.kaspersky.com >/dev/null
	logged '.name == "for-the-reader.upd.kaspersky.com"'
	is "$(read_cordon log --json | jq -r .name | grep -c for-the-reader)" 1 'its log'
	like "$(read_cordon hosts 2>&1)" '*192.168.77.11*' 'its hosts'
	like "$(read_cordon host 192.168.77.11 2>&1)" '*for-the-reader*' 'one of them'
	logged '.notice == "looked" and (.actor | startswith("user:64498"))'
	is "$(read_cordon status --json | jq .in_force)" true 'its status'
}

test_reader_sees_an_event_within_two_seconds() {
	local name
	for name in one two three; do
		dns 1 @192.168.77.1 $name.upd.kaspersky.com >/dev/null
		wait_until 3 seen_by_reader $name || fail "not seen: $name"
	done
}
seen_by_reader() { read_cordon log --json | grep -q "$1.upd.kaspersky.com"; }

test_reader_of_another_user_in_the_group() {
	READER_UID=12345
	is "$(read_cordon status --json | jq .in_force)" true 'its status'
	read_cordon log >/dev/null || fail 'its log'
	unset READER_UID
}

# refused COMMAND...: it fails, as a reader.
refused() {
	! read_cordon "$@" >"$LAB_DIR/refused" 2>&1 || fail "a reader may: $* ($(cat "$LAB_DIR/refused"))"
}

test_reader_cannot_change_anything() {
	refused mode monitor --for 1h --reason x
	refused mode disarmed --for 1h --reason x
	refused disarm --for 1h --reason x
	refused rules reload
	refused update
	refused update hold --reason x
	refused status --seen
	refused hosts merge 192.168.77.11 192.168.77.12
	refused names set 192.168.77.11 --tool yes
	[ ! -e "$STATE/names/hand.csv" ] || fail 'a reader named a host'
	is "$(status .mode)" enforce 'the mode'
	is "$(dns 1 @192.168.77.1 still.upd.kaspersky.com)" NXDOMAIN 'what is blocked'
}

# send_request SOCKET TYPE: as a reader, without the command's own checks; prints the exit code.
send_request() {
	as_reader perl -MSocket -e '
		socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die;
		connect($s, pack_sockaddr_un($ARGV[0])) or die;
		send($s, pack("n C Q> N C/a C/a", $ARGV[1], 0, 3600, 0, "x", "x"), 0) or die;
		alarm 5;
		recv($s, my $reply, 65536, 0);
		print ord($reply), "\n"' "$LAB_DIR/run/$1" "$2" 2>/dev/null || echo none
}

test_reader_cannot_send_the_requests_by_hand() {
	local type
	is "$(send_request reader 0)" 0 'the status, on the socket of readers'
	is "$(send_request control 0)" none 'the status, on the socket of root'
	for type in 1 2 3 4 5 6 7 8 9 99; do
		[ "$(send_request reader $type)" != 0 ] || fail "a reader may: request $type"
		is "$(send_request control $type)" none "request $type, on the socket of root"
	done
	is "$(status .mode)" enforce 'the mode'
}

test_reader_cannot_write_or_read_what_is_not_for_readers() {
	local file
	as_reader sh -c "echo x >>'$(echo "$STATE"/log/*.open.db)'" 2>/dev/null &&
		fail 'it may write the log'
	as_reader touch "$STATE/log/new" 2>/dev/null && fail 'it may make files in the log'
	as_reader rm -f "$(echo "$STATE"/log/*.open.db)" 2>/dev/null && fail 'it may delete the log'
	# The appliance's secret keys.
	[ "$(grep -rl 'PRIVATE KEY' "$STATE" | wc -l)" -gt 0 ] || fail 'there is no key'
	for file in $(grep -rl 'PRIVATE KEY' "$STATE"); do
		as_reader cat "$file" >/dev/null 2>&1 && fail "it may read $file"
	done
	return 0
}

# Readers that never ask, and many: root's commands are answered all the same.
test_reader_does_not_fill_the_socket() {
	local i pids=''
	for i in $(seq 24); do
		as_reader perl -MSocket -e '
			socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die;
			connect($s, pack_sockaddr_un($ARGV[0]));
			sleep 6' "$LAB_DIR/run/reader" 2>/dev/null &
		pids="$pids $!"
	done
	for i in 1 2 3; do
		is "$(status .in_force)" true 'root is answered'
	done
	# shellcheck disable=SC2086
	kill $pids 2>/dev/null || :
	wait_until 10 reader_is_answered || fail 'a reader is not answered afterwards'
}
reader_is_answered() { read_cordon status --in-force || [ $? = 4 ]; }
