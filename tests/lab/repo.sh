# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# A publisher in the lab: people with keys, a repository that nginx serves as
# https://mirror.agency.example/, and what an attacker does to it. Sourced by tests.

KEYS=$LAB_DIR/keys
MIRROR=$LAB_DIR/mirror
MIRROR_URL=https://mirror.agency.example/

repo() { "$CORDON_BIN/cordon" repo "$@"; }

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
	repo publish "$MIRROR" --key "$KEYS/online.pem" >/dev/null
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
	repo publish "$MIRROR" --key "$KEYS/online.pem" >/dev/null
}

# site_list VERSION LINE...: a list of the agency's own.
site_list() {
	local version=$1
	shift
	printf 'list: site\nversion: %s\n' "$version" >"$LAB_DIR/site.rules"
	printf '%s\n' "$@" >>"$LAB_DIR/site.rules"
}

# ---- the attacker has the mirror ----

# forge FILE KEY FILTER: changes what is signed with jq and signs it anew with one key. For ASCII without
# escapes jq's sorted compact form is the canonical one.
forge() {
	local file=$1 key=$2 filter=$3 id sig
	id=$(jq -r '.signatures[0].keyid' "$file")
	case $key in
	*online*) ;;
	*) id=$(repo key list --json "${key%.pem}.pub" | jq -r '.[0].keyid') ;;
	esac
	jq ".signed |= ($filter)" "$file" >"$file.forged"
	sig=$(jq -cSj .signed "$file.forged" | openssl dgst -sha256 -sign "$key" | od -An -v -tx1 | tr -d ' \n')
	jq -c --arg id "$id" --arg sig "$sig" '.signatures = [{keyid: $id, sig: $sig}]' \
		"$file.forged" >"$file"
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
