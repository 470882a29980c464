# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The log can be verified: checkpoints come, and each edit of what is stored is named.

STATE=$LAB_DIR/state

newest() { sqlite3 "$(ls "$STATE"/log/*.db | tail -n 1)" 'SELECT note FROM checkpoint ORDER BY number DESC LIMIT 1'; }

test_a_checkpoint_at_the_start() {
	wait_until 5 test -e "$STATE/seal" || fail 'no checkpoint'
	like "$(jq -r .note "$STATE/seal")" '*reason start*' note
}
