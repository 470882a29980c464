# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# only: x86_64 update_that_locks_up_goes_back update_under_secure_boot
# quick: update_good_is_confirmed update_that_does_not_block_goes_back
# Images A (running) and B (installed): a good one stays, every other one is left by itself, and the
# old one blocks as before. Signed by two people like every release.

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
		[ -n "${pair#*=}" ] || { echo "variant $name: ${pair%%=*} is empty"; return 1; }
		mkdir -p "$(dirname "$VARIANTS/$name/overlay/${pair%%=*}")"
		printf '%s\n' "${pair#*=}" > "$VARIANTS/$name/overlay/${pair%%=*}"
		chmod 755 "$VARIANTS/$name/overlay/${pair%%=*}"
	done
	IMAGE_OVERLAY=$VARIANTS/$name/overlay IMAGE_TRUST_ROOT=$LAB_DIR/root.json \
		IMAGE_ONLY_BUNDLE=${BUNDLE_ONLY-yes} IMAGE_PRICES=no "$ROOT/image/build" "$ARCH" \
		"$VARIANTS/$name" "$IMAGE_DIR/config" > "$VARIANTS/$name/build.log" 2>&1 ||
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
	! console_has 'its start does not end' || fail 'the start ended itself, and no watchdog did'
}

# init ends, and with it the kernel: three times, then GRUB has counted enough.
test_update_that_panics_goes_back() {
	variant panicking 'etc/inittab=::sysinit:/etc/init.d/boot
::restart:/bin/false' 'etc/init.d/boot=#!/bin/sh
kill -QUIT 1'
	TRIED=$SECONDS
	goes_back panicking 300
	console_has 'Kernel panic.*Attempted to kill init' 3 ||
		fail 'it was something else that ended it'
}

# The kernel stands still on a processor: its own detector ends that with a panic. The image gets
# what provokes such a thing (LKDTM), ours has it not. For one architecture, since that is a kernel
# of its own.
test_update_that_locks_up_goes_back() {
	printf 'CONFIG_LKDTM=y\nCONFIG_DEBUG_FS=y\nCONFIG_RUNTIME_TESTING_MENU=y\n' > \
		"$VARIANTS/lkdtm"
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
	dd if=/dev/urandom of="$VM/disk.img" bs=4096 seek=$(((81 << 20) / 4096 + 20)) count=300 \
		conv=notrunc status=none
	TRIED=$SECONDS
	vm_start uefi
	wait_until 300 runs a || { console_tail; fail 'image A does not come back'; }
	wait_until 20 settled || fail 'image A has no policy in force'
	blocks_all
	console_has 'Kernel panic.*dm-verity device corrupted' 3 ||
		fail 'it was something else that ended it'
	like "$(on cordon image status)" '*fell back*' 'the status'
}

# No device has the id of its root: the kernel waits, gives up and starts again, until GRUB has
# counted three.
test_update_whose_root_never_comes_goes_back() {
	begin
	install_on "$VARIANTS/b/packed"
	vm_off || fail 'it does not switch off'
	sfdisk --quiet --part-uuid "$VM/disk.img" 3 7f5a1c00-dead-4c6f-8e5a-636f72646f6e
	TRIED=$SECONDS
	vm_start uefi
	wait_until 600 runs a || { console_tail; fail 'image A does not come back'; }
	wait_until 20 settled || fail 'image A has no policy in force'
	blocks_all
	like "$(on cordon image status)" '*fell back*' 'the status'
	measured 'image without its root: seconds until A ran again' "$((SECONDS - TRIED))"
}

# script_with NAME COMMAND OTHER: a script of init.d with the command replaced. Nothing, which is no
# variant, if the script does not have it.
script_with() {
	! grep -q "$2" "$ROOT/image/root/etc/init.d/$1" ||
		sed "s/$2/$3/" "$ROOT/image/root/etc/init.d/$1"
}

# Nothing bites: the start has its own end.
test_update_whose_links_hang_without_a_watchdog_goes_back() {
	variant linkless "etc/init.d/start=$(script_with start 'cordon network up' 'sleep 100000')"
	TRIED=$SECONDS
	WATCHDOG=no goes_back linkless 900
	console_has 'its start does not end: back to the one before it' ||
		fail 'it was something else that ended it'
}

