#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Signed settings on an appliance that is a folder: for whom, by whom, and never an older version.
set -u
. "$(dirname "$0")/../../../box"
. "$lists/../../tests/unit/settings"

# ---- a signed set is for the boxes that it names
echo 'SN-4711' >serial
named_box() {
	provisioned_box
	mkdir -p "$box/sys/class/dmi/id"
	cp serial "$box/sys/class/dmi/id/product_serial"
	cp -r "$box/data/settings" before
	change mode "$esp"
}
both_sign() { # ARGUMENT...
	sign --key alice.pem --root "$root" "$@" >said 2>&1 &&
		sign --key bob.pem --root "$root" "$@" >said 2>&1 ||
		{ cat said; failures=$((failures + 1)); }
}
named_box
both_sign --for SN-0815
expect 1 'is signed for other appliances: SN-0815; this one is serial SN-4711' settings intake
check grep -q 'SN-0815; this one is serial SN-4711' "$esp/errors.txt"
check grep -qF 'SN-0815' <(cordon status --json 2>/dev/null | jq -r .box.settings.wrong)
check diff -r before "$box/data/settings"
both_sign --for SN-0815 SN-4711
expect 0 'are taken' settings intake
rm -r before
# by the key that its receipts have
named_box
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$box/data/state/device.pem" \
	2>/dev/null
