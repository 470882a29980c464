# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# A publisher in the lab: people with keys, a repository that nginx serves as
# https://mirror.agency.example/, and what an attacker does to it. Sourced by tests.

KEYS=$LAB_DIR/keys
MIRROR=$LAB_DIR/mirror
export CORDON_KEY=$KEYS/alice.pub
MIRROR_URL=https://mirror.agency.example/

repo() { "$CORDON_BIN/cordon" repo "$@"; }

# The key of the machine that publishes: once that was stolen, another one.
online() { ls "$KEYS/fresh.pem" 2>/dev/null || echo "$KEYS/online.pem"; }

# repo_new [LIST...]: a repository with release 1, signed by alice, bob and carol.
repo_new() {
	rm -rf "$KEYS" "$MIRROR"
	mkdir -p "$KEYS" "$MIRROR/receipts"
	repo key new --dir "$KEYS" --no-passphrase alice bob carol dave online spare >/dev/null
	repo init "$MIRROR" --people "$KEYS"/{alice,bob,carol,dave}.pub \
		--online "$KEYS"/{online,spare}.pub >/dev/null
	[ $# -gt 0 ] || set -- "$ROOT"/rules/lists/*.rules
	repo add "$MIRROR" "$@" >/dev/null
	repo_sign alice bob carol
	repo publish "$MIRROR" --key "$(online)" >/dev/null
	cp "$MIRROR/metadata/1.root.json" "$LAB_DIR/root.json"
}

# repo_sign PERSON...
repo_sign() {
	local person
	for person; do
		repo sign "$MIRROR" --key "$KEYS/$person.pem" --yes >/dev/null
	done
}

# repo_release FILE...: the next release, with these lists changed.
repo_release() {
	repo add "$MIRROR" "$@" >/dev/null
	repo_sign alice bob
	repo publish "$MIRROR" --key "$(online)" >/dev/null
}

# site_list VERSION LINE...: a list of the agency's own.
site_list() {
	local version=$1
	shift
	printf 'list: site\nversion: %s\n' "$version" >"$LAB_DIR/site.rules"
	printf '%s\n' "$@" >>"$LAB_DIR/site.rules"
}

# ---- the attacker has the mirror ----

# canonical FILE: what is signed of it. For ASCII it is jq's sorted compact form, but for line ends,
# which are not escaped.
canonical() { jq -cSj .signed "$1" | sed 's/\\n/\n/g'; }

# forge_sign FILE FILTER KEY...: changes what is signed with jq and signs it anew.
forge_sign() {
	local file=$1 filter=$2 key id sig signatures=''
	shift 2
	jq ".signed |= ($filter)" "$file" >"$file.forged"
	for key; do
		id=$(repo key list --json "${key%.pem}.pub" | jq -r '.[0].keyid')
		sig=$(canonical "$file.forged" | openssl dgst -sha256 -sign "$key" |
			od -An -v -tx1 | tr -d ' \n')
		signatures="$signatures{\"keyid\":\"$id\",\"sig\":\"$sig\"}"
	done
	jq -c --argjson all "[${signatures//\}\{/\},\{}]" '.signatures = $all' "$file.forged" \
		>"$file"
	rm "$file.forged"
}

# mirror_answers [DIRECTIVE...]: nginx serves the mirror in this way.
mirror_answers() {
	printf '%s\n' "$@" >"$LAB_DIR/internet/mirror.conf"
	kill -HUP "$(cat "$LAB_DIR/pids/nginx")"
	sleep 0.3
}

mirror_keep() { rm -rf "$LAB_DIR/kept" && cp -r "$MIRROR" "$LAB_DIR/kept"; }
mirror_restore() {
	mirror_answers
	rm -rf "$MIRROR" && cp -r "$LAB_DIR/kept" "$MIRROR"
}

newest() { find "$MIRROR/metadata" -name "*.$1.json" | sort -V | tail -n 1; }

# next_version ROLE: a copy of the newest under the next number; prints its name.
next_version() {
	local from version
	from=$(newest "$1")
	version=$(jq .signed.version "$from")
	cp "$from" "$MIRROR/metadata/$((version + 1)).$1.json"
	echo "$MIRROR/metadata/$((version + 1)).$1.json"
}

# collude LIST: what `cordon repo` would refuse, published all the same by two people with their
# keys and the online one: the next release with this kaspersky.rules.
collude() {
	local list=$1 targets=$MIRROR/targets/rules release rules snapshot sha
	sha=$(sha256sum <"$list" | cut -d' ' -f1)
	rules=$(next_version rules)
	release=$(find "$targets" -name "$(jq -r \
		'.signed.targets."rules/release.json".hashes.sha256' "$rules").release.json")
	jq -c --arg sha "$sha" '.version += 1 |
		(.lists[] | select(.name == "kaspersky")).sha256 = $sha' "$release" \
		>"$LAB_DIR/forged"
	forge_target kaspersky.rules "$list"
	forge_target release.json "$LAB_DIR/forged"
	forge_sign "$rules" ".version += 1 | .targets.\"rules/kaspersky.rules\" = \
		$(cat "$LAB_DIR/forged.kaspersky.rules") | .targets.\"rules/release.json\" = \
		$(cat "$LAB_DIR/forged.release.json")" "$KEYS/alice.pem" "$KEYS/bob.pem"
	snapshot=$(next_version snapshot)
	forge_sign "$snapshot" ".version += 1 | .meta.\"rules.json\" = \
		{version: $(jq .signed.version "$rules")}" "$(online)"
	forge_sign "$MIRROR/metadata/timestamp.json" ".version += 1 | .meta.\"snapshot.json\" = \
		{version: $(jq .signed.version "$snapshot")}" "$(online)"
}

# forge_target NAME FILE: into targets/rules, and how metadata describes it into forged.NAME.
forge_target() {
	local sha
	sha=$(sha256sum <"$2" | cut -d' ' -f1)
	cp "$2" "$MIRROR/targets/rules/$sha.$1"
	printf '{"length": %s, "hashes": {"sha256": "%s"}}' "$(wc -c <"$2")" "$sha" \
		>"$LAB_DIR/forged.$1"
}