test_update_whose_selftest_hangs_without_a_watchdog_goes_back() {
	variant mute "etc/init.d/start=$(script_with start 'cordon selftest' 'sleep 100000; :')"
	TRIED=$SECONDS
	WATCHDOG=no goes_back mute 900
	console_has 'its start does not end: back to the one before it' ||
		fail 'it was something else that ended it'
}

# It connects, since the kernel does that, and says nothing.
test_update_whose_cordond_never_answers_goes_back() {
	variant stopped 'usr/libexec/cordond=#!/bin/sh
/usr/sbin/cordond --config /run/cordon/cordon.conf --state /data/state --run /run/cordon &
until [ -S /run/cordon/control ]; do sleep 0.02; done
kill -STOP $!
echo "variant: cordond stands still" > /dev/console
wait'
	TRIED=$SECONDS
	WATCHDOG=no goes_back stopped 900
	console_has 'variant: cordond stands still' || fail 'the image was not what was meant'
	console_has 'no policy is in force after 90 s' || fail 'it was something else that ended it'
}

# They stay as they are for the image that understands them.
test_update_that_cannot_use_the_settings_goes_back() {
	variant strict "etc/init.d/boot=$(script_with boot '^cordon settings compose$' false)"
	TRIED=$SECONDS
	goes_back strict
	console_has 'cannot use the settings: back to the one before it' ||
		fail 'it was something else that ended it'
	on test ! -e /data/settings.bad || fail 'the settings were put aside'
}

# Not on trial, so there is nothing to go back to: it forwards nothing, and the console is where it
# can be mended.
test_update_without_a_policy_is_mended_at_the_console() {
	BUNDLE_ONLY='' variant bare 'etc/cordon/rules/kaspersky.rules=this is no list'
	vm_disk "$VARIANTS/bare/cordon-$ARCH.img"
	provision_ssh
	provision 'admin-secret=correct horse battery'
	rm -f "$VM/vars.fd"
	vm_start uefi
	console_wait 300 'no policy is in force after 90 s' || fail 'nothing is said about it'
	console_wait 60 'Enter: status' || fail 'the console does not come'
	is "$(connection 2 192.168.77.1 22)" 'no answer' 'ssh'
	[ "$(web 1 http://198.51.200.10/)" != 200 ] || fail 'packets are forwarded without a policy'
	console_type ''
	console_wait 60 'NOT IN FORCE' || fail 'the status does not say that there is no policy'
	console_type s
	console_wait 30 'secret to set this box up' || fail 'the wizard does not ask for the secret'
	console_type 'correct horse battery'
	console_wait 30 'name of this box' || fail 'the wizard does not begin'
	console_type "$(printf '\004')"
	console_wait 30 'nothing was changed' || fail 'the wizard does not end'
	console_type u
	console_wait 30 'secret for a shell' || fail 'a shell costs no secret'
	console_type 'correct horse battery'
	console_wait 30 '^cordon# ' || fail 'there is no shell'
	console_type 'cordon settings reset'
	console_wait 30 'secret for a factory reset' || fail 'a reset costs no secret'
	console_type 'correct horse battery'
	console_wait 60 'the box restarts now' || fail 'no reset'
	console_wait 300 'no policy is in force after 90 s' 2 || fail 'it does not start again'
	console_type u
	console_wait 60 'nobody has set this box up yet' || fail 'the settings are still there'
	[ "$(web 1 http://198.51.200.10/)" != 200 ] || fail 'packets are forwarded without a policy'
}

