# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A start in which something fails: a disk, a list, an owner, a lock, a descriptor. None of it keeps
# the policy from the kernel, none of it ends the daemon, and none of it needs a restart to mend.

RULES=$LAB_DIR/rules
STATE=$LAB_DIR/state
NAME=downloads.upd.kaspersky.com

setup() {
	fresh
	gcc -o "$LAB_DIR/sockets" "$HERE/sockets.c" || return 1
	gateway_with start "s|^dir = .*|dir = $RULES|"
}

fresh() {
	rm -rf "$RULES"
	cp -r "$ROOT/rules/lists" "$RULES"
}

start() { LAB_CONF=$LAB_DIR/settings lab start; }

# begin_anew: the daemon stopped, its state empty, its lists good.
begin_anew() {
	lab stop
	umount "$STATE/log" 2>/dev/null || :
	umount "$STATE" 2>/dev/null || :
	rm -rf "$STATE" && mkdir "$STATE"
	fresh
}

pid_of() { status ".roles[] | select(.role == \"$1\") | .pid // empty"; }
runs() { [ -n "$(pid_of "$1")" ]; }
in_force() { [ "$(status .in_force)" = true ]; }
source_is() { [ "$(status .source)" = "$1" ]; }
blocks() {
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	is "$(dns 1 @192.168.77.1 $NAME)" NXDOMAIN 'a vendor name'
	is "$(dns 1 @192.168.77.1 www.agency.example)" 'NOERROR 198.51.200.10' 'an innocent name'
}
refuse_lists() {
	printf 'list: site\nversion: 1\n[update]\nthis is not..a name\n' >"$RULES/site.rules"
}
trouble_is() { [[ $(status "[.trouble[].why] | join(\" \")") == *"$1"* ]]; }

test_start_on_a_read_only_disk() {
	local parent
	begin_anew
	mount --bind "$STATE" "$STATE"
	mount -o remount,ro,bind "$STATE"
	start || fail 'it does not start'
	blocks
	is "$(status .source)" 'rule lists' 'where the policy is from'
	trouble_is 'log' || fail "nothing is said of the log: $(status .trouble)"
	parent=$(pid_of parent)
	cordon rules reload >/dev/null || fail 'a reload'
	# It is mended without a restart.
	mount -o remount,rw,bind "$STATE"
	wait_until 45 runs journal || fail 'no journal once the disk can be written'
	is "$(pid_of parent)" "$parent" 'the daemon'
	wait_until 70 test -s "$STATE/policy" || fail 'the policy is not kept'
	begin_anew
}

test_start_on_a_full_disk() {
	begin_anew
	mount -t tmpfs -o size=64k tmpfs "$STATE"
	dd if=/dev/zero of="$STATE/filler" bs=4k 2>/dev/null || :
	start || fail 'it does not start'
	blocks
	lab stop
	umount "$STATE"
}

test_start_with_lists_that_are_refused_takes_the_last_policy() {
	begin_anew
	start
	wait_until 5 test -s "$STATE/policy" || fail 'no policy was kept'
	lab stop
	rm -rf "$STATE/lists" "$STATE/lists.new"
	refuse_lists
	nft_gateway delete table inet cordon
	start || fail 'it does not start'
	blocks
	is "$(status .source)" 'last good policy' 'where the policy is from'
	like "$(status .refused)" '*site.rules:4*' 'why'
	fresh
	cordon rules reload >/dev/null || fail 'the reload of mended lists'
	is "$(status .source)" 'rule lists' 'where the policy is from'
	is "$(status .refused)" null 'what is refused'
}

test_start_without_anything_goes_on_by_itself() {
	local parent
	begin_anew
	start
	wait_until 5 test -s "$STATE/policy" || fail 'no policy was kept'
	lab stop
	rm -rf "$STATE/lists" "$STATE/lists.new"
	printf x | dd of="$STATE/policy" bs=1 seek=200 conv=notrunc status=none
	refuse_lists
	start >/dev/null 2>&1 || :
	is "$(status .in_force)" false 'in force'
	like "$(status .refused)" '*site.rules:4*' 'why'
	[ -e "$STATE/policy.damaged" ] || fail 'the damaged policy is not kept'
	parent=$(pid_of parent)
	fresh
	wait_until 20 in_force || fail 'mended lists are not taken'
	is "$(pid_of parent)" "$parent" 'the daemon'
	blocks
}

