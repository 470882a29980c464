#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Private keys that others can read, change or exchange sign nothing.
set -u
build=$(cd "$BUILD" && pwd)
work=$(mktemp -d) || exit 1
trap 'umount "$work/stick" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset CORDON_PASSPHRASE
failures=0

repo() { "$build/bin/cordon" repo "$@"; }
# expect CODE TEXT KEY: signing with this key ends with this code and says this.
expect() {
	local code=$1 text=$2 key=$3 got
	rm -rf repo && cp -r fresh repo
	repo sign repo --key "$key" --yes --fingerprint "$print" --passphrase-file pass >said 2>&1 \
		</dev/null
	got=$?
	if [ "$got" -ne "$code" ] || ! grep -qF -- "$text" said; then
		echo "line ${BASH_LINENO[0]}: $key: exit $got, expected $code and \"$text\"; said:"
		tail -n 20 said | sed 's/^/    /'
		failures=$((failures + 1))
	fi
	[ "$code" -eq 0 ] || diff -r fresh repo || failures=$((failures + 1))
}

printf 'a long passphrase\n' >pass
mkdir keys open
repo key new a b c d online --no-passphrase --dir keys >/dev/null
repo key new locked --passphrase-file pass --dir keys >/dev/null
print=$(repo init fresh --people keys/{a,b,c,d,locked}.pub --online keys/online.pub keys/b.pub |
	sed -n 's/^fingerprint //p' | tr -d ' ')
expect 0 signed keys/a.pem
for mode in 644 640 604 620 602; do
	chmod $mode keys/a.pem
	expect 1 "(mode 0$mode): chmod 600 keys/a.pem" keys/a.pem
done
chmod 600 keys/a.pem
# A passphrase protects a copy for a time only.
chmod 644 keys/locked.pem
expect 1 'others can read it' keys/locked.pem
chmod 400 keys/locked.pem
expect 0 signed keys/locked.pem

# ---- its folder, and the folders above
for mode in 777 770 757; do
	chmod $mode keys
	expect 1 \
		"others can exchange it, since they can write $work/keys (mode 0$mode): chmod go-w $work/keys" keys/a.pem
done
chmod 755 keys
mkdir open/inner && cp keys/a.pem open/inner/ && chmod 777 open
expect 1 "they can write $work/open" open/inner/a.pem
chmod 1777 open
expect 0 signed open/inner/a.pem
ln -s open/inner link
expect 0 signed link/a.pem
chmod 777 open
expect 1 "they can write $work/open" link/a.pem

# ---- links and owners
chmod 755 open
ln -s ../keys/a.pem open/a.pem
expect 0 signed open/a.pem
mkfifo pipe
expect 1 'expected a file' pipe
expect 1 'expected a file' keys
if [ "$(id -u)" -eq 0 ]; then
	chown -h 65534 open/a.pem
	expect 1 'belongs to user 65534' open/a.pem
	cp keys/a.pem keys/other.pem && chown 65534 keys/other.pem
	expect 1 'belongs to user 65534' keys/other.pem
	chown 65534 open
	expect 1 "user 65534 can exchange it, who owns $work/open" open/inner/a.pem
	# A stick has no permissions: each user of the machine reads it.
	truncate -s 1M fat && mkdir stick
	if mkfs.vfat fat >/dev/null 2>&1 && mount -o loop fat stick 2>/dev/null; then
		cp keys/a.pem stick/
		expect 1 'this file system has no permissions: mount it with "-o uid=0,umask=077"' \
			stick/a.pem
		umount stick && mount -o loop,umask=077 fat stick
		expect 0 signed stick/a.pem
		umount stick
	fi
fi
[ $failures -eq 0 ]
