# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Signed releases: from a publisher's keyboard to what three gateways enforce, and what an attacker
# who has the mirror can do about it: nothing but show in the status.

# shellcheck source=tests/lab/repo.sh
. "$ROOT/tests/lab/repo.sh"

update_lines() {
	cat <<-END

	[update]
	trust-root = $LAB_DIR/root.json
	mirror = $MIRROR_URL
	mirror-ca = $LAB_DIR/internet/ca.pem
	collector = ${MIRROR_URL}receipts/
	interval = ${1-1h}
	END
}

# gateway_update NAME [INTERVAL]: the lab's gateway, fresh, with signed updates.
gateway_update() {
	cp "$HERE/cordon.conf" "$LAB_DIR/update.conf"
	update_lines "${2-1h}" >>"$LAB_DIR/update.conf"
	[ -z "${3-}" ] || sed -i "$3" "$LAB_DIR/update.conf"
	lab stop
	rm -rf "$LAB_DIR/state" && mkdir "$LAB_DIR/state"
	device_enrol lab-gateway "$LAB_DIR/state"
	echo "$1" >"$LAB_DIR/settings.name"
	LAB_CONF=$LAB_DIR/update.conf lab start
	wait_until 5 role_is_up update
}

gateway_restart() {
	lab stop
	LAB_CONF=$LAB_DIR/update.conf lab start
	wait_until 5 role_is_up update
}

