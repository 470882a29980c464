#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon repo settings`: what is shown is what is signed, for the appliances that it names, also if
# others had the folder meanwhile.
set -u
build=$(cd "$BUILD" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset CORDON_PASSPHRASE
failures=0

repo() { "$build/bin/cordon" repo "$@"; }
# expect CODE TEXT ARGUMENT...: this exit code of repo settings, and the text in the output.
expect() {
	local code=$1 text=$2 got
	shift 2
	repo settings "$@" >said 2>&1 </dev/null
	got=$?
	if [ "$got" -ne "$code" ] || ! grep -qF -- "$text" said; then
		echo "line ${BASH_LINENO[0]}: repo settings $*: exit $got, expected $code and \"$text\"; said:"
		sed 's/^/    /' said
		failures=$((failures + 1))
	fi
}
says() { for text; do grep -qF -- "$text" said ||
	{ echo "line ${BASH_LINENO[0]}: expected \"$text\" in:"
	sed 's/^/    /' said; failures=$((failures + 1)); }; done; }
says_not() { ! grep -qF -- "$1" said || { echo "line ${BASH_LINENO[0]}: did not expect \"$1\" in:"
	sed 's/^/    /' said; failures=$((failures + 1)); }; }
check() {
	"$@" >check.said 2>&1 && return
	echo "line ${BASH_LINENO[0]}: failed: $*"
	sed 's/^/    /' check.said
	failures=$((failures + 1))
}
# refuses TEXT ARGUMENT...: and nothing is signed, kept or changed.
refuses() {
	local text=$1
	shift
	rm -rf was
	mkdir was
	cp -a s was/
	cp -a ./*.settings ./*.seen was/ 2>check.said
	expect 1 "$text" "$@"
	check diff -r was/s s
	for kept in *.settings *.seen; do [ ! -e "$kept" ] ||
		check diff -r "was/$kept" "$kept"; done
}

# forget KEY...: what it signed of settings, as a key that signs its first ones.
forget() {
	for key; do
		rm -rf "$key.settings"
		jq 'del(.repositories[].signed["x-cordon-settings"])' $key.seen >seen.new &&
			mv seen.new $key.seen
	done
}

repo key new alice bob carol eve one two --no-passphrase >said
repo init r --people alice.pub bob.pub carol.pub --online one.pub two.pub --threshold root=2 >said
for key in alice bob carol; do repo sign r --key $key.pem --yes; done >said 2>&1
root=$(ls r/staging/*root.json)
ed='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Z2lDsRg4q6Cx3aZCkrGlVrIVBBSWl7x8Gf3rJc8aF'
sign() { # KEY ARGUMENT...
	local key=$1
	shift
	repo settings s --key "$key.pem" --root "$root" --yes "$@" >said 2>&1 </dev/null ||
		{ echo "line ${BASH_LINENO[0]}: not signed:"; sed 's/^/    /' said; \
			failures=$((failures + 1)); }
}

# ---- for whom
mkdir s
expect 1 'expected cordon.conf, network.conf' s --key bob.pem --for-all
printf '[dns]\nworkers = 1\n' >s/cordon.conf
expect 1 '(--root)' s --key bob.pem --for-all
refuses 'not a key of the root role' s --key one.pem --root "$root" --for-all --yes
refuses 'for which appliances? Expected --for' s --key bob.pem --root "$root" --yes
refuses 'for which appliances?' s --key bob.pem --root "$root" --for-all --for SN-1 --yes
refuses 'the text that makers leave in its place' s --key bob.pem --root "$root" --for \
	'Default string' --yes
refuses 'expected each appliance once' s --key bob.pem --root "$root" --for SN-1 SN-2 SN-1 --yes
refuses 'there is no terminal to ask on; expected --yes' s --key bob.pem --root "$root" --for SN-1
sign bob --for SN-2 SN-1
says 'version 1' '1 of 2 signatures' 'all of it is new' '[dns] workers = 1' 'SN-1' 'SN-2'
check jq -e '.signed.appliances == ["SN-1", "SN-2"] and .signed.version == 1' s/settings.json
# the next one sees for whom, and joins
sign carol
says 'SN-1' 'SN-2' '2 of 2 signatures: complete'
check jq -e '.signatures | length == 2' s/settings.json
# once more changes nothing
sign carol
says '2 of 2 signatures: complete' 'against version 1, which this key signed last for them' \
	'cordon.conf: unchanged'
# other appliances, other files: from the beginning, and said so
sign alice --for-all
says 'ALL appliances that trust this root' 'version 1 with its signatures is replaced' 'version 2'
check jq -e '.signed.appliances == "all" and (.signatures | length) == 1' s/settings.json
printf '[dns]\nworkers = 2\n' >s/cordon.conf
refuses 'is signed for other files than lie beside it' s --key bob.pem --root "$root" --yes
expect 2 'at least 1' s --key bob.pem --version 0 --for-all

# ---- the difference, file by file and key by key; of secrets that they changed
cp "$root" s/root.json
echo "$ed anna" >s/authorized_keys
echo 'pbkdf2-sha256$100000$000102030405060708090a0b0c0d0e0f$f916a407876205b22be0a1548a21a9c51f26444d6d5948d8cf0b8e5688e07166' \
	>s/admin-secret
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out s/mirror-ca.pem -days 30 -subj \
	/CN=mirror.example \
	-addext basicConstraints=critical,CA:TRUE 2>said
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-1\n' >s/network.conf
sign alice --for-all
says '-[dns] workers = 1' '+[dns] workers = 2' 'network.conf: new' '+[system] hostname = gw-1' \
	'admin-secret: set' \
	'anna' \
		"SHA256:$(echo "$ed" | awk '{print $2}' | base64 -d | openssl dgst -sha256 -binary |
		base64 | tr -d =)" \
	'CN=mirror.example' 'no key, threshold or delegation changes'
says "$(openssl x509 -in s/mirror-ca.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' |
	tr A-F a-f)"
says_not pbkdf2
check test "$(stat -c %a alice.settings)" = 700
check test -z "$(grep -r pbkdf2 alice.settings)"
echo 'another secret, long enough' >s/admin-secret
printf '# all as before\n[dns]\nworkers = 2\n' >s/cordon.conf
echo "$ed eve" >s/authorized_keys
rm s/network.conf
sign alice --for-all
says 'admin-secret: changed' 'comments or layout alone' '+# all as before' 'anna' 'eve' \
	'network.conf: not in this set, and stays as it is on the appliances'
says_not 'long enough'
mkdir other
printf '[dns]\nworkers = 5\n' >other/cordon.conf
sign alice --for-all --against other
says 'against the folder other' '-[dns] workers = 5' 'authorized_keys: new' 'admin-secret: set'
# a root is shown against the one that appliances trust now
repo init r2 --people eve.pub bob.pub carol.pub --online one.pub two.pub --threshold root=2 >said
for key in eve bob carol; do repo sign r2 --key $key.pem --yes; done >said 2>&1
cp r2/staging/*root.json s/root.json
sign alice --for-all
says 'OF ANOTHER REPOSITORY' '+ key of eve' '- key of alice'
cp "$root" s/root.json

# ---- what cannot be shown, or no appliance would take, is not signed
sign alice --for-all
cp -a s good
unshown() { # TEXT NAME CONTENT
	printf "$3" >"s/$2"
	refuses "$1" s --key alice.pem --root "$root" --for-all --yes
	rm -r s
	cp -a good s
}
unshown 'cordon.conf:1: error' cordon.conf 'nonsense\n'
unshown 'has a NUL byte' cordon.conf '[dns]\n#\0\nworkers = 1\n'
unshown 'error: expected a line of text' cordon.conf '[dns]\n# \033[2J\n'
unshown 'network.conf:2: error' network.conf '[wan]\nnothing = 1\n'
unshown 'authorized_keys:1: error' authorized_keys "command=\"sh\" $ed anna\\n"
unshown 'expected certificates in PEM' mirror-ca.pem 'nothing\n'
unshown 'root.json' root.json '{}'
unshown 'admin-secret:1: error' admin-secret 'short\n'
unshown 'expected the name network.conf' network.conf.txt '[wan]\n'
unshown 'expected the name cordon.conf' Cordon.Conf.bak1 '[dns]\n'
rm s/cordon.conf
ln -s /etc/passwd s/cordon.conf
refuses 'cordon.conf: error: cannot read' s --key alice.pem --root "$root" --for-all --yes
rm -r s
cp -a good s

# ---- versions
version=$(jq .signed.version s/settings.json)
printf '[dns]\nworkers = 3\n' >s/cordon.conf
refuses "this key has signed version $version of other settings" s --key alice.pem --root "$root" \
	--for-all \
	--version $((version - 1)) --yes
refuses "expected a later one (--version $((version + 1)))" s --key alice.pem --root "$root" \
	--for-all \
	--version "$version" --yes
sign alice --for-all
check jq -e ".signed.version == $((version + 1))" s/settings.json
# an older folder comes back
rm -r s
cp -a good s
refuses "this key has signed version $((version + 1)) of other settings" s --key alice.pem --root \
	"$root" --yes
# a version that leaves none after it: edited, it counts for nothing; signed by
# another person, it is not joined unseen
cp -a alice.seen kept
jq '.signed.version = 9007199254740990' good/settings.json >s/settings.json
sign alice --for-all
says 'nobody of the root role has signed' 'is begun anew'
check jq -e ".signed.version == $((version + 2))" s/settings.json
mv kept alice.seen
sign bob --for-all --version 9007199254740990
refuses 'or give the version yourself (--version)' s --key alice.pem --root "$root" --yes
forget bob
cp good/settings.json s/
# what is kept beside the key is the key's, not a guess
short=$(ls alice.settings)
cp -a alice.settings kept
for file in alice.settings/"$short"/*/cordon.conf; do echo '# edited' >>"$file"; done
refuses 'is not what this key signed last' s --key alice.pem --root "$root" --for-all --version 90 \
	--yes
rm -r alice.settings
mv kept alice.settings
cp alice.seen kept
echo nonsense >alice.seen
refuses 'alice.seen' s --key alice.pem --root "$root" --for-all --version 90 --yes
mv kept alice.seen
# what each signer was shown is on record
check test "$(jq -r 'select(.command == "repo settings") | .version' alice.shown | tail -n 1)" -ge \
	"$version"
check grep -qF 'ALL appliances that trust this root' alice.shown
check test -z "$(grep -e pbkdf2 -e 'long enough' alice.shown)"

# ---- a stranger's repository in the folder: a key signs for those that it has met
mkdir away
cp bob.pub carol.pub one.pub two.pub away/
(cd away && repo key new dave --no-passphrase &&
	repo init m --people dave.pub bob.pub carol.pub --online one.pub two.pub \
	--threshold root=2 && repo sign m --key dave.pem --yes &&
	repo sign m --key ../bob.pem --yes --fingerprint \
		"$(jq -r '.repositories | keys[0]' dave.seen)") >said 2>&1
fingerprint=$(jq -r '.repositories | keys[0]' away/dave.seen)
jq "del(.repositories[\"$fingerprint\"])" bob.seen >seen.new && mv seen.new bob.seen
cp away/m/staging/*root.json s/root.json
refuses 'this key has not met the repository of this root: expected --fingerprint' s --key bob.pem \
	--for-all --yes
refuses 'is of another repository than --fingerprint says' s --key bob.pem --for-all --yes \
	--fingerprint 0123456789abcdef
refuses 'is of another repository' s --key bob.pem --for-all --yes --fingerprint \
	"${fingerprint:0:15}"
expect 0 "repository $fingerprint" s --key bob.pem --for-all --yes --fingerprint \
	"${fingerprint:0:16}"
rm -r s
cp -a good s

# ---- a folder edited at every member of settings.json: refused, or begun anew with nobody's
# signature
sign bob --for-all --version 90
cp -a s good.signed
jq -c 'paths' good.signed/settings.json >paths
while read -r path; do
	for edit in 'setpath($p; "x")' 'setpath($p; 7)' 'setpath($p; [])' 'setpath($p; {})' \
		'delpaths([$p])' \
		'setpath($p; "all")'; do
		jq --argjson p "$path" "$edit" good.signed/settings.json >s/settings.json \
			2>/dev/null || continue
		cmp -s <(jq -S .signed s/settings.json) <(jq -S .signed good.signed/settings.json) \
			&& continue
		repo settings s --key carol.pem --root "$root" --for-all --yes >said 2>&1 \
			</dev/null || continue
		jq -e '(.signatures | length) == 1 and .signed.appliances == "all"' \
			s/settings.json >check.said ||
			{ echo "$path $edit: signed with what others had signed otherwise"; \
				failures=$((failures + 1)); }
		forget carol
	done
done <paths
rm -r s
cp -a good.signed s

# ---- a root that has expired: nobody signs for nothing
repo init r3 --people alice.pub bob.pub carol.pub --online one.pub two.pub --threshold root=2 \
	--expires root=3s >said 2>&1
for key in alice bob; do repo sign r3 --key $key.pem --yes; done >said 2>&1
sleep 3
refuses 'appliances accept nothing that its keys sign: renew it first' s --key alice.pem \
	--root "$(ls r3/staging/*root.json)" --for-all --yes

# ---- at the question: whatever changes there is not signed
forget alice bob carol
rm s/settings.json
at_question() { # KEY COMMAND...: the answer is yes, after the command
	local key=$1
	shift
	rm -f typed asked
	mkfifo typed
	script -qec "'$build/bin/cordon' repo settings s --key $key.pem --root $root --for-all" \
		/dev/null \
		<typed >asked 2>&1 &
	exec 9>typed
	for _ in $(seq 200); do grep -qF '[y/N]' asked && break; sleep 0.05; done
	"$@"
	echo y >&9
	exec 9>&-
	wait $!
	echo "exit $?" >>asked
	cp asked said
}
at_question alice true
says 'Sign these settings?' '1 of 2 signatures' 'exit 0'
forget alice
rm s/settings.json
for change in 'echo >>s/cordon.conf' 'rm s/authorized_keys' \
	'echo "a longer secret than before" >s/admin-secret' \
	'printf "[wan]\ninterface = eth0\n" >s/network.conf'; do
	at_question alice sh -c "$change"
	says 'changed while it was shown: nothing was signed' 'exit 1'
	check test ! -e s/settings.json -a ! -e alice.settings
	rm -r s
	cp -a good s
	rm s/settings.json
done
# another person signs other settings, or the same, meanwhile
other_settings() { repo settings s --key bob.pem --root "$root" --for SN-1 --yes >check.said 2>&1; }
at_question alice other_settings
says 'settings.json: error: changed while it was shown: nothing was signed'
check jq -e '.signed.appliances == ["SN-1"] and (.signatures | length) == 1' s/settings.json
rm -f s/settings.json
forget bob
same_settings() { repo settings s --key bob.pem --root "$root" --for-all --yes >check.said 2>&1; }
at_question alice same_settings
says '2 of 2 signatures: complete'

# ---- two at once lose no signature
for round in $(seq 15); do
	forget alice bob carol
	rm -f s/settings.json
	for key in alice bob carol; do
		repo settings s --key $key.pem --root "$root" --for-all --yes >said.$key 2>&1 \
			</dev/null &
	done
	wait
	check jq -e '.signatures | length == 3' s/settings.json
done
# a folder that is locked is told apart from a mistake
flock s sleep 30 &
holder=$!
sleep 0.5
expect 1 'another process has been signing in it for 10 seconds' s --key alice.pem --root "$root" \
	--yes
kill $holder
exit $((failures > 0))
