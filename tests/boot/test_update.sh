# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# only: x86_64 update_that_locks_up_goes_back
# quick: update_good_is_confirmed update_that_does_not_block_goes_back
# Images A (running) and B (installed): a good one stays, every other one is left by itself, and the old one
# blocks as before. Signed by two people like every release.

# shellcheck source=tests/lab/repo.sh
. "$HERE/repo.sh"
VARIANTS=$VM/variants

# variant NAME FILE=CONTENT...: the image with these files in its root, into VARIANTS/NAME.
variant() {
	local name=$1 pair
	shift
	rm -rf "$VARIANTS/$name"
	mkdir -p "$VARIANTS/$name/overlay/etc"
	echo "$name" > "$VARIANTS/$name/overlay/etc/variant"
	for pair; do
		mkdir -p "$(dirname "$VARIANTS/$name/overlay/${pair%%=*}")"
		printf '%s\n' "${pair#*=}" > "$VARIANTS/$name/overlay/${pair%%=*}"
		chmod 755 "$VARIANTS/$name/overlay/${pair%%=*}"
	done
	IMAGE_OVERLAY=$VARIANTS/$name/overlay IMAGE_TRUST_ROOT=$LAB_DIR/root.json IMAGE_ONLY_BUNDLE=${BUNDLE_ONLY-yes} \
		"$ROOT/image/build" "$ARCH" "$VARIANTS/$name" "$IMAGE_DIR/config" > "$VARIANTS/$name/build.log" 2>&1 ||
		{ tail -n 5 "$VARIANTS/$name/build.log"; return 1; }
}

# offer NAME: signed, published and packed into VARIANTS/NAME/packed.
offer() {
	local bundle
	bundle=$(ls "$VARIANTS/$1"/*.bundle)
	mv "$bundle" "$VARIANTS/$1/$1.bundle"
	repo image "$MIRROR" "$VARIANTS/$1/$1.bundle" > /dev/null
	repo_sign alice bob
	repo publish "$MIRROR" --key "$(online)" > /dev/null
	repo image "$MIRROR" --pack "$VARIANTS/$1/packed" "$1.bundle" > /dev/null
}

setup() {
	repo_new
	BUNDLE_ONLY='' variant a || return 1
	variant b || return 1
	offer b
}

# begin: image A runs from its disk, through the firmware and GRUB.
begin() {
	vm_disk "$VARIANTS/a/cordon-$ARCH.img"
	provision_ssh
	rm -f "$VM/vars.fd"
	vm_start uefi
	vm_ready 240
	is "$(on cat /etc/variant)" a 'the image that runs'
}

install_on() {
	on cordon image install - < "$1"
}

blocks_all() {
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	is "$(web 1 http://77.74.176.10/)" refused 'by address'
}

test_update_good_is_confirmed() {
	begin
	install_on "$VARIANTS/b/packed"
	restart_into b
	wait_until 60 confirmed || fail "$(on cordon image status)"
	blocks_all
}

# restart_into NAME [SECONDS]
restart_into() {
	on reboot || :
	sleep 4
	wait_until "${2:-240}" runs "$1" || { console_tail; fail "$1 does not come up"; }
	wait_until 20 settled || { console_tail; fail "$1 has no policy in force"; }
}

test_update_back_by_hand() {
	begin
	install_on "$VARIANTS/b/packed"
	restart_into b
	wait_until 60 confirmed || fail "$(on cordon image status)"
	restart_into b
	on cordon image rollback
	restart_into a
	blocks_all
}
runs() { [ "$(on cat /etc/variant)" = "$1" ] && on test -e /run/boot/done; }
confirmed() { ! on cordon image on-trial; }

# goes_back NAME [SECONDS]: the image is tried, and A runs again and says so.
goes_back() {
	offer "$1"
	begin
	install_on "$VARIANTS/$1/packed"
	restart_into a "${2:-300}"
	blocks_all
	like "$(on cordon image status)" '*fell back*' 'the status'
	measured "image \"$1\": seconds until A ran again" "$((SECONDS - TRIED))"
}

# It boots, and its lists hold nothing: its self-test fails.
test_update_that_does_not_block_goes_back() {
	variant unblocking 'etc/cordon/rules/kaspersky.rules=list: kaspersky
version: 2026.11.25.9
[update]
example.invalid	confidence=high'
	TRIED=$SECONDS
	goes_back unblocking
}

# The daemon never starts, and user space stands still: the hardware watchdog notices.
test_update_that_hangs_goes_back() {
	variant hanging 'usr/libexec/cordond=#!/bin/sh
exec sleep 100000' 'etc/init.d/start=#!/bin/sh
exec sleep 100000'
	TRIED=$SECONDS
	goes_back hanging 400
}

test_update_that_panics_goes_back() {
	variant panicking 'etc/init.d/boot=#!/bin/sh
mount -t proc proc /proc
echo 1 > /proc/sys/kernel/sysrq
echo c > /proc/sysrq-trigger
kill -SEGV 1
reboot -f'
	TRIED=$SECONDS
	goes_back panicking 300
}

# The kernel stands still on a processor: its own detector ends that with a panic. The image gets what provokes
# such a thing (LKDTM), ours has it not. For one architecture, since that is a kernel of its own.
test_update_that_locks_up_goes_back() {
	printf 'CONFIG_LKDTM=y\nCONFIG_DEBUG_FS=y\nCONFIG_RUNTIME_TESTING_MENU=y\n' > "$VARIANTS/lkdtm"
	IMAGE_KERNEL_EXTRA=$VARIANTS/lkdtm variant locking 'etc/init.d/start=#!/bin/sh
mount -t debugfs debugfs /sys/kernel/debug
echo SOFTLOCKUP > /sys/kernel/debug/provoke-crash/DIRECT'
	TRIED=$SECONDS
	goes_back locking 500
	console_has 'soft lockup' || fail 'it was something else that ended it'
}

# A byte of the root is another one: dm-verity ends it.
test_update_with_a_corrupted_root_goes_back() {
	begin
	install_on "$VARIANTS/b/packed"
	vm_off || fail 'it does not switch off'
	dd if=/dev/urandom of="$VM/disk.img" bs=4096 seek=$(((81 << 20) / 4096 + 20)) count=300 conv=notrunc status=none
	TRIED=$SECONDS
	vm_start uefi
	wait_until 300 runs a || { console_tail; fail 'image A does not come back'; }
	wait_until 20 settled || fail 'image A has no policy in force'
	blocks_all
}

test_update_truncated_is_refused() {
	local why
	begin
	head -c 3000000 "$VARIANTS/b/packed" > "$VARIANTS/short"
	why=$(install_on "$VARIANTS/short" 2>&1) && fail 'a truncated file was installed'
	[ -n "$why" ] || fail 'nothing is said'
	head -c 3000000 "$VARIANTS/b/b.bundle" > "$VARIANTS/short"
	why=$(install_on "$VARIANTS/b/b.bundle" 2>&1) && fail 'a bundle that nobody signed was installed'
	[ -n "$why" ] || fail 'nothing is said'
	restart_into a
	is "$(on cordon image status --json | jq -r .trial)" null 'on trial'
}