role_is_up() { [ "$(status ".roles[] | select(.role == \"$1\") | .pid")" != null ]; }

update() { cordon update status --json | jq -r "$1"; }
update_now() { cordon update now 2>&1; }
# The one that follows what is published now, once that is in force.
next_release() { cordon update now >/dev/null && echo $(($(update .release) + 1)); }
release_is() { [ "$(update .release)" = "$1" ]; }

setup() { repo_new && gateway_update update; }

test_update_first_release_comes_into_force() {
	local text
	# It looks by itself two seconds after its start.
	wait_until 15 release_is 1 ||
		fail "no release: $(cordon update status; cordon update history)"
	is "$(update '.signers | length')" 3 'signers'
	is "$(update .freshness)" fresh 'freshness'
	is "$(update .refusal)" null 'refusal'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	is "$(dns 1 @192.168.77.1 www.agency.example)" 'NOERROR 198.51.200.10' 'an innocent name'
	text=$(cordon explain downloads.upd.kaspersky.com)
	like "$text" '*signed *release 1 by *' 'explain'
	like "$(cordon status)" '*update *release 1, fresh*' 'status'
	like "$(cordon update history)" '*accepted*release 1*' 'history'
}

test_update_words_and_fields() {
	local length
	cordon update now >/dev/null
	is "$(cordon update --json | jq .release)" 1 'update --json is update status --json'
	length=$(cordon update status | wc -L)
	[ "$length" -le 80 ] || fail "update status has lines of $length columns"
	cordon update hold --reason 'ticket 7' --by jdoe >/dev/null
	like "$(cordon update status)" '*held *by jdoe: ticket 7*' 'status'
	cordon update release >/dev/null
	like "$(cordon update history)" \
		'*Z  accepted  release 1, state*Z  held      by jdoe: ticket 7*' 'history'
	cordon update history --json | jq -es 'map(.event) | index("held") and index("released")' \
		>/dev/null || fail "history: $(cordon update history --json)"
}

test_update_receipt_comes_to_the_collector() {
	wait_until 10 test -e "$MIRROR/receipts/lab-gateway.json" || fail 'no receipt on the mirror'
	is "$(jq -r .signed.release "$MIRROR/receipts/lab-gateway.json")" 1 'release'
	is "$(jq -r .signed.result "$MIRROR/receipts/lab-gateway.json")" accepted 'result'
	wait_until 5 receipt_is delivered || fail "receipt: $(update .receipt)"
	# Whose key that is, is unknown until a person reads it on the appliance.
	like "$(repo fleet "$MIRROR" 2>&1)" '*unknown*no list names the owner*' \
		'fleet without a list'
	is "$(cordon update device | head -n 1)" \
		"lab-gateway,$(update .device_key),$(update .ring)" 'the line for the list'
	fleet >/dev/null || fail "fleet: $(fleet 2>&1)"
}
fleet() {
	cordon update device | head -n 1 >"$LAB_DIR/fleet.csv"
	repo fleet "$MIRROR" --expect "$LAB_DIR/fleet.csv"
}

# The newest checkpoint of the log goes with it; the publisher keeps it, and an auditor compares.
test_update_receipt_brings_a_checkpoint() {
	local kept=$MIRROR/checkpoints/lab-gateway
	wait_until 10 test -e "$MIRROR/receipts/lab-gateway.json" || fail 'no receipt on the mirror'
	jq -r .signed.checkpoint "$MIRROR/receipts/lab-gateway.json" >"$LAB_DIR/note"
	like "$(cat "$LAB_DIR/note")" 'cordon/lab-gateway*' 'the checkpoint'
	fleet >/dev/null || fail "fleet: $(fleet 2>&1)"
	is "$(cat "$kept")" "$(cat "$LAB_DIR/note")" 'what is kept'
	fleet >/dev/null
	is "$(grep -c '^boot' "$kept")" 1 'what is kept after nothing new'
	cordon log verify --checkpoint "$kept" >/dev/null ||
		fail "verify: $(cordon log verify --checkpoint "$kept")"
}

# put CERTIFICATE NAME [METHOD]: the status of what anybody sends to the collector.
put() {
	local own=()
	[ -z "$1" ] || own=(--cert "$1" --key "$1")
	echo 'not a receipt' | lab client curl -s -o /dev/null -w '%{http_code}' --cacert \
		"$LAB_DIR/internet/ca.pem" --resolve mirror.agency.example:443:198.51.200.10 \
		"${own[@]}" -X "${3-PUT}" --data-binary @- \
		"https://mirror.agency.example/receipts/$2"
}

test_update_collector_takes_from_each_its_own_name_alone() {
	local receipt=$MIRROR/receipts/lab-gateway.json before device=$LAB_DIR/device.pem
	local stranger=$LAB_DIR/stranger.pem forged=$LAB_DIR/forged.pem
	wait_until 10 test -e "$receipt" || fail 'no receipt on the mirror'
	before=$(sha256sum "$receipt")
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj \
		/CN=lab-gateway -keyout "$stranger" -out "$stranger.crt" 2>/dev/null &&
		cat "$stranger.crt" >>"$stranger"
	# An appliance that is in the list vouches for nobody.
	cp "$LAB_DIR/state/collector.pem" "$device"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj \
		/CN=branch-9 -CA "$device" -CAkey "$device" -keyout "$forged" -out "$forged.crt" \
		2>/dev/null
	cat "$forged.crt" "$device" >>"$forged"
	is "$(put '' lab-gateway.json)" 403 'without a certificate'
	is "$(put "$stranger" lab-gateway.json)" 403 'the name in a certificate that nobody knows'
	is "$(put "$device" branch-9.json)" 403 'another name'
	is "$(put "$forged" branch-9.json)" 400 'a certificate that an appliance signed'
	is "$(put "$device" ../metadata/timestamp.json)" 405 'a file of the mirror'
	is "$(put "$device" lab-gateway.txt)" 403 'another ending'
	is "$(put "$device" lab-gateway.json/x.json)" 403 'a folder'
	is "$(put "$device" lab-gateway.json DELETE)" 403 'DELETE'
	is "$(put '' lab-gateway.json GET)" 403 'reading'
	is "$(sha256sum "$receipt")" "$before" 'the receipt after that'
	is "$(put "$device" lab-gateway.json)" 204 'its own name'
	is "$(cat "$receipt")" 'not a receipt' 'what it wrote'
	gateway_restart
	wait_until 10 receipt_is_back || fail "its receipt: $(update .receipt)"
	is "$(find "$MIRROR/receipts" -type f | wc -l)" 1 'files of the collector'
}
receipt_is_back() {
	[ "$(jq -r .signed.appliance "$MIRROR/receipts/lab-gateway.json" 2>/dev/null)" = \
		lab-gateway ]
}

# The certificate of cordond's own making, from the box to the collector by hand.
test_update_device_is_known_by_the_certificate_that_it_shows() {
	lab stop
	rm "$LAB_DIR/state/collector.pem"
	LAB_CONF=$LAB_DIR/update.conf lab start
	wait_until 10 receipt_like '*status 403*does it know this appliance*' ||
		fail "receipt: $(update .receipt)"
	is "$(stat -c %a "$LAB_DIR/state/collector.pem")" 600 'mode of its key'
	cordon update device | tail -n +2 >"$LAB_DIR/certificate"
	collector_takes "$LAB_DIR/certificate"
	cordon update now >/dev/null || fail "$(update_now)"
	wait_until 10 receipt_is delivered || fail "receipt: $(update .receipt)"
	gateway_restart
	wait_until 10 receipt_is delivered || fail "receipt after a restart: $(update .receipt)"
}
# shellcheck disable=SC2053
receipt_like() { [[ "$(update .receipt)" = $1 ]]; }

receipt_is() { [ "$(update .receipt)" = "$1" ]; }

test_update_with_nothing_new_is_two_requests_on_one_connection() {
	local before
	# The one that nobody asked for: what is asked for is offered again in any case.
	sed -i 's/^interval = .*/interval = 10s/' "$LAB_DIR/update.conf"
	gateway_restart
	wait_until 10 receipt_is delivered || fail 'no look'
	before=$(gets | wc -l)
	wait_until 20 more_gets_than "$before" || fail 'no further look'
	sleep 0.5
	is "$(gets | tail -n +$((before + 1)) | sed 's/.* //' | tr '\n' ' ')" \
		'/metadata/2.root.json /metadata/timestamp.json ' 'requests'
	is "$(gets | tail -n +$((before + 1)) | sed 's/ .*//' | sort -u | wc -l)" 1 'connections'
	is "$(update .requests)" 2 'requests in the status'
	sed -i 's/^interval = .*/interval = 1h/' "$LAB_DIR/update.conf"
	gateway_restart
}
gets() { grep ' GET ' "$LAB_DIR/internet/mirror.log"; }
more_gets_than() { [ "$(gets | wc -l)" -gt "$1" ]; }

test_update_role_is_confined() {
	local pid uid
	pid=$(status '.roles[] | select(.role == "update") | .pid')
	uid=$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")
	[ "$uid" -gt 0 ] || fail 'it runs as root'
	is "$(awk '/^CapEff:/ { print $2 }' "/proc/$pid/status")" 0000000000000000 'capabilities'
	is "$(readlink "/proc/$pid/root")" "$LAB_DIR/state/update" 'its root'
	lab gateway setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		timeout 2 bash -c 'exec 3<>/dev/tcp/198.51.200.10/443' ||
		fail 'no way to the mirror'
	! lab gateway setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		timeout 2 bash -c 'exec 3<>/dev/tcp/198.51.200.10/80' 2>/dev/null ||
		fail 'its user reaches another port'
	! lab gateway setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		dig +time=1 +tries=1 @198.51.100.1 www.agency.example | grep -q NOERROR ||
		fail 'its user asks the upstream itself'
}

test_update_role_that_dies_is_started_again() {
	local pid
	pid=$(status '.roles[] | select(.role == "update") | .pid')
	kill -KILL "$pid"
	wait_until 5 new_update_role "$pid" || fail 'it is not started again'
	wait_until 5 cordon update now || fail "it does not look: $(update_now)"
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
}
new_update_role() {
	local now
	now=$(status '.roles[] | select(.role == "update") | .pid')
	[ "$now" != null ] && [ "$now" != "$1" ]
}

# says PID COUNT: as if the role had been taken over: its own descriptor (pidfd_open, pidfd_getfd),
# and on it COUNT looks that failed (MESSAGE_ATTEMPT), each for another reason.
says() {
	local type
	type=$(grep -o '^	MESSAGE_[A-Z]*' "$ROOT/appliance/ipc/message.h" |
		grep -n 'MESSAGE_ATTEMPT$' | cut -d: -f1)
	perl -e '
		my ($pid, $count, $type) = @ARGV;
		my $role = syscall(434, $pid + 0, 0);
		my $channel = syscall(438, $role, 3, 0);
		open(my $socket, "+<&=", $channel) or die "no channel";
		$SIG{PIPE} = "IGNORE";
		for my $i (1 .. $count) {
			send($socket, pack("nCNN", $type - 1, 2, 0, 1) . pack("n/a* n/a*", "mirror",
				"\x1b[2J\xff reason $i"), 0) or last;
		}
	' "$@" "$type"
}

test_update_role_that_floods_is_started_again() {
	local pid lines
	wait_until 15 release_is 1
	pid=$(status '.roles[] | select(.role == "update") | .pid')
	lines=$(wc -l <"$LAB_DIR/state/history.jsonl")
	says "$pid" 20 || fail 'no way into the channel'
	wait_until 5 says_failure '?[2J? reason 20' || fail "failure: $(update .failure)"
	! cordon update status >/dev/null || fail 'status says that all is well'
	says "$pid" 20000
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	wait_until 5 new_update_role "$pid" || fail 'it goes on'
	[ "$(wc -l <"$LAB_DIR/state/history.jsonl")" -le $((lines + 16)) ] ||
		fail 'it fills the history'
	wait_until 5 cordon update now || fail "it does not look: $(update_now)"
	is "$(update .failure)" null 'the failure after a good look'
}
says_failure() { [ "$(update .failure)" = "$1" ]; }

test_update_next_release_comes_into_force() {
	site_list 1 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	is "$(dns 1 @192.168.77.1 newly-blocked.gov)" 'NOERROR 198.51.200.10' 'before'
	repo_release "$LAB_DIR/site.rules"
	like "$(update_now)" '*release 2, state *in force*' 'update now'
	is "$(dns 1 @192.168.77.1 newly-blocked.gov)" NXDOMAIN 'the new name'
	like "$(cordon explain --json newly-blocked.gov)" '*"release":2*' 'explain'
}

test_update_survives_a_restart_without_the_mirror() {
	local before
	cordon update now >/dev/null
	before=$(update .release)
	mirror_answers 'return 503;'
	gateway_restart
	is "$(update .release)" "$before" 'release'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	! cordon update now >/dev/null 2>&1 || fail 'a look at a broken mirror went well'
	like "$(update .failure)" '*503*' 'the failure'
	! cordon update status >/dev/null || fail 'status says that all is well'
	mirror_answers
	cordon update now >/dev/null
	cordon update status >/dev/null || fail 'status says that something is wrong'
}

test_update_damaged_bundle_falls_back_and_heals() {
	local before
	cordon update now >/dev/null
	before=$(update .release)
	lab stop
	printf 'x' | dd of="$LAB_DIR/state/bundle" bs=1 seek=300 conv=notrunc status=none
	mirror_answers 'return 503;'
	LAB_CONF=$LAB_DIR/update.conf lab start
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	is "$(update .release)" 0 'release'
	mirror_answers
	wait_until 5 cordon update now
	is "$(update .release)" "$before" 'release after the next look'
}

# ---- what a person does ----

test_update_hold_takes_nothing_until_release() {
	local next
	next=$(next_release)
	cordon update hold --reason 'change freeze' --by jdoe >/dev/null
	site_list 2 '[update]' 'newly-blocked.gov evidence="a test of the lab"' \
		'held.example evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	like "$(update_now)" "*release $next is verified and held*" 'update now'
	is "$(update .release)" $((next - 1)) 'release'
	is "$(update .waiting)" "$next" 'waiting'
	like "$(cordon update status)" '*held *jdoe: change freeze*' 'status'
	cordon update release >/dev/null
	wait_until 10 release_is "$next" || fail 'it is not taken after the release'
	is "$(update .waiting)" null 'waiting after the release'
}

test_update_publisher_holds_a_release() {
	local next
	next=$(next_release)
	site_list 3 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	repo hold "$MIRROR" --key "$(online)" >/dev/null
	like "$(update_now)" "*release $next is verified and held*" 'update now'
	repo hold "$MIRROR" --lift --key "$(online)" >/dev/null
	like "$(update_now)" "*release $next*in force*" 'after the hold'
}

test_update_ring_waits_for_its_turn() {
	local next
	next=$(next_release)
	site_list 4 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	repo add "$MIRROR" "$LAB_DIR/site.rules" --ring canary=0s --ring broad=1h >/dev/null
	repo_sign alice bob
	repo publish "$MIRROR" --key "$(online)" >/dev/null
	like "$(update_now)" "*release $next is verified and waits until *ring broad*" 'ring broad'
	is "$(update .release)" $((next - 1)) 'release'
	is "$(update .freshness)" fresh 'freshness while it waits'
	sed -i '/^interval/i ring = canary' "$LAB_DIR/update.conf"
	gateway_restart
	wait_until 10 release_is "$next" || fail 'ring canary does not take it'
}

test_update_from_a_stick() {
	local stick=$LAB_DIR/stick next
	next=$(next_release)
	site_list 5 '[update]' 'newly-blocked.gov evidence="a test of the lab"' \
		'on-a-stick.example evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules" --ring broad=0s
	rm -rf "$stick" && mkdir "$stick"
	cp -r "$MIRROR/metadata" "$MIRROR/targets" "$stick/"
	mirror_answers 'return 503;'
	like "$(cordon update from "$stick" 2>&1)" "*release $next*in force*" 'from the stick'
	is "$(jq -r .signed.release "$stick/receipts/lab-gateway.json")" "$next" 'the receipt on it'
	is "$(dns 1 @192.168.77.1 on-a-stick.example)" NXDOMAIN 'its name'
	is "$(find "$LAB_DIR/state/update" -name 'incoming*')" '' 'what was copied'
	mirror_answers
}

# Links, pipes and second names where the receipt would go and where files are read.
test_update_hostile_stick_harms_nobody() {
	local stick=$LAB_DIR/stick before
	before=$(update .release)
	rm -rf "$stick/receipts/"* && mkdir -p "$stick/receipts" \
		"$stick/metadata/deep/deeper/deepest"
	echo precious >"$LAB_DIR/precious"
	ln -s "$LAB_DIR/precious" "$stick/receipts/lab-gateway.json"
	mkfifo "$stick/receipts/lab-gateway.json.new" "$stick/metadata/pipe"
	ln -s /etc "$stick/metadata/link"
	timeout 20 "$LAB_DIR/bin/cordon" update from "$stick" >/dev/null 2>&1 ||
		[ $? -ne 124 ] || fail 'it hangs'
	[ ! -L "$stick/receipts/lab-gateway.json" ] && [ -f "$stick/receipts/lab-gateway.json" ] ||
		fail 'no receipt in place of the link'
	rm "$stick/receipts/lab-gateway.json"
	ln "$LAB_DIR/precious" "$stick/receipts/lab-gateway.json.new"
	timeout 20 "$LAB_DIR/bin/cordon" update from "$stick" >/dev/null 2>&1 ||
		[ $? -ne 124 ] || fail 'it hangs at a second name'
	is "$(cat "$LAB_DIR/precious")" precious 'a file beside the stick'
	is "$(update .release)" "$before" 'release'
	is "$(find "$LAB_DIR/state/update" -name 'incoming*')" '' 'what was copied'
	rm -rf "$stick/metadata/"{deep,link,pipe} "$stick/receipts/"*
}

# Root's mask keeps strangers out, and the update role is one; a command before was ended in the
# middle.
test_update_from_with_a_strict_mask() {
	mkdir -p "$LAB_DIR/state/update/incoming-4194399/metadata"
	(umask 077 && cordon update from "$LAB_DIR/stick" >/dev/null 2>&1) ||
		fail "$(umask 077; cordon update from "$LAB_DIR/stick" 2>&1)"
	is "$(find "$LAB_DIR/state/update" -name 'incoming*')" '' 'what was copied'
}

test_update_half_copied_stick_is_refused() {
	local stick=$LAB_DIR/stick before
	mkdir -p "$stick"
	before=$(update .release)
	rm -rf "$stick/targets" "$stick/metadata"
	! cordon update from "$stick" >/dev/null 2>&1 || fail 'an empty folder was taken'
	cp -r "$MIRROR/metadata" "$stick/"
	site_list 6 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	cp -r "$MIRROR/metadata" "$stick/"
	! cordon update from "$stick" >/dev/null 2>&1 || fail 'one without targets was taken'
	is "$(update .release)" "$before" 'release'
	ln -s /etc/shadow "$stick/targets"
	! cordon update from "$stick" >/dev/null 2>&1 || fail 'one with a link was taken'
}

test_update_push_over_ssh() {
	local bin=$LAB_DIR/fake-ssh
	site_list 7 '[update]' 'pushed.example evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	mkdir -p "$bin"
	# What sshd would run on the appliance; the words before it are "-- HOST".
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nshift 2\nPATH=%s:$PATH exec sh -c "$*"\n' "$LAB_DIR/bin" >"$bin/ssh"
	chmod +x "$bin/ssh"
	like "$(PATH=$bin:$PATH cordon update push appliance "$MIRROR" 2>&1)" \
		'*release *in force*' 'push'
	is "$(dns 1 @192.168.77.1 pushed.example)" NXDOMAIN 'its name'
	like "$(echo nonsense | cordon update receive 2>&1)" '*expected a tar archive*' 'nonsense'
	is "$(find "$LAB_DIR/run" -name 'received*')" '' 'what was unpacked'
}

test_update_second_mirror_answers_when_the_first_is_dead() {
	local conf=$LAB_DIR/update.conf
	sed -i "s|^mirror = .*|mirror = https://192.0.2.66:443/\n&|" "$conf"
	sed -i 's|https://192.0.2.66:443/|https://198.51.100.1:443/|' "$conf"
	gateway_restart
	cordon update now >/dev/null || fail "$(update_now)"
	like "$(update .source)" '*mirror.agency.example*' 'the source'
	sed -i '/198.51.100.1:443/d' "$conf"
	gateway_restart
}

# The first mirror goes on with what it had; the second is honest.
test_update_second_mirror_is_asked_when_the_first_holds_back() {
	local conf=$LAB_DIR/update.conf
	cp "$conf" "$conf.good"
	rm -rf "$MIRROR/held" && mkdir "$MIRROR/held"
	cp -r "$MIRROR/metadata" "$MIRROR/targets" "$MIRROR/held/"
	sed -i "s|^mirror = .*|mirror = ${MIRROR_URL}held/\n&\nstale-after = 10s|" "$conf"
	gateway_restart
	cordon update now >/dev/null || fail "$(update_now)"
	sleep 10
	repo timestamp "$MIRROR" --key "$(online)" >/dev/null
	cordon update now >/dev/null || fail "$(update_now)"
	wait_until 5 freshness_is fresh || fail "freshness: $(update .freshness)"
	like "$(update .source)" "*$MIRROR_URL" 'the source'
	rm -rf "$MIRROR/held"
	cp "$conf.good" "$conf"
	gateway_restart
}

# The disk fails, and an administrator has to disarm.
test_update_mode_changes_without_the_bundle_on_disk() {
	local before
	before=$(update .release)
	mv "$LAB_DIR/state/bundle" "$LAB_DIR/bundle.kept"
	mkdir "$LAB_DIR/state/bundle"
	cordon mode monitor --for 60 --reason 'a test of the lab' --by tester >/dev/null ||
		fail 'no monitor mode'
	is "$(status .mode)" monitor 'the mode'
	cordon mode enforce >/dev/null || fail 'no way back'
	is "$(update .release)" "$before" 'release'
	# A release that comes meanwhile is in force, and stays so.
	site_list 6.1 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	cordon update now >/dev/null || fail "$(update_now)"
	is "$(update .release)" $((before + 1)) 'the next release'
	cordon mode monitor --for 60 --reason 'a test of the lab' --by tester >/dev/null
	cordon mode enforce >/dev/null
	is "$(update .release)" $((before + 1)) 'the next release after changes of mode'
	rmdir "$LAB_DIR/state/bundle"
	mv "$LAB_DIR/bundle.kept" "$LAB_DIR/state/bundle"
	gateway_restart
	wait_until 10 release_is $((before + 1)) || fail 'it is not taken again'
}

# A role that was taken over left another repository's state behind.
test_update_poisoned_folder_of_the_role() {
	local state=$LAB_DIR/state/update before
	before=$(update .release)
	lab stop
	cp "$state/root.json" "$LAB_DIR/root.kept"
	jq -c '.signed.version = 7' "$LAB_DIR/root.kept" >"$state/root.json"
	cp "$state/root.json" "$state/roots/7.root.json"
	echo '{}' >"$state/timestamp.json"
	LAB_CONF=$LAB_DIR/update.conf lab start
	wait_until 5 role_is_up update
	wait_until 5 cordon update now || fail "$(update_now)"
	cmp "$state/root.json" "$LAB_DIR/root.kept" || fail 'its root is believed'
	is "$(update .release)" "$before" 'release'
	is "$(update .freshness)" fresh 'freshness'
}

test_update_wrong_certificate_is_refused() {
	local conf=$LAB_DIR/update.conf
	cp "$conf" "$conf.good"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 \
		-subj '/CN=Other CA' -keyout "$LAB_DIR/other.key" -out "$LAB_DIR/other.pem" \
		2>/dev/null
	sed -i "s|^mirror-ca = .*|mirror-ca = $LAB_DIR/other.pem|" "$conf"
	gateway_restart
	! cordon update now >/dev/null 2>&1 || fail 'a certificate of a stranger was taken'
	like "$(update .failure)" '*certificate*' 'the reason'
	sed -i "s|^mirror-ca = .*|mirror-pin = sha256:$(openssl x509 -in \
		"$LAB_DIR/internet/server.pem" -noout -pubkey | openssl pkey -pubin -outform der |
		sha256sum | cut -d' ' -f1)|" "$conf"
	gateway_restart
	cordon update now >/dev/null || fail "the right pin: $(update_now)"
	cp "$conf.good" "$conf"
	gateway_restart
}

# One look after the other: each one's answer is its own.
test_update_answers_belong_to_their_looks() {
	local stick=$LAB_DIR/stick next
	next=$(next_release)
	site_list 7.5 '[update]' 'newly-blocked.gov evidence="a test of the lab"' \
		'answers.example evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	rm -rf "$stick" && mkdir "$stick" && cp -r "$MIRROR/metadata" "$MIRROR/targets" "$stick/"
	mirror_answers 'limit_rate 2000;'
	cordon update release >/dev/null
	like "$(cordon update from "$stick" 2>&1)" "*release $next*in force*" 'from the stick'
	mirror_answers
	cordon update now >/dev/null
}

test_update_wrong_trust_root_is_named() {
	local conf=$LAB_DIR/update.conf text
	cp "$conf" "$conf.good"
	echo 'not a root' >"$LAB_DIR/wrong.json"
	sed -i \
		"s|^trust-root = .*|trust-root = $LAB_DIR/wrong.json|; s|^mirror-ca = .*|mirror-ca = /none|" \
		"$conf"
	if text=$("$CORDON_BIN/cordond" --check --config "$conf" 2>&1); then
		fail '--check says that it is clean'
	fi
	like "$text" '*wrong.json*/none*' 'what --check says'
	mv "$LAB_DIR/state/update/root.json" "$LAB_DIR/kept-root.json"
	gateway_restart
	! cordon update now >/dev/null 2>&1 || fail 'a look went well'
	like "$(update .failure)" '*wrong.json*' 'the failure'
	is "$(status '.roles[] | select(.role == "update") | .restarts')" 0 'restarts'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
	mv "$LAB_DIR/kept-root.json" "$LAB_DIR/state/update/root.json"
	cp "$conf.good" "$conf"
	gateway_restart
}

# ---- the attacker has the mirror: nothing changes but the status ----

# unchanged WHAT: the look fails, and what is in force stays.
unchanged() {
	local text
	if text=$(timeout 60 "$LAB_DIR/bin/cordon" update now 2>&1); then
		case $text in
		*"release $RELEASE, state $STATE in force"*) ;;
		*) fail "$1: $text" ;;
		esac
	fi
	is "$(update .release)" "$RELEASE" "$1: release"
	is "$(status .state)" "$STATE" "$1: state"
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN "$1: a vendor name"
}

