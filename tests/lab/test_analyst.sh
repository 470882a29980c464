# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# An analyst's questions, one command each, as a reader of the log: the answers agree with each other,
# and names that clients chose are inert in each of them.

STATE=$LAB_DIR/state
READER=64498

setup() { gateway_with analyst; }

ask() {
	setpriv --reuid $READER --regid $READER --clear-groups --inh-caps=-all --bounding-set=-all \
		-- "$CORDON_BIN/cordon" --state "$STATE" --run "$LAB_DIR/run" "$@"
}

# The first counted itself and what was only seen; notices were entries "of" events.
test_the_sums_agree() {
	local events
	dns 1 @192.168.77.1 s01.upd.kaspersky.com >/dev/null
	dns 1 @192.168.77.1 dc1.ksn.kaspersky-labs.com >/dev/null
	dns 2 @192.168.77.1 www.kaspersky.com >/dev/null
	dns 2 @192.168.77.1 www.agency.example >/dev/null
	logged '.name == "www.kaspersky.com"'
	wait_until 8 seen_at_all || fail 'presence is not noted'
	events=$(ask log --count --json | jq .events)
	is "$(ask log --json | jq -s 'map(.count // 0) | add')" "$events" 'the sum of the entries'
	is "$(ask log --count --json | jq '[.days[].events] | add')" "$events" 'the sum of the days'
	is "$(ask log --count --json | jq '[.categories[]] | add')" "$events" 'of the categories'
	is "$(ask hosts --json | jq -s 'map(.events) | add')" "$events" 'of the hosts'
	is "$(ask top --json | jq .events)" "$events" 'what top counts'
	is "$(ask top --json | jq '[.clients[].events] | add')" "$events" 'its clients'
	is "$(ask host 192.168.77.11 --json | jq '[.story_days[].events[]] | add')" \
		"$(ask log --count --json --host 192.168.77.11 | jq .events)" 'one host'
	like "$(ask log --count)" "$events events in * entries, * notices*" 'in words'
}
seen_at_all() { [ -n "$(ask log --json --channel seen-dns)" ]; }

# What was only seen, and what does not match, was among the last ones: nothing was printed.
test_the_last_ones_are_those_that_match() {
	local name
	for name in l1 l2 l3; do
		dns 1 @192.168.77.1 $name.upd.kaspersky.com >/dev/null
	done
	dns 2 @192.168.77.1 other.upd.kaspersky.com >/dev/null
	logged '.name == "other.upd.kaspersky.com"'
	is "$(ask log --json --last 2 --host 192.168.77.11 | jq -r .name | paste -sd' ')" \
		'l2.upd.kaspersky.com l3.upd.kaspersky.com' 'of one host'
	is "$(ask log --json --last 1 --notice start | jq -r .notice)" start 'of one kind'
	is "$(ask log --json --last 1 | jq 'has("notice") or .channel == "dns"')" true 'of all'
	is "$(ask log --count --json --last 2 | jq .entries)" 2 'how many'
	is "$(ask log --json --last 1000000 | wc -l)" "$(ask log --json | wc -l)" 'more than all'
	is "$(ask log --json --last 3 --name no.example)" '' 'none'
	is "$(timeout 3 "$LAB_DIR/bin/cordon" log --follow --json --last 1 --host 192.168.77.11 |
		jq -r .name)" l3.upd.kaspersky.com 'and further ones'
}

