#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The power goes before each change of a name while settings are taken in: what the next start finds
# is the old
# set or the new one, with the bundle that belongs to it, and it brings the intake to its end.
set -u
. "$(dirname "$0")/../../../box"
esp=$box/boot/cordon
failed() { echo "line ${BASH_LINENO[0]}: $*; said:"; tail -n 5 said |
	sed 's/^/    /'; failures=$((failures + 1)); }

# ---- ends the program before its CUT-th change
cat > cut.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void count(void)
{
	static int left;

	if (!left)
		left = getenv("CUT") ? atoi(getenv("CUT")) : -1;
	if (left > 0 && --left == 0)
		_exit(99);
}
#define WRAP(name, parameters, ...) \
	int name parameters \
	{ \
		static int (*real) parameters; \
		if (!real) \
			*(void **)&real = dlsym(RTLD_NEXT, #name); \
		count(); \
		return real(__VA_ARGS__); \
	}
WRAP(rename, (const char *a, const char *b), a, b)
WRAP(renameat, (int a, const char *b, int c, const char *d), a, b, c, d)
WRAP(renameat2, (int a, const char *b, int c, const char *d, unsigned int e), a, b, c, d, e)
WRAP(unlink, (const char *a), a)
WRAP(unlinkat, (int a, const char *b, int c), a, b, c)
WRAP(rmdir, (const char *a), a)
WRAP(mkdir, (const char *a, unsigned int b), a, b)
END
! ldd "$build/bin/cordon" | grep -q libasan ||
	{ echo 'skipped: the sanitizer wants to be loaded first'; exit 0; }
gcc -shared -fPIC -o cut.so cut.c -ldl || exit 1
cut_at() { CUT=$1 LD_PRELOAD=$work/cut.so "$build/bin/cordon" "${@:2}" >said 2>&1; }

# ---- two roots, and a bundle of the first
(unset CORDON_ROOT; cordon repo key new alice bob carol eve one two --no-passphrase
	cordon repo init r --people alice.pub bob.pub carol.pub --online one.pub two.pub \
		--threshold root=2
	cordon repo init r2 --people eve.pub bob.pub carol.pub --online one.pub two.pub \
		--threshold root=2
	for key in alice bob carol; do cordon repo sign r --key $key.pem --yes; done
	for key in eve bob carol; do cordon repo sign r2 --key $key.pem --yes; done) >said 2>&1
root=$(ls r/staging/*root.json) root2=$(ls r2/staging/*root.json)
big_endian() { printf "%0$(($2 * 2))x" "$1" | sed 's/../\\x&/g' | xargs -0 printf '%b'; }
{ printf 'CORDON1\n'; big_endian 1 2; big_endian 11 1; printf 1.root.json; big_endian \
	"$(stat -c %s "$root")" 4
	cat "$root"; } >bundle

new_box() { # the image trusts the first root, a release of it is in force
	rm -rf "$box"
	mkdir -p \
		"$box"/{etc/cordon,data/settings,data/state,boot/cordon,run/cordon,sys/class/block,usr/bin}
	printf '#!/bin/sh\n' >"$box/usr/bin/cordon"
	chmod +x "$box/usr/bin/cordon"
	fake_cordond
	cp "$root" "$box/etc/cordon/root.json"
	cp bundle "$box/data/state/bundle"
	printf '[system]\nhostname = old\n' >"$esp/network.conf"
	cut_at 0 settings intake || failed 'the first set is not taken'
}
each_cut() { # PREPARE CHECK COMMAND...: CHECK after a cut and the next start, until it ends uncut
	local prepare=$1 check=$2 cut code
	shift 2
	for ((cut = 1; cut < 200; cut++)); do
		$prepare
		cut_at $cut "$@" <<<"$secret"
		code=$?
		[ $code = 99 ] || break
		$check
	done
	[ $code = 0 ] && [ $cut -gt 5 ] || failed "$*: ended with $code at cut $cut"
	$check
}
secret='a secret of some length'
new_root() { grep -q new "$box/data/settings/network.conf"; }
no_rest() {
	local name
	for name in settings.new settings.gone settings.old settings.waiting root-changes; do
		[ ! -e "$box/data/$name" ] || failed "cut $cut: $name stays"
	done
}

# ---- another trust root, on a stick that is gone at the next start
with_root() {
	new_box
	rm -rf mine
	mkdir mine
	cp "$root2" mine/root.json
	printf '[system]\nhostname = new\n' >mine/network.conf
	echo "$hash" >"$box/data/settings/admin-secret"
}
hash='pbkdf2-sha256$100000$000102030405060708090a0b0c0d0e0f$f916a407876205b22be0a1548a21a9c51f26444d6d5948d8cf0b8e5688e07166'
bundle_fits() {
	rm -rf "$esp"/*
	cordon settings intake >said 2>&1 || failed "cut $cut: the next start"
	if new_root; then
		cmp -s "$root2" "$box/data/settings/root.json" || failed "cut $cut: half of the set"
		[ ! -e "$box/data/state/bundle" ] ||
			failed "cut $cut: the bundle of the old root stays"
	else
		[ ! -e "$box/data/settings/root.json" ] || failed "cut $cut: half of the set"
		cmp -s bundle "$box/data/state/bundle" ||
			failed "cut $cut: a bundle that is valid was dropped"
	fi
	no_rest
}
each_cut with_root bundle_fits settings import mine

# ---- a signed set on the EFI partition, with a secret among it: it comes to its end by itself
signed() {
	new_box
	floor=1
	cp set/* "$esp"
}
mkdir set
printf '[system]\nhostname = new\n' >set/network.conf
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Z2lDsRg4q6Cx3aZCkrGlVrIVBBSWl7x8Gf3rJc8aF anna' \
	>set/authorized_keys
echo "$hash" >set/admin-secret
(unset CORDON_ROOT; cordon repo settings set --key alice.pem --root "$root" --for-all --yes
	cordon repo settings set --key bob.pem --root "$root" --yes) >said 2>&1
whole() {
	cordon settings intake >said 2>&1 || failed "cut $cut: the next start refuses"
	cmp -s set/authorized_keys "$box/data/settings/authorized_keys" && new_root &&
		[ -s "$box/data/settings/admin-secret" ] &&
			grep -q "^version $floor " "$esp/floor.0" ||
		failed "cut $cut: half of the set"
	[ "$(ls "$esp" | tr "\n" " ")" = "floor.0 floor.1 provisioned " ] ||
		failed "cut $cut: $(ls "$esp") stay"
	no_rest
}
each_cut signed whole settings intake

# ---- the same not signed, with a secret in plain text, before anybody had set the box up
first() {
	floor=0
	rm -rf "$box/data/settings" "$box/data/provisioned"
	new_box
	rm -rf "$box/data/settings"/* "$box/data/provisioned" "$esp/provisioned"
	cp set/{network.conf,authorized_keys} "$esp"
	echo 'another secret of some length' >"$esp/admin-secret"
}
each_cut first whole settings intake

# ---- what waited is accepted
waiting() {
	new_box
	echo "$hash" >"$box/data/settings/admin-secret"
	cp set/{network.conf,authorized_keys} "$esp"
	cut_at 0 settings intake && failed 'it is not refused'
	rm "$esp"/*
}
accepted_or_waits() {
	cordon settings intake >said 2>&1 || failed "cut $cut: the next start"
	if new_root; then
		no_rest
	else
		grep -q new "$box/data/settings.waiting/network.conf" ||
			failed "cut $cut: it is lost"
	fi
}
each_cut waiting accepted_or_waits settings accept
exit $((failures > 0))