attack_begin() {
	cordon update now >/dev/null
	RELEASE=$(update .release)
	STATE=$(status .state)
	mirror_keep
}

test_attack_old_release() {
	mirror_keep
	site_list 77 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	cordon update now >/dev/null
	RELEASE=$(update .release)
	STATE=$(status .state)
	cp -r "$MIRROR" "$LAB_DIR/newest"
	mirror_restore
	unchanged 'an old release'
	like "$(update .failure)" '*timestamp*' 'the reason'
	rm -rf "$MIRROR" && mv "$LAB_DIR/newest" "$MIRROR"
}

test_attack_unsigned_list() {
	attack_begin
	find "$MIRROR/targets" -name '*.kaspersky.rules' -exec sed -i '/^=downloads/d' {} +
	rm -f "$LAB_DIR"/state/update/*.target
	unchanged 'a list that was edited'
	mirror_restore
}

# The attacker has the online key and one person's.
test_attack_list_signed_by_one_of_two() {
	attack_begin
	local rules snapshot version
	rules=$(find "$MIRROR/metadata" -name '*.rules.json' | sort -V | tail -n 1)
	snapshot=$(find "$MIRROR/metadata" -name '*.snapshot.json' | sort -V | tail -n 1)
	version=$(jq .signed.version "$rules")
	cp "$rules" "$MIRROR/metadata/$((version + 1)).rules.json"
	forge_sign "$MIRROR/metadata/$((version + 1)).rules.json" \
		'.version += 1 | .targets = {}' "$KEYS/alice.pem"
	version=$(jq .signed.version "$snapshot")
	cp "$snapshot" "$MIRROR/metadata/$((version + 1)).snapshot.json"
	forge_sign "$MIRROR/metadata/$((version + 1)).snapshot.json" \
		'.version += 1 | .meta."rules.json" = {version: (.meta."rules.json".version + 1)}' \
		"$(online)"
	forge_sign "$MIRROR/metadata/timestamp.json" \
		'.version += 1 | .meta."snapshot.json" |= {version: (.version + 1)}' \
		"$(online)"
	unchanged 'one of two signatures'
	like "$(update .failure)" '*1 of 2*' 'the reason'
	# Its timestamp has been seen, and the honest one is behind it: which a person sees.
	mirror_restore
	unchanged 'the honest mirror, behind the forged timestamp'
	! cordon update status >/dev/null || fail 'status says that all is well'
}

# The way out of a stolen online key: three people sign a root with another one.
test_attack_stolen_online_key_is_rotated_away() {
	local role
	repo key new --dir "$KEYS" --no-passphrase fresh >/dev/null
	for role in snapshot timestamp; do
		repo rotate "$MIRROR" "$role" --add "$KEYS/fresh.pub" --remove online >/dev/null
	done
	repo_sign alice bob carol
	repo publish "$MIRROR" --key "$KEYS/fresh.pem" >/dev/null
	cordon update now >/dev/null || fail "$(update_now)"
	is "$(update .root_version)" 2 'the root'
	is "$(update .freshness)" fresh 'freshness'
}

test_attack_delegations_swapped() {
	attack_begin
	local targets
	targets=$(find "$MIRROR/metadata" -name '*.targets.json' | sort -V | tail -n 1)
	forge_sign "$targets" '.delegations.roles[0].threshold = 1' "$KEYS/alice.pem"
	unchanged 'other delegations'
	mirror_restore
}

test_attack_endless_file() {
	attack_begin
	truncate -s 50G "$MIRROR/metadata/timestamp.json"
	unchanged 'an endless timestamp'
	[ "$(du -sm "$LAB_DIR/state" | cut -f1)" -lt 50 ] || fail 'it filled the disk'
	mirror_restore
}

test_attack_slow_drip() {
	attack_begin
	mirror_answers 'limit_rate 20;'
	unchanged 'a slow drip'
	mirror_restore
}

test_attack_wrong_content() {
	attack_begin
	head -c 20000 /dev/urandom >"$MIRROR/metadata/timestamp.json"
	unchanged 'noise'
	echo '<html>captive portal</html>' >"$MIRROR/metadata/timestamp.json"
	unchanged 'a captive portal'
	mirror_restore
	mirror_answers 'return 302 https://elsewhere.example/;'
	unchanged 'a redirect'
	like "$(update .failure)" '*elsewhere.example*' 'the reason'
	mirror_restore
}

test_attack_frozen_timestamp_shows_and_expires() {
	repo timestamp "$MIRROR" --key "$(online)" --expires 25s >/dev/null
	sed -i '/^interval/i stale-after = 10s' "$LAB_DIR/update.conf"
	gateway_restart
	cordon update now >/dev/null || fail "$(update_now)"
	is "$(update .freshness)" fresh 'at first'
	wait_until 20 freshness_is stale || fail "after 10 s: $(update .freshness)"
	wait_until 30 freshness_is refused || fail "after 25 s: $(update .freshness)"
	RELEASE=$(update .release)
	STATE=$(status .state)
	unchanged 'an expired timestamp'
	like "$(update .failure)" '*expired*' 'the reason'
	sed -i '/^stale-after/d' "$LAB_DIR/update.conf"
	repo timestamp "$MIRROR" --key "$(online)" >/dev/null
	gateway_restart
	cordon update now >/dev/null
	is "$(update .freshness)" fresh 'after a new one'
}
freshness_is() { [ "$(update .freshness)" = "$1" ]; }

# Two people sign something that would cut this appliance off: it is valid, and refused.
test_attack_harmful_release_is_refused_and_attested() {
	attack_begin
	site_list 8 '[update]' 'mirror.agency.example evidence="a mistake"'
	repo_release "$LAB_DIR/site.rules"
	! cordon update now >/dev/null 2>&1 || fail 'it was taken'
	like "$(update .refusal)" '*own mirror mirror.agency.example*' 'the refusal'
	is "$(update .release)" "$RELEASE" 'release'
	is "$(status .state)" "$STATE" 'state'
	wait_until 10 refused_receipt || fail 'no receipt of the refusal'
	is "$(jq -r .signed.result "$LAB_DIR/state/receipts.jsonl" | tail -n 1)" refused \
		'the receipt that is kept'
	! fleet >/dev/null || fail 'fleet says that all is well'
	like "$(cordon update history)" '*refused*own mirror*' 'history'
	repo revert "$MIRROR" >/dev/null
	repo_sign alice bob
	repo publish "$MIRROR" --key "$(online)" >/dev/null
	cordon update now >/dev/null || fail "after a revert: $(update_now)"
	is "$(update .refusal)" null 'the refusal after a revert'
	is "$(update .release)" $((RELEASE + 2)) 'the release after a revert'
}

# Disarmed, nothing blocks; what comes meanwhile is judged as it will be once the mode has ended.
test_attack_harmful_release_is_refused_while_disarmed() {
	attack_begin
	cordon disarm --for 60 --reason 'a test of the lab' --by tester >/dev/null
	site_list 8.1 '[update]' 'mirror.agency.example evidence="a mistake"'
	repo_release "$LAB_DIR/site.rules"
	! cordon update now >/dev/null 2>&1 || fail 'it was taken'
	like "$(update .refusal)" '*own mirror mirror.agency.example*' 'the refusal'
	cordon mode enforce >/dev/null
	is "$(update .release)" "$RELEASE" 'release'
	is "$(status .state)" "$STATE" 'state'
	repo revert "$MIRROR" >/dev/null
	repo_sign alice bob
	repo publish "$MIRROR" --key "$(online)" >/dev/null
	cordon update now >/dev/null || fail "after a revert: $(update_now)"
}
refused_receipt() {
	[ "$(jq -r .signed.result "$MIRROR/receipts/lab-gateway.json")" = refused ]
}

# Two people publish, past their own tools, what no appliance should take.
test_attack_absurd_releases_that_two_people_signed() {
	local list=$LAB_DIR/absurd.rules
	attack_begin
	sed '$a [network]\n0.0.0.0/0 category=update evidence="everything"' \
		"$ROOT/rules/lists/kaspersky.rules" >"$list"
	collude "$list"
	unchanged 'every address'
	like "$(update .refusal)" '*0.0.0.0/0*' 'the refusal of every address'
	printf 'list: kaspersky\nversion: 9999\n[update]\nnothing.example\n' >"$list"
	collude "$list"
	unchanged 'nothing of the vendor'
	like "$(update .refusal)" '*must be blocked*' 'the refusal of an empty list'
	sed '$a [update]\nwww.gsa.gov evidence="a mistake"' "$ROOT/rules/lists/kaspersky.rules" \
		>"$list"
	collude "$list"
	unchanged 'an innocent name'
	like "$(update .refusal)" '*www.gsa.gov must pass*' 'the refusal of an innocent name'
	repo_release "$ROOT/rules/lists/kaspersky.rules"
	cordon update now >/dev/null || fail "after an honest release: $(update_now)"
	is "$(update .release)" $((RELEASE + 4)) 'the honest release'
}

# ---- a fleet ----

# branch_start NUMBER: another gateway, with the settings of this one.
branch_start() {
	local dir=$LAB_DIR/branch$1
	rm -rf "$dir" && mkdir -p "$dir/state" "$dir/run"
	device_enrol "branch-$1" "$dir/state"
	sed "s|appliance-id = .*|appliance-id = branch-$1|; s|@ROOT@|$ROOT|g
		/^internal-/d" "$LAB_DIR/update.conf" >"$dir/cordon.conf"
	sed -i 's/^interval = .*/interval = 10s/' "$dir/cordon.conf"
	"$HERE/lab" branch "$1" "$CORDON_BIN/cordond" --config "$dir/cordon.conf" \
		--state "$dir/state" --run "$dir/run" >"$dir/cordond.out" 2>&1 &
	echo $! >"$dir/pid"
}
branch_release() {
	"$CORDON_BIN/cordon" --run "$LAB_DIR/branch$1/run" update status --json | jq -r .release
}
branch_has() { [ "$(branch_release "$1")" = "$2" ]; }
branch_asks() {
	lab branch "$1" dig +time=2 +tries=1 @127.0.0.1 "$2" |
		sed -n 's/.*status: \([A-Z]*\).*/\1/p'
}

