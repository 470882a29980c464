# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# One fake server for all tests of what stands behind the gateway (upstream.c); sourced by tests.

ODD=198.51.100.1

# odd_start PORT=PERSONA...: on the internet's side, in place of the one that runs.
odd_start() {
	odd_stop
	[ -x "$LAB_DIR/upstream" ] || gcc -O1 -D_GNU_SOURCE -o "$LAB_DIR/upstream" \
		"$HERE/upstream.c" || return 1
	"$HERE/lab" internet "$LAB_DIR/upstream" "$ODD" "$@" >"$LAB_DIR/upstream.log" 2>&1 \
		</dev/null &
	echo $! >"$LAB_DIR/upstream.pid"
	disown
	wait_until 10 odd_answers "${1%%=*}"
}

odd_answers() { lab internet dig +time=1 +tries=1 "@$ODD" -p "$1" as-good.start.test >/dev/null; }

odd_stop() {
	[ ! -e "$LAB_DIR/upstream.pid" ] || kill "$(cat "$LAB_DIR/upstream.pid")" 2>/dev/null || :
	rm -f "$LAB_DIR/upstream.pid"
}

# odd_heard PATTERN: how many queries it got that match; "PORT udp|tcp HEX" each.
odd_heard() { grep -c -- "$1" "$LAB_DIR/upstream.log" || :; }

# odd_address PORT: what its answers of type A are.
odd_address() { echo "198.18.$(($1 >> 8)).$(($1 & 255))"; }

# hex TEXT: as the log has it.
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