# The same event has the same members, whichever command prints it.
test_an_event_is_the_same_everywhere() {
	local id boot
	dns 1 @192.168.77.1 s02.upd.kaspersky.com >/dev/null
	logged '.name == "s02.upd.kaspersky.com"'
	id=$(ask log --json --name s02.upd.kaspersky.com | jq -r .id)
	boot=$(ask log --json "$id" | jq -r .boot_id)
	ask log --json "$id" >"$LAB_DIR/event"
	ask why --json "$id" | jq -c .event >"$LAB_DIR/why"
	ask host --json 192.168.77.11 | jq -c ".story[] | select(.id == \"$id\")" >"$LAB_DIR/host"
	is "$(jq -cS . "$LAB_DIR/why")" "$(jq -cS . "$LAB_DIR/event")" 'why'
	is "$(jq -cS . "$LAB_DIR/host")" "$(jq -cS . "$LAB_DIR/event")" 'host'
	ask host --json 192.168.77.11 | grep -q '"uptime":[0-9]*\.[0-9]\{4,\}' &&
		fail 'uptimes have rounding noise'
	# With the boot id that the JSON has, too.
	is "$(ask log --json "$boot:${id#*:}" | jq -r .id)" "$id" 'the long id'
	ask why "$boot:${id#*:}" >/dev/null || fail 'why refuses the long id'
}

# refused TEXT WORD...: wrong usage, which says that.
refused() {
	local text=$1 code=0
	shift
	ask "$@" >"$LAB_DIR/said" 2>&1 || code=$?
	is "$code" 2 "the exit code of $*"
	like "$(cat "$LAB_DIR/said")" "*$text*" "what $* says"
}

test_wrong_words_are_no_empty_answers() {
	refused 'a kind of notice' log --notice modes
	refused 'a time after that of --since' log --since 2026-11-29 --until 2026-11-28
	refused 'a time after that of --since' host --since 1h --until 2h 192.168.77.11
	refused 'cordon host' log --host PC-17
	refused 'such as 2026-11-28' log --since yesterday
	ask log --count --since '2026-11-29T13:00:00+01:00' --until 2030-01-01 >/dev/null ||
		fail 'a time with a zone'
}

test_since_when_the_log_is_whole_in_words() {
	like "$(ask status)" "*log        whole since $(status .log.whole_since | cut -c 1-19)Z, *" \
		'the status'
}

# control FILE: bytes that control a terminal, and marks of direction.
control() { LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' "$1"; }

test_hostile_names_are_inert_everywhere() {
	local name format label id
	for name in '=cmd|calc!a0' '\027[31mred\007' '%s%n%x' 'a\"b\,c\;d\013\010e' \
		'\226\128\174gnp' '\@x' '+1' '\009tab' '\000nul' '\194\155x'; do
		dns 2 @192.168.77.1 -q "$name.upd.kaspersky.com" >/dev/null
	done
	label=$(printf 'a%.0s' $(seq 63))
	dns 2 @192.168.77.1 "$label.$label.$label.$(printf 'b%.0s' $(seq 43)).upd.kaspersky.com" \
		>/dev/null
	logged "(.name // \"\") | startswith(\"$label.$label\")"
	# A table that others made names hosts, too.
	printf 'ip,name,user,site\n192.168.77.12,=cmd()|x,"a\033[31ml","HQ, \342\200\256 \302\233"\n' \
		>"$LAB_DIR/hostile.csv"
	cordon names load --from table "$LAB_DIR/hostile.csv" >/dev/null
	cordon mode monitor --for 5m --by '=cmd()' --reason '%s%n' >/dev/null
	cordon mode enforce >/dev/null
	logged '.by == "=cmd()"'
	id=$(ask log --json --host 192.168.77.12 | tail -n 1 | jq -r .id)
	for format in 'log' 'log --json' 'hosts' 'hosts --json' 'host 192.168.77.12' \
		'host --json 192.168.77.12' 'names' 'names --json' 'top --once' 'top --json' \
		"why $id" "why --json $id" 'log --count' 'status' 'log verify' \
		"hosts --inventory $LAB_DIR/hostile.csv" \
		"hosts --json --inventory $LAB_DIR/hostile.csv"; do
		# shellcheck disable=SC2086
		ask $format >"$LAB_DIR/said" 2>&1 || [ $? = 4 ] || fail "$format: $(cat "$LAB_DIR/said")"
		! control "$LAB_DIR/said" || fail "$format: $(cat -v "$LAB_DIR/said")"
	done
	# RFC 4180: what a spreadsheet takes for a formula begins no field.
	ask log --csv | tr -d '\r' >"$LAB_DIR/said"
	! control "$LAB_DIR/said" || fail "csv: $(cat -v "$LAB_DIR/said")"
	grep -E '(^|,)"?[=@+]' "$LAB_DIR/said" >"$LAB_DIR/formulas" &&
		fail "formulas: $(cat "$LAB_DIR/formulas")"
	# What a script hands on from a log comes back inert.
	refused 'expected an address' log --host "$(printf '\033[31mx')"
	! control "$LAB_DIR/said" || fail "usage: $(cat -v "$LAB_DIR/said")"
	like "$(cordon mode monitor --for 5m --by "$(printf 'a\nb')" --reason x 2>&1 || :)" \
		'*--by: expected one line*' 'a name of two lines'
	cordon names remove table
}