test_update_reaches_a_fleet_of_three() {
	local number next
	sed -i 's/^interval = .*/interval = 10s/' "$LAB_DIR/update.conf"
	gateway_restart
	branch_start 1
	branch_start 2
	for number in 1 2; do
		wait_until 20 branch_has "$number" "$(update .release)" ||
			fail "branch $number, not $(update .release): $(tail -n 3 \
				"$LAB_DIR/branch$number/cordond.out")"
		is "$(branch_asks "$number" fleet.example)" NXDOMAIN 'a name that is nowhere'
		is "$(branch_asks "$number" www.agency.example)" NOERROR 'an innocent name'
	done
	site_list 9 '[update]' 'www.agency.example evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	next=$(jq .signed.version "$(find "$MIRROR/metadata" -name '*.rules.json' | sort -V |
		tail -n 1)")
	wait_until 30 release_moved || fail 'the gateway does not take it'
	for number in 1 2; do
		wait_until 30 branch_has "$number" "$(update .release)" ||
			fail "branch $number, $next"
		is "$(branch_asks "$number" www.agency.example)" NXDOMAIN 'the newly blocked name'
	done
	is "$(dns 1 @192.168.77.1 www.agency.example)" NXDOMAIN 'the newly blocked name'
	wait_until 10 fleet_of_three || fail "fleet: $(repo fleet "$MIRROR" 2>&1)"
	for number in 1 2; do
		kill "$(cat "$LAB_DIR/branch$number/pid")"
		wait "$(cat "$LAB_DIR/branch$number/pid")" || :
	done
	repo revert "$MIRROR" >/dev/null
	repo_sign alice bob
	repo publish "$MIRROR" --key "$(online)" >/dev/null
}
release_moved() { [ "$(dns 1 @192.168.77.1 www.agency.example)" = NXDOMAIN ]; }
fleet_of_three() {
	repo fleet "$MIRROR" --json | jq -e '[.appliances[].release] | unique | length == 1' &&
		[ "$(repo fleet "$MIRROR" --json | jq '.appliances | length')" = 3 ]
}

