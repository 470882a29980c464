# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# cordond --check: settings that are wrong are refused with their line.

# check LINE...: the lab's settings with these lines at the end.
check() {
	local conf=$LAB_DIR/check.conf
	cp "$LAB_DIR/cordon.conf" "$conf"
	printf '%s\n' "$@" >>"$conf"
	"$CORDON_BIN/cordond" --check --config "$conf" --state "$LAB_DIR/state" \
		--run "$LAB_DIR/run" 2>&1
}

# refused LINE...: the error stands in the last line.
refused() {
	local text lines
	lines=$(($(wc -l <"$LAB_DIR/cordon.conf") + $#))
	if text=$(check "$@"); then
		fail "$* was taken"
	fi
	like "$text" "*check.conf:$lines:*" "the message for $*"
}

test_settings_of_the_lab_are_good() { check >/dev/null; }

test_settings_that_are_wrong_are_refused() {
	refused '[dns]' 'upstraem = 192.0.2.1'
	refused '[dns]' 'timeout = soon'
	refused '[network]' 'internal-dns = 300.0.0.1'
	refused '[action]' 'update = perhaps'
	refused '[nonsense]' 'key = value'
	refused "$(head -c 5000 /dev/zero | tr '\0' x)"
}

test_daemon_with_wrong_settings_does_not_start() {
	local text conf=$LAB_DIR/wrong.conf
	{
		cat "$LAB_DIR/cordon.conf"
		echo 'no-such-key = 1'
	} >"$conf"
	if text=$(lab gateway timeout 10 "$CORDON_BIN/cordond" --config "$conf" \
		--state "$LAB_DIR/state2" --run "$LAB_DIR/run2" 2>&1); then
		fail 'it was started'
	fi
	like "$text" '*wrong.conf:*' 'the message'
}
