# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What each process of the daemon may do, as the kernel sees it.

NET_ADMIN=0000000000001000

# field ROLE NAME: a line of /proc/PID/status.
field() {
	local pid
	pid=$(status ".roles[] | select(.role == \"$1\") | .pid")
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$pid/status"
}

# confined ROLE CAPABILITIES
confined() {
	like "$(field "$1" Uid)" '[1-9]*' "user of $1"
	like "$(field "$1" Gid)" '[1-9]*' "group of $1"
	is "$(field "$1" Groups | tr -d ' ')" '' "further groups of $1"
	is "$(field "$1" CapEff)" "$2" "capabilities of $1"
	is "$(field "$1" CapPrm)" "$2" "capabilities that $1 may take"
	is "$(field "$1" NoNewPrivs)" 1 "no_new_privs of $1"
	# Sanitizers call what no filter lets through: their build says that it has none.
	"$CORDON_BIN/cordond" --version | grep -q 'without hardening' ||
		is "$(field "$1" Seccomp)" 2 "system call filter of $1"
}

test_role_dns_is_confined() { confined dns 0000000000000000; }
test_role_journal_is_confined() { confined journal 0000000000000000; }
test_role_rules_is_confined() { confined rules $NET_ADMIN; }

test_roles_have_users_of_their_own() {
	is "$(for role in dns journal rules; do field $role Uid; done | sort -u | wc -l)" 3 'users'
}

# upstreams_only ROLE
upstreams_only() {
	local uid
	uid=$(field "$1" Uid | cut -f1)
	lab gateway setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		dig +time=1 +tries=1 @198.51.100.1 www.agency.example | grep -q NOERROR ||
		fail 'its user does not reach the upstream'
	! lab gateway setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		timeout 2 bash -c 'exec 3<>/dev/tcp/198.51.200.10/80' 2>/dev/null ||
		fail 'its user reaches a web server'
}

test_role_dns_reaches_its_upstreams_only() { upstreams_only dns; }
# Its sockets from a client's address are for the dns role.
test_role_rules_reaches_upstreams_only() { upstreams_only rules; }