# ---- the root of the settings ----

# root_says VERSION: the next root, by the same people, which says which repository it belongs to.
root_says() {
	local id
	id=$(canonical "$MIRROR/metadata/1.root.json" | sha256sum | cut -d' ' -f1)
	cp "$MIRROR/metadata/1.root.json" "$MIRROR/metadata/$1.root.json"
	forge_sign "$MIRROR/metadata/$1.root.json" \
		".version = $1 | .\"x-cordon-repository\" = \"$id\"" "$KEYS"/{alice,bob,carol}.pem
}

# The mirror has lost what leads there, so the administrator gives the newest root by hand.
test_update_newer_trust_root_keeps_what_was_seen() {
	repo_new
	gateway_update update
	wait_until 15 release_is 1 || fail "$(cordon update status)"
	mirror_keep
	site_list 1 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	repo_release "$LAB_DIR/site.rules"
	cordon update now >/dev/null || fail "$(update_now)"
	is "$(update .release)" 2 'release'
	mv "$MIRROR" "$LAB_DIR/newest"
	cp -r "$LAB_DIR/kept" "$MIRROR"
	root_says 3
	cp "$MIRROR/metadata/3.root.json" "$LAB_DIR/root.json"
	gateway_restart
	! cordon update now >/dev/null 2>&1 || fail 'an older release after another trust root'
	like "$(update .failure)" '*older than version*' 'the reason'
	cp "$MIRROR/metadata/3.root.json" "$LAB_DIR/newest/metadata/"
	rm -rf "$MIRROR" && mv "$LAB_DIR/newest" "$MIRROR"
	cordon update now >/dev/null || fail "the honest mirror: $(update_now)"
	is "$(update .root_version)" 3 'the root'
	is "$(update .release)" 2 'release'
}

# Another repository: its first release counts, whatever the one before had.
test_update_trust_root_of_another_repository_begins_anew() {
	repo_new
	gateway_restart
	wait_until 15 release_is 1 || fail "$(cordon update status)"
	is "$(update .root_version)" 1 'the root'
	is "$(update .freshness)" fresh 'freshness'
}
