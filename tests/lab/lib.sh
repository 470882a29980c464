# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What the demo and the lab's tests share: what a client tries, in one word what became of it, and
# what Cordon says about it.

PATH=$PATH:/usr/sbin:/sbin
HERE=${HERE:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
ROOT=$(cd "$HERE/../.." && pwd)
export LAB=${LAB:-cordon}
export LAB_DIR=${LAB_DIR:-$ROOT/build/lab/$LAB}
export CORDON_BIN=${CORDON_BIN:-$ROOT/build/bin}
# shellcheck source=tests/lab/collector.sh
. "$HERE/collector.sh"

# A command whose pid matters is started as "$HERE/lab" instead: a function is a process of its own.
lab() { "$HERE/lab" "$@"; }
cordon() { "$LAB_DIR/bin/cordon" "$@"; }
nft_gateway() { lab gateway nft "$@"; }

# require PROGRAM...: what the lab itself does not need.
require() {
	local program missing=''
	for program; do
		command -v "$program" >/dev/null || missing="$missing $program"
	done
	[ -z "$missing" ] && return
	echo "missing programs:$missing; install them with: make deps" >&2
	exit 1
}

# wait_until SECONDS CMD...: false when the time is over and the command never succeeded.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# ---- what a client tries ----

# dns CLIENT DIG-ARGUMENTS...: "NOERROR ANSWER...", "NXDOMAIN", "silence" or "refused".
dns() {
	local number=$1
	shift
	lab client "$number" dig +time=2 +tries=1 +noall +comments +answer "$@" 2>&1 | awk '
		/->>HEADER<<-/ { status = $6; sub(",", "", status) }
		/connection refused/ { silence = "refused" }
		!/^;/ && NF > 4 && $4 != "RRSIG" {
			$1 = $2 = $3 = $4 = ""
			sub("^ +", "")
			answer = answer " " $0
		}
		END { print (status ? status : silence ? silence : "silence") answer }'
}

# dns_ede CLIENT DIG-ARGUMENTS...: "15 (Blocked): (TEXT)", or nothing.
dns_ede() {
	local number=$1
	shift
	lab client "$number" dig +time=2 +tries=1 "$@" | sed -n 's/^; EDE: //p'
}

# web CLIENT URL [CURL-ARGUMENTS...]: "200", "no address", "refused", "no answer" or "error N".
web() {
	local number=$1 code
	shift
	code=$(lab client "$number" curl -s -o /dev/null -w '%{http_code}' --max-time 4 \
		--cacert "$LAB_DIR/internet/ca.pem" "$@") && echo "$code" && return
	case $? in
	6) echo 'no address' ;;
	7) echo refused ;;
	28) echo 'no answer' ;;
	*) echo "error $?" ;;
	esac
}

# connection CLIENT ADDRESS PORT: "open", "refused" or "no answer".
connection() {
	# shellcheck disable=SC2016
	lab client "$1" timeout 3 bash -c 'exec 2>/dev/null 3<>"/dev/tcp/$0/$1"' "$2" "$3" &&
		echo open && return
	case $? in
	124) echo 'no answer' ;;
	*) echo refused ;;
	esac
}

# dot CLIENT RESOLVER: a query over TLS: "NOERROR" or "refused".
dot() {
	lab client "$1" kdig +tls +time=2 +retry=0 "@$2" www.agency.example 2>&1 |
		grep -q 'status: NOERROR' && echo NOERROR || echo refused
}

# ---- what Cordon says ----

# events FILTER: the logged events that the jq filter keeps, one a line.
events() { cordon log --json | jq -c "select($1)"; }
events_are() { [ -n "$(events "$1")" ]; }

# wait_event FILTER: the journal gathers before it writes.
wait_event() { wait_until 8 events_are "$1"; }

explain() { cordon explain --json "$1" | jq -r '"\(.action) \(.rule // "-")"'; }

status() { cordon status --json | jq -r "$1"; }

# True when a load is under way: more than a few queries since the last call.
queries_come() {
	local before=${QUERIES-}
	QUERIES=$(status .dns.queries)
	[ -n "$before" ] && [ "$QUERIES" -gt $((before + 10)) ]
}

# ---- the gateway's daemon under other settings ----

# gateway_with NAME [SED-EXPRESSION...]: fresh state, the lab's settings changed that way.
gateway_with() {
	local name=$1 conf=$LAB_DIR/settings expression
	shift
	[ "$(cat "$LAB_DIR/settings.name" 2>/dev/null)" != "$name" ] || [ "$name" != default ] ||
		[ "$(status .mode)" != enforce ] || return 0
	cp "$HERE/cordon.conf" "$conf"
	for expression; do
		sed -i "$expression" "$conf"
	done
	lab stop
	# Whether the table has an owner is decided when it is made.
	nft_gateway delete table inet cordon 2>/dev/null || :
	rm -rf "$LAB_DIR/state" && mkdir "$LAB_DIR/state"
	LAB_CONF=$conf lab start || return 1
	echo "$name" >"$LAB_DIR/settings.name"
}
