#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the shipped lists say of each query in expected.tsv.
# usage: expected.sh [CORDON]; exit 1 when an answer differs
set -eu
here=$(dirname "$0")
root=$here/../../../..
cordon=${1:-${BUILD:-$root/build}/bin/cordon}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep -v '^#' "$here/expected.tsv" > "$work/expected"
cut -f1 "$work/expected" > "$work/queries"
: > "$work/conf"	# not the machine's own settings
tr '\n' '\0' < "$work/queries" |
	xargs -0 "$cordon" --config "$work/conf" explain --rules "$root/rules/lists" --json > \
		"$work/answers"

# The third column is a rule id when it has a colon, else a category, "-" when there is no rule.
jq -r '[.query, .action, (.category // "-"), (.rule // "-")] | @tsv' "$work/answers" |
	awk -F '\t' -v expected="$work/expected" '
	{
		if ((getline line < expected) <= 0) { print "more answers than queries"; bad++; exit }
		split(line, want, "\t")
		got = want[3] ~ /:/ ? $4 : $3
		if ($1 != want[1] || $2 != want[2] || got != want[3]) {
			printf "%s: expected %s %s, got %s %s\n", want[1], want[2], want[3], $2, got
			bad++
		}
		asked++
	}
	END {
		while ((getline line < expected) > 0) { print "no answer: " line; bad++ }
		printf "%d queries, %d wrong\n", asked, bad
		exit bad > 0
	}'
