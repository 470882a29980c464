#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon repo` as people type it: exit codes, what is asked and said, what the files look like.
set -u
build=$(cd "$BUILD" && pwd)
root=$(cd "$(dirname "$0")/../../../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset CORDON_PASSPHRASE
failures=0

repo() { "$build/bin/cordon" repo "$@"; }

# expect CODE TEXT ARGUMENT...: this exit code, and the text somewhere in the output.
expect() {
	local code=$1 text=$2 got
	shift 2
	repo "$@" >said 2>&1 </dev/null
	got=$?
	if [ "$got" -ne "$code" ] || ! grep -qF -- "$text" said; then
		echo "cordon repo $*: exit $got, expected $code and \"$text\"; said:"
		tail -n 20 said | sed 's/^/    /'
		failures=$((failures + 1))
	fi
}
check() {
	"$@" >said 2>&1 && return
	echo "failed: $*"
	tail -n 20 said | sed 's/^/    /'
	failures=$((failures + 1))
}

for command in key init add image status sign publish timestamp hold revert rotate delegate verify \
	fleet settings; do
	expect 0 "usage: cordon repo $command" "$command" --help
	[ "$command" = key ] || expect 2 'see: cordon repo' "$command"
done
expect 2 'no command' frobnicate

# ---- the completion knows the options of --help, and no others
# shellcheck source=appliance/cli/cordon.bash-completion
. "$root/appliance/cli/cordon.bash-completion"
options() { tr ' ' '\n' | grep -e '^--[a-z]' | sort -u; }
for command in key add image status sign publish timestamp hold revert rotate delegate verify \
	fleet settings; do
	repo "$command" --help | grep -oe '--[a-z][a-z0-9-]*' | options >help.words
	echo --help | cat - help.words | sort -u >help.all
	_cordon_repo_options "$command" | options >completion.words
	check diff help.all completion.words
done
expect 2 'no option --nothing' status repo --nothing
expect 1 'no repository' status .

# ---- keys
printf 'a long passphrase\n' >pass
expect 0 'keeps the private key' key new --passphrase-file pass alice
expect 0 'keeps the private key' key new bob carol dave erin one two --no-passphrase
expect 0 'keeps the private key' key new ed --type ed25519 --no-passphrase
expect 1 'is there already' key new bob --no-passphrase
expect 1 'expected a name' key new ../bob --no-passphrase
expect 2 'expected p256' key new x --type rsa
printf 'short\n' >short
expect 1 'at least 8' key new x --passphrase-file short
check test "$(stat -c %a alice.pem)" = 600
check grep -q 'BEGIN ENCRYPTED PRIVATE KEY' alice.pem
check openssl pkey -in alice.pem -passin file:pass -noout
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
expect 0 'rsa.pem' key import rsa.key --no-passphrase
expect 0 rsassa-pss-sha256 key list .
expect 0 '"name":"alice"' key list --json alice.pub
expect 1 'expected a public key' key list pass

# ---- a repository
people=(--people alice.pub bob.pub carol.pub dave.pub)
expect 1 holiday init r "${people[@]}" --online one.pub
expect 1 holiday init r "${people[@]}" --online one.pub two.pub --threshold rules=4
expect 1 'given twice' init r "${people[@]}" --rules bob.pub bob.pub carol.pub --online one.pub \
	two.pub
expect 2 'expected ROLE=N' init r "${people[@]}" --online one.pub two.pub --threshold nobody=1
check test ! -e r
expect 0 'APPLIANCE_ED25519' init e "${people[@]}" ed.pub --online one.pub two.pub
expect 0 'rules      2 of 4: alice bob carol dave' init r "${people[@]}" --online one.pub two.pub \
	--expires rules=30d
expect 1 'already a repository' init r "${people[@]}" --online one.pub two.pub
printf 'list: x\nversion: 1\n[update]\ncom\n' >x.rules
expect 1 'public suffix' add r x.rules
expect 1 'must be blocked' add r "$root/rules/lists/oem.rules" --canary-block www.example.com
expect 0 'release 1 staged' add r "$root"/rules/lists/{kaspersky,resolvers}.rules --ring early=0 \
	late=1d
expect 1 'any 2 of: alice, bob' status r
expect 1 'no terminal' sign r --key bob.pem
expect 1 'nobody.pem: cannot be read: No such file' sign r --key nobody.pem
expect 1 'the passphrase is wrong' sign r --key alice.pem --yes --passphrase-file short
expect 0 'new role rules' sign r --key alice.pem --yes --passphrase-file pass
expect 0 downloads.upd.kaspersky.com sign r --key bob.pem --yes
expect 0 'has signed all of it already' sign r --key bob.pem
expect 1 'half signed: 2 of 3' publish r --key one.pem
expect 0 complete sign r --key carol.pem --yes
expect 0 'rules      version 1: 3 signatures, 2 needed (alice, bob, carol)' status r
expect 0 'next: cordon repo publish r' status r
expect 1 'expected the keys of: one, two' publish r --key bob.pem
expect 0 'timestamp  version 1' publish r --key one.pem
expect 1 'nothing is staged' publish r --key one.pem
expect 0 'in 30 days' verify r
expect 0 'needs 2, signed by alice bob carol; 3 targets' verify r
expect 1 'timestamp' verify r --days 8
expect 1 'to renew: "cordon repo timestamp"' verify r --days 8
expect 1 'No such file or directory' verify nothing
mkdir empty empty/metadata
expect 1 'nothing is published in this folder' verify empty
expect 2 'cordon repo rotate DIR rules' add r
expect 0 'the lists are those of release 1, published already' add r --no-rings
expect 0 'signed' sign r --key carol.pem --yes
expect 0 'have to sign again: carol' add r --no-rings
rm r/staging/*.json
repo verify r --json | jq -e '.good and (.roles | length) == 6' >said || failures=$((failures + 1))
expect 0 'hold       release 1' hold r --key two.pem
expect 0 '"hold":1' verify r --json
expect 0 'timestamp  version 3' hold r --lift --key two.pem

# ---- a change, and a list that stays without being named
sed 's/^version:.*/version: 2/; /^=downloads.upd/d' "$root/rules/lists/kaspersky.rules" >k.rules
expect 0 'release 2 staged: 2 lists' add r k.rules
# Without the resolvers encrypted DNS is open: that has to be said, too.
expect 1 '8.8.8.8:tcp/853 must be blocked' add r k.rules --drop resolvers
expect 0 'release 2 staged: 1 list,' add r k.rules --drop resolvers \
	--canary-block downloads.upd.kaspersky.com
expect 1 'no list of this name' add r k.rules --drop resolvers
cp -r r before
expect 0 'its text changed' sign r --key bob.pem --yes
# What was shown, and what was seen, lie beside the key.
check test -s bob.seen
check test "$(stat -c %a bob.seen bob.shown | sort -u)" = 600
check jq -e \
	'select(.role == "rules" and .version == 2 and (.shown | contains("no longer blocked")))' \
	bob.shown
check jq -e \
	'.repositories | to_entries | any(.value | .release == 1 and .signed.rules.version == 2)' \
	bob.seen
expect 0 complete sign r --key dave.pem --yes
expect 0 'rules      version 2' publish r --key two.pem
expect 0 'release 3 staged: 2 lists' revert r
expect 1 'no published release 9' revert r --to 9
expect 0 staged rotate r rules --add erin.pub --remove dave
expect 1 'rules      version 3: 0 of 2 signatures; any 2 of: alice, bob, carol, erin' status r
expect 0 staged rotate r timestamp --expires 60d
expect 0 'signatures last 60 days from now on, no longer 7 days' sign r --key carol.pem --yes
rm r/staging/2.root.json
expect 1 holiday rotate r rules --threshold 4
expect 2 'no releases' delegate r rules --remove
expect 0 staged delegate r docs --paths 'docs/*' --add bob.pub carol.pub --threshold 1
expect 0 'new role docs' sign r --key bob.pem --yes
expect 0 complete sign r --key carol.pem --yes
expect 0 'docs       version 1' publish r --key one.pem

# ---- the folder in other hands: signing shows a difference to what nobody has signed
cp -r r changed
sed -i 's/"expires": "20/"expires": "21/' changed/metadata/3.rules.json
expect 0 'release 4 staged' add r "$root/rules/lists/oem.rules"
cp -r r/staging/* changed/staging/
expect 1 'does not follow from the first root: the folder was changed' sign changed --key bob.pem \
	--yes
expect 1 'cannot open the repository' add new k.rules
# An older copy of the folder, with the same staged files.
expect 1 'this key has seen version' sign before --key bob.pem --yes
expect 1 'the folder went back' timestamp before --key one.pem
expect 1 'the folder went back' add before --key bob.pub k.rules
expect 1 'verified from this folder'"'"'s own first root' status before
repo verify changed --json 2>/dev/null |
	jq -e '.good == false and (.problems[0] | contains("digest differs"))' >said ||
	{ echo "verify --json does not say why"; failures=$((failures + 1)); }
# A stranger's repository, with the same people in it.
repo key new mallory mallory2 --no-passphrase >/dev/null
mkdir away
for who in alice bob carol dave; do cp $who.pub away/; done
expect 0 'fingerprint ' init m --people away/*.pub --online mallory.pub mallory2.pub
expect 1 'expected --fingerprint DIGITS' sign m --key bob.pem --yes
expect 1 'this is not the repository' sign m --key bob.pem --yes --fingerprint 0123456789abcdef
# What has to come from elsewhere is not there to be copied.
check test -z "$(grep "$(jq -r '.repositories | keys[0]' mallory.seen | cut -c 1-16)" said)"
expect 1 'this is not the repository' sign m --key bob.pem --yes --fingerprint \
	"$(jq -r '.repositories | keys[0]' mallory.seen | cut -c 1-15)"
expect 0 'new role rules' sign m --key bob.pem --yes --fingerprint \
	"$(jq -r '.repositories | keys[0]' mallory.seen | cut -c 1-16)"
expect 0 'has signed all of it already' sign m --key bob.pem

# ---- two people at once: each command sees what the other one left
for round in 1 2 3 4 5; do
	cp -r r both
	repo sign both --key bob.pem --yes >/dev/null 2>&1 &
	other=$!
	repo sign both --key carol.pem --yes >/dev/null 2>&1
	wait "$other"
	expect 0 '2 of 2 signatures (bob, carol)' status both
	rm -r both
done

# ---- keys that lie in the repository's folder: its lock is not the keys'
cp -r r beside
cp bob.* beside/
check timeout 20 "$build/bin/cordon" repo sign beside --key beside/bob.pem --yes
expect 1 '1 of 2 signatures (bob)' status beside --key bob.pub
rm -r beside

# ---- signatures that are made elsewhere
cp -r r elsewhere
expect 0 'rules, version' sign elsewhere --key carol.pub --payload payload --yes
check openssl dgst -sha256 -sign carol.pem -out signature payload
openssl dgst -sha256 -sign alice.pem -passin file:pass -out other payload
expect 1 'not a signature of this key' sign elsewhere --key carol.pub --signature other --yes
expect 1 'not a signature' sign elsewhere --key carol.pub --signature pass --yes
expect 0 '1 of 2 signatures (carol)' sign elsewhere --key carol.pub --signature signature --yes
# Another copy of the folder, signed by another person: as after a merge in git.
cp -r r copy
expect 0 '1 of 2 signatures (bob)' sign copy --key bob.pem --yes
staged=$(basename "$(ls elsewhere/staging/*.rules.json)")
printf '<<<<<<< ours\n' | cat - "copy/staging/$staged" >conflict
expect 1 'conflict: error' sign elsewhere --key carol.pub --signature conflict --yes
expect 0 'complete' sign elsewhere --key carol.pub --signature "copy/staging/$staged" --yes
sed 's/"expires": "20/"expires": "21/' "copy/staging/$staged" >edited
expect 1 'is not the content that is staged here' sign elsewhere --key carol.pub --signature \
	edited --yes
expect 1 'no signature that counts' sign elsewhere --key carol.pub --signature \
	"copy/staging/$staged" --yes
# r and s one after the other, where r begins as a file does.
cp -r r brace
expect 0 'rules, version' sign brace --key carol.pub --payload payload --yes
for _ in $(seq 5000); do
	openssl dgst -sha256 -sign carol.pem -out signature payload
	[ "$(od -An -tx1 -j 3 -N 2 signature)" = ' 20 7b' ] && break
done
printf '%b' "$(openssl asn1parse -inform DER -in signature | sed -n 's/.*INTEGER *://p' |
	awk '{ printf "%64s", $1 }' | tr ' ' 0 | sed 's/../\\x&/g')" >raw
check test "$(head -c 1 raw)" = '{'
expect 0 '1 of 2 signatures (carol)' sign brace --key carol.pub --signature raw --yes
rm -r brace
cp conflict "elsewhere/staging/$staged"
expect 1 'removing it withdraws' sign elsewhere --key carol.pem --yes
rm -r copy elsewhere

expect 0 signed sign r --key bob.pem --yes
expect 0 'release 4 staged' add r "$root/rules/lists/oem.rules" --ring now=0 soon=1s
sleep 2
expect 0 'ring soon: 1 s after' sign r --key bob.pem --yes
expect 0 complete sign r --key carol.pem --yes
expect 0 'the delay of ring soon is over' publish r --key one.pem

# ---- interrupted while it writes the lists: nothing is staged, and the same again is enough
sed 's/^version:.*/version: 9/' "$root/rules/lists/resolvers.rules" >v.rules
expect 0 'release 5 staged' add r "$root/rules/lists/kaspersky.rules"
(ulimit -f 8 && repo add r v.rules >said 2>&1)
check test $? -ne 0
expect 0 'nothing is staged' status r
expect 0 'release 5 staged' add r v.rules
rm r/staging/*.json

# ---- settings of appliances: see settings.sh
# ---- a machine whose clock woke in 1990 signs nothing
cat >clock.c <<'END'
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *time)
{
	(void)id;
	*time = (struct timespec){ .tv_sec = 631152000 };
	return 0;
}
END
if ! ldd "$build/bin/cordon" | grep -q libasan; then
	gcc -shared -fPIC -o clock.so clock.c
	LD_PRELOAD=$PWD/clock.so "$build/bin/cordon" repo timestamp r --key one.pem >clock.said \
		2>&1 && echo signed >>clock.said
	check grep -q '^the clock: error: says 1990-01-01T00:00:00Z' clock.said
fi

# ---- a fleet of nobody
expect 0 '0 appliances, 0 not as they should be: there is no receipt' fleet r
printf 'gw-1\n' >expected.csv
expect 1 'never heard of' fleet r --expect expected.csv
mkdir r/receipts
echo '{}' >r/receipts/gw-1.json
expect 1 'not a receipt: ' fleet r --expect expected.csv
repo fleet r --json | jq -e '.bad == 1 and .appliances[0].state == "forged"' >said ||
	failures=$((failures + 1))
mv r/receipts elsewhere
ln -s ../elsewhere r/receipts
expect 1 'expected a folder, and no link' fleet r
exit $((failures > 0))
