#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon rules check`: it took two lists of one name, stopped at the first kind of mistake, and
# printed words for --json. And `explain` refused the rule id that the log prints.
set -u
. "$(dirname "$0")/../../box"

is() {
	[ "$1" = "$2" ] && return
	echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""
	failures=$((failures + 1))
}
# check CODE WORD...: standard output to said, standard error to errors.
check() {
	local code=$1
	shift
	cordon rules check "$@" >said 2>errors
	is "$? $*" "$code $*"
}

printf 'list: a\nversion: 1\n[update]\na.example\n' >a.rules
printf 'list: a\nversion: 2\n[update]\nb.example\n' >same.rules
printf 'list: b\nversion: 1\n[update]\nb.example\n' >b.rules
check 0 a.rules b.rules
is "$(cat said errors)" "a.rules: list a, version 1, 1 rule: clean
b.rules: list b, version 1, 1 rule: clean"
check 1 a.rules same.rules
is "$(cat errors)" \
	'same.rules: error: the list "a" is in a.rules too: give one of them another name'

# A line that cannot be parsed hides no limit that another one breaks.
printf 'list: c\nversion: 1\n[update]\n*.example.org\nco.uk\n10.0.0.0/8\n' >c.rules
check 1 c.rules
is "$(cut -d: -f1-3 errors | tr '\n' ' ')" 'c.rules:4:1 c.rules:5:1 c.rules:6:1 '
printf '[nonsense]\n*.example.org\n' >d.rules
check 1 d.rules

check 1 --json a.rules c.rules missing.rules
is "$(jq -c '[.file, .list, .version, .rules, .count]' said | tr '\n' ' ')" \
	'["a.rules","a","1",1,0] ["c.rules","c","1",2,3] ["missing.rules",null,null,0,1] '
is "$(sed -n 2p said | jq -c '[.errors[1].line, .errors[1].column]')" '[5,1]'
is "$(cat errors)" ''
check 2 --rules . a.rules
cordon rules nft --json 2>/dev/null
is $? 2

mkdir lists && cp a.rules lists
is "$(cordon explain --rules lists a:update:a.example | head -n 2)" "a:update:a.example: block
  rule        a:update:a.example"
cordon explain --rules lists a:update:gone.example 2>errors
is "$? $(cat errors)" "2 cordon explain: a:update:gone.example: expected a name, an address, \
ADDRESS:tcp/PORT, a prefix, tcp/PORT, or the id of a rule in force"
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
