#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# People whose keys lie on tokens: `cordon repo --key pkcs11:...` with SoftHSM's tokens in software.
set -u
build=$(cd "$BUILD" && pwd)
grep -q '^CONFIG_PKCS11=y' "$build/.config" || exit 0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset CORDON_PASSPHRASE
export XDG_STATE_HOME=$work/state
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
# has PATTERN: what the last command said.
has() { grep -q -- "$1" said && return; echo "expected \"$1\", said:"; tail -n 20 said |
	sed 's/^/    /'; failures=$((failures + 1)); }
lacks() { grep -q -- "$1" said || return; echo "not expected: \"$1\""; failures=$((failures + 1)); }

# ---- tokens: the same keys once as files, so that what a token gives can be compared
mkdir tokens
export SOFTHSM2_CONF=$work/softhsm2.conf
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$work" \
	>softhsm2.conf
openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out p256.pem 2>&1
openssl ecparam -name secp384r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out p384.pem 2>&1
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
openssl ecparam -name secp256k1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out k1.pem 2>&1
for token in alice bob; do
	check softhsm2-util --init-token --free --label "$token" --so-pin 87654321 --pin 123456
done
put() { check softhsm2-util --import "$1.pem" --token "$2" --label "$3" --id "$4" --pin 123456; }
put p256 alice signing 02
put rsa bob signing 02
put p384 bob other 03
put k1 bob coin 04
printf '123456\n' >pin
printf '000000\n' >wrong
chmod 600 pin wrong

# ---- what is there is seen without a PIN
expect 0 'ecdsa-sha2-nistp256' key list pkcs11:
has '^rsassa-pss-sha256 *pkcs11:.*token=bob.*object=signing'
has '^ecdsa-sha2-nistp384 .*id=%03.*object=other'
lacks coin
expect 0 '"scheme":"rsassa-pss-sha256"' key list --json 'pkcs11:token=bob;id=%02'
for pair in p256:alice:02 rsa:bob:02 p384:bob:03; do
	IFS=: read -r file token id <<<"$pair"
	expect 0 'is for everybody' key export "pkcs11:token=$token;id=%$id" --out "$file.pub"
	openssl pkey -in "$file.pem" -pubout -out expected.pub
	check cmp "$file.pub" expected.pub
done
expect 1 'there already' key export 'pkcs11:token=alice;id=%02' --out p256.pub
expect 1 'keys fit' key export 'pkcs11:token=bob' --out x.pub
expect 1 'no public key or certificate' key export 'pkcs11:token=bob;id=%04' --out x.pub
expect 2 'does not leave its token' key import 'pkcs11:token=bob;id=%02'

# ---- a repository that two tokens and a file sign for
check repo key new carol dave build1 build2 --no-passphrase
check repo init repo --people p256.pub rsa.pub p384.pub carol.pub dave.pub --online build1.pub \
	build2.pub
print=$(sed -n 's/^fingerprint //p' said | tr -d ' ')
cat >a.rules <<'END'
list: a
version: 1
[update]
a.example evidence="a test"
END
check repo add repo a.rules --no-rings
alice='pkcs11:token=alice;object=signing'
# sign KEY CODE TEXT [FILE]
sign() { expect "$2" "$3" sign repo --key "$1" --yes --fingerprint "$print" --passphrase-file \
	"${4:-pin}"; }

# ---- refusals: nothing is signed by any of them
cp -r repo before
sign "$alice" 1 'the PIN is wrong' wrong
has 'the token counts'
sign 'pkcs11:token=nobody;id=%02' 1 'no such token: is it plugged in'
sign 'pkcs11:object=signing' 1 'tokens fit; expected one of'
has 'pkcs11:.*token=bob'
sign 'pkcs11:token=bob' 1 'private keys fit; expected one of'
has 'object=other'
sign 'pkcs11:token=alice;id=%77' 1 'no such private key'
sign 'pkcs11:token=bob;id=%04' 1 'of a type that signs no releases'
sign 'pkcs11:token=alice;pin-value=123456' 1 'a PIN in a URI is shown to everybody'
lacks 123456
sign 'pkcs11:token=alice;colour=red' 1 'not of RFC 7512'
sign 'pkcs11:token' 1 'expected a PKCS #11 URI'
sign "$alice?pin-source=%7cecho" 1 'a program is not run'
sign 'pkcs11:token=alice?module-path=/nowhere.so' 1 'the module cannot be loaded'
sign 'pkcs11:token=alice?module-name=nothing' 1 'no such token'
chmod 644 pin
sign "$alice?pin-source=file:$work/pin" 1 'others can read it (mode 0644): chmod 600'
chmod 600 pin
expect 1 'no terminal to ask on' sign repo --key "$alice" --yes
check diff -r before repo

# ---- P-256, RSA-PSS, P-384
sign "$alice" 0 'signed'
expect 0 'signed' sign repo --key "pkcs11:token=bob;id=%02;type=cert?pin-source=file:$work/pin" \
	--yes --fingerprint "$print"
CORDON_PASSPHRASE=123456 expect 0 'signed' sign repo --key 'pkcs11:token=bob;object=other' --yes \
	--fingerprint "$print"
check repo publish repo --key build1.pem
expect 0 'rsa p384' verify repo
check repo add repo a.rules --start 1h
sign "$alice" 0 'signed'
sign 'pkcs11:token=bob;id=%02' 0 'signed'
check repo publish repo --key build1.pem

# ---- as in PIV's slot 9c: the PIN for each signature, and a certificate in place of a public key
check softhsm2-util --init-token --free --label piv --so-pin 87654321 --pin 123456
piv() { check pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label piv --login --pin \
	123456 --id 02 --write-object "$@"; }
certify() { openssl req -x509 -new -key "$1" -subj /CN=piv -days 9 -outform DER -out \
	certificate.der; }
openssl pkey -in dave.pem -outform DER -out dave.der
piv dave.der --type privkey --usage-sign --always-auth
expect 1 'no public key or certificate' key export pkcs11:token=piv --out x.pub
sign pkcs11:token=piv 1 'no public key or certificate'
certify dave.pem && piv certificate.der --type cert
check repo key export pkcs11:token=piv --out on-token.pub
check cmp on-token.pub dave.pub
check repo add repo a.rules --start 2h
sign pkcs11:token=piv 0 'dave'

# ---- a certificate of another key: what the token signs is looked at before it counts
check pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label piv --login --pin 123456 \
	--id 02 --delete-object --type cert
certify carol.pem && piv certificate.der --type cert
rm -r before && cp -r repo before
sign pkcs11:token=piv 1 'does not verify with the public key or certificate'
check diff -r before repo
expect 0 'signed' sign repo --key carol.pem --yes
check repo publish repo --key build1.pem

# ---- online keys
check softhsm2-util --init-token --free --label build --so-pin 87654321 --pin 123456
put build1 build online 01
expect 0 '' timestamp repo --key 'pkcs11:token=build;id=%01' --passphrase-file pin --fingerprint \
	"$print"
expect 0 '' verify repo

[ $failures -eq 0 ]
