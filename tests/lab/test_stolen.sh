# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The online key is stolen, and its thief has the mirror: what the appliance does, and the way out
# that cordon-repo(1) describes, its lines as they stand there.

# shellcheck source=tests/lab/repo.sh
. "$ROOT/tests/lab/repo.sh"
# shellcheck source=tests/lab/clocks.sh
. "$ROOT/tests/lab/clocks.sh"

HONEST=$LAB_DIR/honest	# the folder that people keep; MIRROR is what is served
DAY=86400

start() { CORDON_BIN=$WRAPPED LAB_CONF=$LAB_DIR/stolen.conf lab start; }

# gateway_new: without a state, and the mirror honest.
gateway_new() {
	cp "$HERE/cordon.conf" "$LAB_DIR/stolen.conf"
	cat >>"$LAB_DIR/stolen.conf" <<-END

	[update]
	trust-root = $LAB_DIR/root.json
	mirror = $MIRROR_URL
	mirror-ca = $LAB_DIR/internet/ca.pem
	interval = 1h
	END
	lab stop
	rm -rf "$LAB_DIR/state" && mkdir "$LAB_DIR/state"
	echo stolen >"$LAB_DIR/settings.name"
	start
	wait_until 15 release_is 1
}

setup() {
	has_clock || return 0
	repo_new
	wrap "$(date +%s)"
	ntp_is on
	gateway_new
}

update() { cordon update status --json | jq -r "$1"; }
release_is() { [ "$(update .release)" = "$1" ]; }
seconds() { date -d "$1" +%s; }

# near TIME WHAT: within a minute of now.
near() {
	local off=$(($(seconds "$1") - $(date +%s)))
	[ "${off#-}" -le 60 ] || fail "$2: $1 is $off s off"
}

# thief_signs VERSION SECONDS: snapshot and timestamp of this version, as if made in so many
# seconds.
thief_signs() {
	local key=$KEYS/online.pem snapshot
	snapshot=$(newest snapshot)
	cp "$snapshot" "$MIRROR/metadata/$1.snapshot.json"
	forge_sign "$MIRROR/metadata/$1.snapshot.json" ".version = $1 |
		.expires = \"$(date -u -d "+200 days" +%FT%TZ)\"" "$key"
	forge_sign "$MIRROR/metadata/timestamp.json" ".version = $1 |
		.expires = \"$(date -u -d "+200 days" +%FT%TZ)\" |
		.\"x-cordon-signed-at\" = \"$(date -u -d "+$2 seconds" +%FT%TZ)\" |
		.meta.\"snapshot.json\" = {version: $1}" "$key"
}

# The mirror gets what people published.
serve() {
	rm -rf "${MIRROR:?}"/{metadata,targets} && cp -r "$HONEST"/{metadata,targets} "$MIRROR/"
}

# runbook STOLEN NEW: the lines of the manual, in a folder with the keys.
runbook() {
	local place=$LAB_DIR/runbook
	rm -rf "$place" && mkdir "$place"
	cp "$KEYS"/{alice,bob,carol}.* "$place/"
	ln -s "$HONEST" "$place/repo"
	sed -n '/^\.Ss When the online key is stolen/,/^\.Ss When something/p' \
		"$ROOT/rules/repo/cordon-repo.1" | sed -n '/^\.Bd/,/^\.Ed/p' |
		sed "/^\.[BE]d/d; s/\\\\e\$/\\\\/; s/build1/$1/g; s/build3/$2/g
			s/^cordon repo sign .*/& --yes/" >"$place/lines"
	[ "$(grep -c '^ *cordon repo' "$place/lines")" = 7 ] || fail 'the manual has other lines'
	# The machine that serves the mirror is this one.
	cat >"$place/rsync" <<-END
	#!/bin/sh
	[ "\$*" = '-a --delay-updates --delete repo/targets repo/metadata mirror:/srv/cordon/' ] || exit 1
	rm -rf "$MIRROR/metadata" "$MIRROR/targets"
	cp -r repo/targets repo/metadata "$MIRROR/"
	END
	chmod +x "$place/rsync"
	(unset CORDON_KEY && cd "$place" && PATH=$place:$CORDON_BIN:$PATH bash -eu lines) \
		>"$place/output" 2>&1 ||
		fail "$(tail -n 5 "$place/output")"
	cp "$place/$2".* "$KEYS/"
}