# A first start without any policy forwarded everything.
test_start_without_any_policy_is_closed() {
	begin_anew
	nft_gateway delete table inet cordon
	refuse_lists
	start >/dev/null 2>&1 || :
	is "$(status .in_force)" false 'in force'
	is "$(status .closed)" true 'closed'
	is "$(connection 1 77.74.176.10 443)" 'no answer' 'a vendor address'
	is "$(connection 1 198.51.200.10 443)" 'no answer' 'an innocent address'
	is "$(dns 1 @8.8.8.8 $NAME)" silence 'DNS'
	fresh
	wait_until 20 in_force || fail 'mended lists are not taken'
	blocks
	is "$(connection 1 198.51.200.10 443)" open 'an innocent address'
	is "$(status .closed)" false 'closed'
}

# 200,000 networks: what takes longer than the old time limit comes into force, also at a start.
test_start_with_a_large_list_is_waited_for() {
	local began=$SECONDS
	begin_anew
	{
		printf 'list: large\nversion: 1\n[network]\n'
		awk 'BEGIN { for (i = 0; i < 150000; i++)
			printf "%d.%d.%d.%d/32 category=infrastructure\n", 20 + int(i / 8388608), int(i / 32768) % 256, int(i / 128) % 256, i % 128 * 2 }'
	} >"$RULES/large.rules"
	start >/dev/null 2>&1 || :
	wait_until 240 in_force ||
		fail "not in force after $((SECONDS - began)) s: $(status .refused)"
	is "$(status '.roles[] | select(.role == "rules") | .restarts')" 0 \
		'restarts of the rules role'
	is "$(connection 1 20.0.0.4 443)" refused 'an address of the large list'
	blocks
	# The next test need not wait for all of it to be taken away again.
	lab stop
	nft_gateway delete table inet cordon
}

test_start_with_a_log_of_another_user() {
	begin_anew
	start
	dns 1 @192.168.77.1 before.upd.kaspersky.com >/dev/null
	logged '.name == "before.upd.kaspersky.com"'
	lab stop
	chown -R 12345:12345 "$STATE/log"
	start || fail 'it does not start'
	blocks
	dns 1 @192.168.77.1 after-the-owner.upd.kaspersky.com >/dev/null
	logged '.name == "after-the-owner.upd.kaspersky.com"'
	is "$(find "$STATE/log" -user 12345)" '' 'what the other user has still'
}

