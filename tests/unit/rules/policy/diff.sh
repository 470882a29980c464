#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon rules diff` as a script meets it: exit codes, folders and files, JSON.
# usage: diff.sh [CORDON]; exit 1 when something is not as expected
set -eu
here=$(dirname "$0")
root=$here/../../../..
cordon=${1:-${BUILD:-$root/build}/bin/cordon}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# expect CODE WORD...: the exit code of cordon rules diff, its output in $work/out
expect() {
	want=$1 got=0
	shift
	"$cordon" rules diff "$@" > "$work/out" 2> "$work/errors" || got=$?
	[ "$got" -eq "$want" ] || { echo "diff $*: exit $got, expected $want"; bad=1; }
}
says() {
	grep -qF -- "$1" "$work/out" || { echo "expected \"$1\" in:"; cat "$work/out"; bad=1; }
}

cp -r "$root/rules/lists" "$work/old"
cp -r "$root/rules/lists" "$work/new"
printf '[update]\nnew.example.org evidence="a reason"\n' >> "$work/new/kaspersky.rules"

expect 0 "$work/old" "$work/old"
says "nothing changed"
expect 1 "$work/old" "$work/new"
says "1 newly blocked, 0 no longer blocked, 0 otherwise changed"
says "+ new.example.org: blocked by kaspersky:update:new.example.org (high), was no rule; evidence: a reason"
expect 1 "$work/new/kaspersky.rules" "$work/old/kaspersky.rules"
says "- new.example.org: no rule, was blocked by"
expect 1 --json "$work/old" "$work/new"
[ "$(jq -r '.changes[0].new.rule' "$work/out")" = kaspersky:update:new.example.org ] || bad=1
expect 0 --json "$work/new" "$work/new"
[ "$(jq -c '[.lists, .changes]' "$work/out")" = '[[],[]]' ] || bad=1

expect 2 "$work/old"
expect 2 "$work/old" "$work/none"
echo 'not a list' > "$work/broken.rules"
expect 2 "$work/old" "$work/broken.rules"
mkdir "$work/empty"
expect 2 "$work/old" "$work/empty"
exit $bad