test_stolen_key_moves_no_clock() {
	sane
	cp -r "$MIRROR" "$HONEST"
	site_list 1 '[update]' 'newly-blocked.gov evidence="a test of the lab"'
	repo add "$HONEST" "$LAB_DIR/site.rules" --ring canary=0s --ring broad=2h >/dev/null
	repo sign "$HONEST" --key "$KEYS/alice.pem" --yes >/dev/null
	repo sign "$HONEST" --key "$KEYS/bob.pem" --yes >/dev/null
	repo publish "$HONEST" --key "$KEYS/online.pem" >/dev/null
	serve
	thief_signs 1000 $((83 * DAY))
	like "$(cordon update now 2>&1)" '*release 2 is verified and waits until *ring broad*' \
		'update now'
	is "$(update .ntp)" true 'a clock of NTP'
	is "$(update .clock)" set 'the clock'
	near "$(update .now)" 'the time of updates'
	near "$(update .floor)" 'the floor'
	# The mirror's certificate lasts 30 days, the ring's delay 2 hours.
	wait_until 5 cordon update now || fail "TLS: $(cordon update now 2>&1)"
	is "$(update .release)" 1 'a release whose turn has not come'
	[ "$(seconds "$(update .waiting_until)")" -gt $(($(date +%s) + 7000)) ] ||
		fail 'the delay is gone'
	dns 1 @192.168.77.1 stolen.upd.kaspersky.com >/dev/null
	logged '.name == "stolen.upd.kaspersky.com"'
	near "$(cordon log --json --last 1 | jq -r .time)" 'the block log'
	near "$(cordon update history --json | tail -n 1 | jq -r .time)" 'the history'
}

test_stolen_key_shows_with_its_name() {
	local text
	sane
	is "$(update .freshness)" ahead 'freshness'
	is "$(update .timestamp_name)" online 'whose key it is'
	is "$(update .timestamp_key)" \
		"$(repo key list --json "$KEYS/online.pub" | jq -r '.[0].keyid')" 'the key'
	[ $(($(update .ahead) / DAY)) -ge 82 ] || fail "ahead: $(update .ahead)"
	text=$(cordon update status) && fail 'status says that all is well'
	like "$text" '*ahead: signed *82 days after the time here *by the key online,*' 'status'
	[ "$(wc -L <<<"$text")" -le 80 ] ||
		fail "update status has lines of $(wc -L <<<"$text") columns"
	like "$(cordon status)" '*update *ahead*' 'cordon status'
}

test_stolen_key_ends_with_the_runbook() {
	sane
	runbook online fresh
	wait_until 5 cordon update now || fail "$(cordon update now 2>&1)"
	is "$(jq .signed.version "$LAB_DIR/state/update/root.json")" 2 'the root'
	is "$(update .freshness)" fresh 'freshness'
	is "$(update .ahead)" null 'ahead'
	is "$(update .timestamp_name)" fresh 'whose key it is'
	near "$(update .now)" 'the time of updates'
	near "$(update .floor)" 'the floor'
	[ "$(jq .signed.version "$LAB_DIR/state/update/timestamp.json")" -lt 1000 ] ||
		fail 'the versions of the thief count'
	is "$(update .waiting)" 2 'the release that waits'
	cordon update status >/dev/null || fail "$(cordon update status)"
	# The next one, by the new key alone.
	repo timestamp "$HONEST" --key "$KEYS/fresh.pem" >/dev/null
	serve
	cordon update now >/dev/null || fail "$(cordon update now 2>&1)"
	thief_signs 2000 $((83 * DAY))
	! cordon update now >/dev/null 2>&1 || fail 'the thief is believed'
	like "$(update .failure)" '*0 of 1 signatures*' 'the failure'
	serve
}

# No time service: the local clock is right, and nobody says so.
test_stolen_key_without_ntp_gains_a_day() {
	local i before
	sane
	repo_new
	cp "$MIRROR/metadata/1.root.json" "$LAB_DIR/root.json"
	rm -rf "$HONEST" && cp -r "$MIRROR" "$HONEST"
	ntp_is off
	gateway_new
	before=$(date +%s)
	for i in $(seq 10); do
		thief_signs $((1000 + i)) $((83 * DAY + i * DAY / 2))
		cordon update now >/dev/null || fail "$(cordon update now 2>&1)"
	done
	is "$(update .ntp)" false 'a clock of NTP'
	is "$(update .freshness)" ahead 'freshness'
	[ "$(seconds "$(update .floor)")" -le $(($(date +%s) + DAY + 60)) ] ||
		fail "ten timestamps: the floor is $(update .floor)"
	[ "$(seconds "$(update .floor)")" -ge $((before + DAY - 60)) ] ||
		fail 'the first one counts for nothing'
	# Nor does a restart give it another day.
	lab stop
	start
	wait_until 5 cordon update now
	[ "$(seconds "$(update .floor)")" -le $(($(date +%s) + DAY + 60)) ] ||
		fail "after a restart: the floor is $(update .floor)"
	near "$(update .floor_people)" 'what people signed'
	runbook online again
	cordon update now >/dev/null || fail "$(cordon update now 2>&1)"
	is "$(update .freshness)" fresh 'freshness'
	near "$(update .floor)" 'the floor'
	near "$(update .now)" 'the time of updates'
	is "$(update .clock)" set 'the clock'
}
