# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# A gateway whose clock is what a test wants, kept by a time service or by none. Sourced by tests.

CLOCK=$LAB_DIR/clock
WRAPPED=$CLOCK/bin

# clock_put PLACE NUMBER: for clock.c.
clock_put() {
	perl -e 'print pack("q<", $ARGV[0])' -- "$2" |
		dd of="$CLOCK/offset" bs=8 seek="$1" conv=notrunc status=none
}

# clock_is SECONDS: the daemon's wall clock, at once.
clock_is() { clock_put 0 $(($1 - $(date +%s))); }

# ntp_is on|off: does a time service keep it?
ntp_is() { clock_put 1 "$([ "$1" = on ] && echo 1 || echo 0)"; }

# wrap SECONDS: a cordond with that clock, and so are its roles: their library is named in a copy of
# /etc, in a mount namespace of its own.
wrap() {
	require gcc perl
	mkdir -p "$WRAPPED"
	: >"$CLOCK/offset"
	ntp_is off
	clock_is "$1"
	gcc -std=gnu17 -shared -fPIC -O2 -DCLOCK_FILE="\"$CLOCK/offset\"" -o "$CLOCK/clock.so" \
		"$HERE/clock.c"
	rm -rf "${CLOCK:?}/etc"
	cp -a /etc "$CLOCK/etc"
	echo "$CLOCK/clock.so" >"$CLOCK/etc/ld.so.preload"
	cat >"$WRAPPED/cordond" <<-END
	#!/bin/sh
	exec unshare --mount -- sh -c 'mount --bind "$CLOCK/etc" /etc && exec "\$0" "\$@"' \\
		"$CORDON_BIN/cordond" "\$@"
	END
	chmod +x "$WRAPPED/cordond"
	ln -sf "$CORDON_BIN/cordon" "$WRAPPED/cordon"
}

# What is loaded before them is more than sanitizers bear: the functions of such a file are none.
has_clock() { ! "$CORDON_BIN/cordond" --version | grep -q 'without hardening'; }
sane() { has_clock || exit 0; }