# Over the network nobody goes back to what was mended since, whatever he says.
test_update_older_is_for_the_console() {
	local why
	BUNDLE_ONLY='' variant ahead "etc/cordon/image.json=$(
		jq -c '.build += 86400' <<< \
			"{\"version\":\"9.9.9\",\"arch\":\"$ARCH\",\"build\":$(date \
			+%s),\"supported-until\":4000000000}")"
	vm_disk "$VARIANTS/ahead/cordon-$ARCH.img"
	provision_ssh
	provision 'admin-secret=correct horse battery'
	rm -f "$VM/vars.fd"
	vm_start uefi
	vm_ready 240
	why=$(install_on "$VARIANTS/b/packed" 2>&1) && fail 'an older image was installed'
	like "$why" '*built*before the one that runs (9.9.9,*' 'why'
	like "$why" '*--allow-downgrade, and by a person at the console*' 'what is said'
	on sh -c 'cat > /tmp/packed' < "$VARIANTS/b/packed"
	on cordon image install --allow-downgrade /tmp/packed &&
		fail 'an older image was installed over ssh'
	# A terminal is not yet the console.
	why=$(echo 0.1.0 | timeout 60 "$HERE/lab" client 2 ssh -tt -F "$VM/ssh_config" gateway \
		cordon image install --allow-downgrade /tmp/packed 2>&1) &&
		fail 'an older image was installed over ssh -t'
	like "$why" '*by a person at the console*' 'what is said to a terminal'
	is "$(on cordon image status --json | jq -r '."on-trial", .slots.b.image' | paste -sd' ')" \
		'false ' 'slot b'
	console_type u
	console_wait 30 'secret for a shell' || fail 'the console does not ask'
	console_type 'correct horse battery'
	console_wait 30 '^cordon# ' || fail 'there is no shell'
	console_type 'cordon image install --allow-downgrade /tmp/packed'
	console_wait 60 'type the version of the older image' || fail 'the console is not asked'
	console_type "$(jq -r .version <<< "$(on cat /etc/cordon/image.json)")"
	console_wait 60 'not installed; the image that runs' ||
		fail 'a version that is not its own was taken'
	console_type 'cordon image install --allow-downgrade /tmp/packed'
	console_wait 60 'type the version of the older image' 2 ||
		fail 'the console is not asked again'
	console_type \
		"$(sed -n 's/^#define VERSION_TEXT "\(.*\)"/\1/p' "$ROOT/appliance/base/version.h")"
	console_wait 60 'is started next, on trial' || fail 'the console may not either'
	restart_into b
	wait_until 60 confirmed || fail "$(on cordon image status)"
	blocks_all
}

# Signed for the firmware, too; one that the publishers signed and nobody for the firmware is not
# started.
test_update_under_secure_boot() {
	local key=$VARIANTS/firmware.pem
	openssl rsa -in /usr/share/ovmf/PkKek-1-snakeoil.key -passin pass:snakeoil -out "$key" 2> \
		/dev/null
	export IMAGE_SIGN_KEY=$key IMAGE_SIGN_CERT=/usr/share/ovmf/PkKek-1-snakeoil.pem
	BUNDLE_ONLY='' variant secured
	variant again
	unset IMAGE_SIGN_KEY IMAGE_SIGN_CERT
	offer again
	vm_disk "$VARIANTS/secured/cordon-$ARCH.img"
	provision_ssh
	SECURE=yes vm_start uefi
	vm_ready 240
	like "$(on dmesg)" '*ecure boot enabled*' 'what the kernel says'
	install_on "$VARIANTS/again/packed"
	restart_into again
	wait_until 60 confirmed || fail "$(on cordon image status)"
	install_on "$VARIANTS/b/packed"
	restart_into again
	like "$(on cordon image status)" '*did not prove itself*' 'the status'
	blocks_all
	vm_cut
	# Nor is anything of a disk whose files nobody signed for the firmware.
	vm_disk "$VARIANTS/a/cordon-$ARCH.img"
	SECURE=yes vm_start uefi
	sleep 30
	! console_has '/etc/init.d/boot' || fail 'Secure Boot was not on'
}

test_update_truncated_is_refused() {
	begin
	head -c 3000000 "$VARIANTS/b/packed" > "$VARIANTS/short"
	is_refused "$VARIANTS/short" '*cut short: it has 3000000 of at least * bytes*'
	is_refused "$VARIANTS/b/b.bundle" '*the bare bundle, without any signature*'
	head -c 3000000 "$VARIANTS/b/b.bundle" > "$VARIANTS/short"
	is_refused "$VARIANTS/short" '*cut short: it has 3000000 of at least * bytes*'
	restart_into a
	slot_b_is_empty
	install_on "$VARIANTS/b/packed" || fail 'the whole file is refused, too'
}

# is_refused FILE PATTERN: with that reason, and the other slot stays as it was.
is_refused() {
	local why
	why=$(install_on "$1" 2>&1) && fail "$(basename "$1") was installed"
	like "$why" "$2" 'why'
	slot_b_is_empty
}
slot_b_is_empty() {
	is "$(on cordon image status --json | jq -r '.first, ."on-trial", .slots.b.image' |
		paste -sd' ')" 'a false ' \
		'what comes first, on trial, slot b'
}
