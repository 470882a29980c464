#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Output that could not be written was a success: `cordon log --json > /dev/full` exited with 0. And
# a line of the old log that a power cut had cut was printed as it was, and stopped jq for ever.
set -u
. "$(dirname "$0")/../../box"

is() {
	[ "$1" = "$2" ] && return
	echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""
	failures=$((failures + 1))
}
# full CODE WORD...: without room for its output the command exits with CODE and says why.
full() {
	local code=$1
	shift
	cordon "$@" >/dev/full 2>said </dev/null
	is "$? $*" "$code $*"
	grep -q '^cordon: cannot write standard output' said || {
		echo "cordon $*: no word of the output that is lost:"
		cat said
		failures=$((failures + 1))
	}
}

event='{"time":"2026-11-01T10:00:00.000Z","boot_id":"3f2a91c4-5323-4bde-a5f3-581bfb89ece6",'
event+='"uptime":1.0,"appliance":"gw-1","state":"00cd1234","client":"192.0.2.9","client_port":9,'
event+='"name":"a.example","protocol":"udp","port":53,"qtype":"A","rule":"x:update:a.example",'
event+='"category":"update","action":"block","channel":"dns","count":1,"text":"x"}'
mkdir -p state/log
for part in .1 ''; do
	printf '%s\n' "$event" "${event::60}" "$event" 'null' "$event" \
		>"state/log/events$part.jsonl"
done
printf '%s' "${event::60}" >>state/log/events.jsonl
cp state/log/events.1.jsonl state/history.jsonl
"$build/tests/journal-from" state || exit 1
printf 'list: a\nversion: 1\n[update]\na.example\n' >a.rules
printf 'list: a\nversion: 2\n[update]\nb.example\n' >b.rules
mkdir lists && cp a.rules lists
cordon repo key new p q r s one two --no-passphrase >/dev/null || exit 1
cordon repo init r --people {p,q,r,s}.pub --online {one,two}.pub >/dev/null || exit 1

# ---- every command there is
full 5 --help
full 5 --version
for command in $(cordon --help | awk '/^  [a-z]/ { print $1 }'); do
	full 5 "$command" --help
done
for command in $(cordon repo --help | awk '/^  [a-z]/ { print $1 }'); do
	full 5 repo "$command" --help
done
for word in '' --json; do
	full 5 --state state log $word
	full 5 --state state update history $word
	full 5 explain --rules lists $word a.example
	full 1 rules diff $word a.rules b.rules		# "changed" stays
done
full 1 repo verify r --json
full 5 rules check a.rules
full 5 rules nft --rules lists
full 5 repo key list .
full 5 repo fleet r
mkdir -p "$box/etc/cordon" && echo {} >"$box/etc/cordon/image.json"
full 1 status			# no daemon: "not in force" stays
full 1 status --json

# ---- a reader that ends early
mkdir -p many/log
seq 20000 | sed "s/.*/$event/" >many/log/events.jsonl
"$build/tests/journal-from" many || exit 1
cordon --state many log 2>said | head -n 1 >/dev/null
is "${PIPESTATUS[0]} $(cat said)" '141 '
(trap '' PIPE; cordon --state many log 2>/dev/null; echo $? >code) | head -n 1 >/dev/null
is "$(cat code)" 5
# Without standard output there is nothing to lose for a command that prints nothing.
cordon status --in-force >&- 2>said
is "$? $(cat said)" '1 '

# ---- damaged lines of the old log, which are counted
cordon --state state log --json >lines
is "$(jq -r 'select(.action).name' lines | sort | uniq -c | tr -s ' ')" ' 6 a.example'
is "$(jq -c 'select(.notice == "taken") | [.file, .lines, .damaged]' lines)" \
	"$(printf '%s\n' '["events.1.jsonl",3,2]' '["events.jsonl",3,3]')"
cordon --state state log --json >/dev/null 2>&1
is $? 0
is "$(cordon --state state update history --json 2>said | jq -r .name | wc -l)" 3
is "$(cat said)" 'cordon update history: 2 damaged lines were skipped'
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