expect 0 'serial  SN-4711' settings id
key=$(sed -n 's/^key *//p' said)
check test ${#key} = 64
both_sign --for "$(printf %064d 7)"
expect 1 "this one is serial SN-4711, key $key" settings intake
both_sign --for "$key"
expect 0 'are taken' settings intake
rm -r before
# a serial number that makers forgot names nobody
echo 'Default string' >serial
named_box
expect 1 'none that tells this box from others' settings id
both_sign --for SN-4711
expect 1 'this one is without serial number and key' settings intake
rm -r before
# what an older cordon signed names nobody either
named_box
both_sign
jq 'del(.signed.appliances)' "$esp/settings.json" >before.json &&
	cp before.json "$esp/settings.json"
expect 1 'sign it again with --for or --for-all' settings intake
check diff -r before "$box/data/settings"
rm -r before

# ---- an expired root approves nothing, by the time that signatures proved
named_box
both_sign
printf '{"floor":%d,"online":0}' $(($(date +%s) + 400 * 86400)) >"$box/data/state/updates"
expect 1 'so its keys no longer approve settings' settings intake
check diff -r before "$box/data/settings"
rm "$box/data/state/updates"
expect 0 'are taken' settings intake
rm -r before

# ---- versions outlive the data partition
signed_set() { # FOLDER VERSION MODE: made once, taken often
	mkdir -p "$1"
	printf '[mode]\nmonitor-max = %s\n' "$3" >"$1/cordon.conf"
	forget
	cordon repo settings "$1" --key alice.pem --root "$root" --for-all --version "$2" --yes \
		>said 2>&1 &&
		cordon repo settings "$1" --key bob.pem --root "$root" --yes >said 2>&1 ||
		{ cat said; failures=$((failures + 1)); }
}
signed_set old 7 7h
signed_set last 8 8h
signed_set next 9 9h
new_data() { # what is left is the EFI partition, and the image with its root
	rm -r "$box/data"
	mkdir -p "$box/data"/{settings,state}
	empty_esp
	cp "$1"/* "$esp"
}
floor_box() {
	provisioned_box
	cp "$root" "$box/etc/cordon/root.json"
	cp old/* "$esp"
	expect 0 'are taken' settings intake
	cp last/* "$esp"
	expect 0 'are taken' settings intake
	check grep -q '^version 8 ' "$esp"/floor.?
}
floor_box
new_data old
expect 1 'has version 7, but version 8 was accepted already' settings intake
check test ! -e "$box/data/settings/cordon.conf"
# the last one brings the box back, once
new_data last
expect 0 'are taken' settings intake
check cmp last/cordon.conf "$box/data/settings/cordon.conf"
cp old/* "$esp"
expect 1 'version 8 was accepted already' settings intake
new_data next
expect 0 'are taken' settings intake
new_data last
expect 1 'has version 8, but version 9 was accepted already' settings intake
# under the same version, other settings are no comeback
rm -rf forged
signed_set forged 9 19h
new_data forged
expect 1 'version 9 was accepted already' settings intake
# whichever of the two files a power cut or a bad block leaves broken: the other one holds, and
# mends it
for broken in 0 1; do
	floor_box
	new_data old
	truncate -s 60 "$esp/floor.$broken"
	expect 1 'was accepted already' settings intake
	check cmp "$esp/floor.0" "$esp/floor.1"
done
# one that was edited is none
sed 's/^version 8/version 1/' "$esp/floor.0" >edited
cp edited "$esp/floor.0"
expect 1 'was accepted already' settings intake
# read-only, it is read all the same
new_data old
if mount --bind "$esp" "$esp" 2>said && mount -o remount,ro,bind "$esp" 2>said; then
	expect 1 'was accepted already' settings intake
	umount "$esp"
fi
# one that was not kept on trial may come again; one that was is behind the floor
floor_box
expect 0 'cordon settings keep' settings apply next --confirm 60
check test -z "$(grep -l '^version 9 ' "$esp"/floor.?)"
expect 0 '' settings revert
expect 0 'cordon settings keep' settings apply next --confirm 60
expect 0 'the new settings stay' settings keep
check grep -q '^version 9 ' "$esp"/floor.?
# the power went between the settings and the floor: the next start raises it
floor_box
rm "$esp"/floor.?
expect 0 '' settings intake
check grep -q '^version 8 ' "$esp"/floor.?
# the factory is a new owner, not an older signature
floor_box
provisioned_reset() {
	expect 0 'restarts now' settings reset <<<"$secret"
	expect 0 '' settings intake
	check test ! -e "$esp/provisioned" -a ! -e "$box/data/provisioned"
}
provisioned_reset
cp old/* "$esp"
expect 1 'version 8 was accepted already' settings intake
empty_esp
first_set "$esp"
expect 0 'are taken' settings intake
rm -rf next forged

# ---- another trust root of the same repository keeps what was reached; an older one never comes
cp "$root" first.json
root=$work/first.json
(unset CORDON_ROOT; cordon repo publish r --key one.pem && cordon repo rotate r root &&
	for key in alice bob; do cordon repo sign r --key $key.pem --yes; done) >said 2>&1 ||
		cat said
cp r/staging/2.root.json second.json
check jq -e '.signed["x-cordon-repository"] | length == 64' second.json
big_endian() { printf "%0$(($2 * 2))x" "$1" | sed 's/../\\x&/g' | xargs -0 printf '%b'; }
bundle_of() { # ROOT: as cordond keeps it
	printf 'CORDON1\n'
	big_endian 1 2
	big_endian 9 1
	printf root.json
	big_endian "$(stat -c %s "$1")" 4
	cat "$1"
}
new_root_box() { # OLD NEW BUNDLE: a signed set that changes the trust root
	new_box
	first_set "$esp"
	cp "$1" "$esp/root.json"
	expect 0 'are taken' settings intake
	bundle_of "$3" >"$box/data/state/bundle"
	cp -r "$box/data/settings" before
	cp "$2" "$esp/root.json"
	forget
	cordon repo settings "$esp" --key alice.pem --root "$3" --for-all --yes >said 2>&1
	cordon repo settings "$esp" --key bob.pem --root "$3" --yes >>said 2>&1
}
new_root_box first.json second.json first.json
bundle_of first.json >bundle
expect 0 'are taken: trust root (root.json)' settings intake
check cmp bundle "$box/data/state/bundle"
check grep -q '^root 2 ' "$esp/floor.0"
rm -r before
# the image's root is left behind by it: who was taken out of the role since signs nothing
cp first.json "$box/etc/cordon/root.json"
signed_set late 90 9h
new_data late
expect 1 'this appliance trusted root version 2 before its data partition was lost' settings intake
cp second.json "$box/etc/cordon/root.json"
expect 0 'are taken' settings intake
# by its updates a box trusts the second one; the first one of its settings is no step back, and no
# way back either
new_root_box first.json first.json second.json
expect 0 '' settings intake
rm -r before
new_root_box second.json first.json second.json
says 'is the older version 1'
expect 1 'is the older version 1' settings intake
check diff -r before "$box/data/settings"
expect 1 'is the older version 1, but this appliance trusts version 2' settings import "$esp" \
	<<<"$secret"
check diff -r before "$box/data/settings"
rm -rf before late old last
exit $((failures > 0))