test_start_with_a_log_that_cannot_be_mended() {
	begin_anew
	start
	wait_until 5 compgen -G "$STATE/log/*.open.db" || fail 'no log'
	lab stop
	chown 12345:12345 "$STATE"/log/*.open.db
	mount --bind "$STATE/log" "$STATE/log"
	mount -o remount,ro,bind "$STATE/log"
	start || fail 'it does not start'
	blocks
	is "$(status .in_force)" true 'in force'
	like "$(status '.trouble[].why')" '*.open.db*12345*chown*' \
		'what is wrong and what to do'
	! cordon status | grep -q 'NOT IN FORCE' || fail 'status says that nothing blocks'
	umount "$STATE/log"
	wait_until 45 runs journal || fail 'no journal once it can be written'
}

# Any local user could lock the file, and no daemon started.
test_start_while_a_local_user_locks_the_pid_file() {
	local holder
	lab stop
	rm -f "$LAB_DIR/run/pid"
	touch "$LAB_DIR/run/pid"
	chmod 644 "$LAB_DIR/run/pid"
	exec 9<"$LAB_DIR/run/pid"
	setpriv --reuid=12345 --regid=12345 --clear-groups bash -c 'flock 9 && sleep 30' &
	holder=$!
	sleep 0.5
	exec 9<&-
	! flock -n "$LAB_DIR/run/pid" true || fail 'nobody holds the lock'
	start || fail 'it does not start'
	kill "$holder"
	is "$(stat -c %a "$LAB_DIR/run/pid")" 600 'the mode of the file'
	blocks
}

# Too many open files was taken for damage: another mode came into force, and the file was removed.
test_start_with_few_descriptors_keeps_the_mode() {
	local parent
	begin_anew
	start
	cordon mode monitor --for 1h --reason 'a test of the lab' --by tester >/dev/null
	lab stop
	(
		ulimit -S -n 13
		start >/dev/null 2>&1 || :
	)
	parent=$(cat "$LAB_DIR/pids/cordond")
	kill -0 "$parent" || fail "it has ended: $(tail -n 3 "$LAB_DIR/cordond.out")"
	grep -q monitor "$STATE/mode" || fail 'the file of the mode is gone'
	prlimit --pid "$parent" --nofile=4096:
	wait_until 60 in_force ||
		fail "no policy once there are descriptors: $(tail -n 5 "$LAB_DIR/cordond.out")"
	wait_until 40 mode_is monitor || fail "the mode is $(status .mode)"
	cordon mode enforce >/dev/null
	blocks
}
mode_is() { [ "$(status .mode)" = "$1" ]; }

test_start_while_another_server_has_the_port() {
	local other
	begin_anew
	nft_gateway delete table inet cordon
	"$HERE/lab" gateway "$LAB_DIR/sockets" hold 53 &
	other=$!
	sleep 0.5
	start || fail 'it does not start'
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	wait_until 8 trouble_is 'another DNS server' ||
		fail "what is in the way: $(status .trouble)"
	kill "$other"
	wait "$other" 2>/dev/null || :
	wait_until 45 answers || fail 'no answer once the port is free'
	blocks
}
answers() { [ "$(dns 1 @192.168.77.1 www.agency.example)" = 'NOERROR 198.51.200.10' ]; }

# A list that took longer than 15 s was applied, killed and applied again, for ever.
test_start_with_a_policy_too_large_for_the_machine() {
	begin_anew
	start
	lab stop
	echo 10000 >"$STATE/rate"
	awk 'BEGIN {
		print "list: site\nversion: 1\n[network]"
		for (i = 0; i < 70000; i++)
			printf "45.%d.%d.%d/32 category=infrastructure evidence=\"a test\"\n",
				64 + i / 32768, i / 128 % 256, i % 128 * 2
	}' >"$RULES/site.rules"
	start || fail "it does not start: $(tail -n 5 "$LAB_DIR/cordond.out")"
	blocks
	is "$(status .source)" 'last good rule lists' 'where the policy is from'
	like "$(status .refused)" '*address and port ranges*at most 600 s*' 'why, with figures'
	fresh
	rm "$STATE/rate"
}

# What a dns role that was taken over did to the shared sockets outlived it.
test_start_of_dns_with_sockets_that_are_not_deaf() {
	local old
	wait_until 10 answers || fail 'not even before'
	old=$(pid_of dns)
	lab gateway "$LAB_DIR/sockets" deaf "$(pid_of dns)" 53 >/dev/null ||
		fail 'no socket was found'
	! answers || fail 'they are not deaf'
	wait_until 15 came_back "$old" || fail 'nobody notices'
	wait_until 5 answers || fail 'the new role is deaf, too'
	grep -q 'is deaf: it is connected' "$LAB_DIR/cordond.out" || fail 'no word of it'
	blocks
	# And when it takes its damage with it into its end.
	old=$(pid_of dns)
	lab gateway "$LAB_DIR/sockets" deaf "$old" 53 >/dev/null
	kill -SEGV "$old"
	wait_until 2 answers || fail 'the sockets of a role that crashed are not made anew'
}
came_back() { [ "$(pid_of dns)" != "$1" ] && [ -n "$(pid_of dns)" ]; }

# wrapped COMMAND: the daemon is started by a shell that first does that in a mount namespace of its
# own.
wrapped() {
	mkdir -p "$LAB_DIR/wrapped"
	printf '#!/bin/sh\nexec unshare --mount sh -c '\''%s; exec "$0" "$@"'\'' %s "$@"\n' "$1" \
		"$CORDON_BIN/cordond" >"$LAB_DIR/wrapped/cordond"
	chmod +x "$LAB_DIR/wrapped/cordond"
	CORDON_BIN=$LAB_DIR/wrapped start >/dev/null 2>&1 || :
}

# "A list may be too large" was said of everything that a role can lack at its start.
test_start_without_proc_says_so_and_goes_on() {
	local parent
	begin_anew
	wrapped 'umount -l /proc'
	parent=$(cat "$LAB_DIR/pids/cordond")
	wait_until 20 why_is rules '/proc/self/exe cannot be executed' ||
		fail "the reason: $(status .roles)"
	is "$(status .in_force)" false 'in force'
	nsenter --mount --root -t "$parent" mount -t proc proc /proc
	wait_until 60 in_force ||
		fail "it does not go on by itself: $(tail -n 3 "$LAB_DIR/cordond.out")"
	is "$(pid_of parent)" "$parent" 'the daemon'
	blocks
	lab stop
}
why_is() { [[ $(status ".roles[] | select(.role == \"$1\") | .why") == *"$2"* ]]; }
