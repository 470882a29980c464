#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# cordon image on a box that is a folder: its disk is a file, its kernel's trees are folders.
set -eu -o pipefail
cordon=$(realpath "$BUILD")/bin/cordon
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CORDON_ROOT=$work/box PATH=$PATH:/sbin:/usr/sbin
failed() { echo "line ${BASH_LINENO[0]}: $*"; exit 1; }
is() { [ "$1" = "$2" ] || { echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""; exit 1; }; }
refuses() { # TEXT COMMAND...: exit 1, and the text is in the output
	local text=$1 code=0
	shift
	"$@" > "$work/said" 2>&1 || code=$?
	[ $code = 1 ] || failed "$* ended with $code: $(cat "$work/said")"
	grep -qF -- "$text" "$work/said" || failed "$*: expected \"$text\": $(cat "$work/said")"
}

old=cordon-0.1.0-00112233.efi new=cordon-0.2.0-89abcdef.efi
old_id=00112233-4455-6677-8899-aabbccddeeff new_id=89abcdef-0123-4567-89ab-cdef01234567
block=$CORDON_ROOT/boot/cordon/grubenv

# disk NAME: four partitions, the old image in slot a.
disk() {
	rm -f "$CORDON_ROOT/dev/$1"
	truncate -s 12M "$CORDON_ROOT/dev/$1"
	sfdisk -q "$CORDON_ROOT/dev/$1" <<-END
		label: gpt
		first-lba: 2048
		start=1MiB, size=4MiB, name=esp, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
		start=5MiB, size=2MiB, name=slot-a, uuid=$old_id
		start=7MiB, size=2MiB, name=slot-b, uuid=$new_id
		start=9MiB, size=2MiB, name=data
	END
	mkdir -p "$CORDON_ROOT/sys/devices/block/$1"
	ln -sfn "../../devices/block/$1" "$CORDON_ROOT/sys/class/block/$1"
}
# part DISK PARTITION: in the kernel's tree.
part() {
	mkdir -p "$CORDON_ROOT/sys/devices/block/$1/$2"
	echo 1 > "$CORDON_ROOT/sys/devices/block/$1/$2/partition"
	ln -sfn "../../devices/block/$1/$2" "$CORDON_ROOT/sys/class/block/$2"
}
runs() { # NAME UUID
	echo "root=/dev/dm-0 ro dm-mod.create=\"root,,,ro,0 8 verity 1 PARTUUID=$2 PARTUUID=$2 4096\"" \
		"dm-mod.waitfor=PARTUUID=$2 cordon.image=$1" > "$CORDON_ROOT/proc/cmdline"
}
env_is() { head -c 512 "$block" | tr -d '#' | grep -v GRUB | tr '\n' ' '; }
put_env() {
	{ printf '# GRUB Environment Block\n'; printf '%s\n' "$@"; head -c 1024 /dev/zero |
		tr '\0' '#'; } |
		head -c 1024 > "$block"
}
box() {
	rm -rf "$CORDON_ROOT"
	mkdir -p "$CORDON_ROOT"/{dev,proc,boot/cordon,etc/cordon,sys/class/block}
	disk vda
	runs $old $old_id
	echo kernel > "$CORDON_ROOT/boot/cordon/$old"
	put_env primary=a left=2 a=$old b= trial=
}

# ---- which disk
box
is "$($cordon image device data)" /dev/vda4
is "$($cordon image device esp)" /dev/vda1
# The very same on a stick that comes first: the one that the root lies on counts.
disk sda
is "$($cordon image device data)" /dev/sda4
part vda vda2
mkdir -p "$CORDON_ROOT/sys/class/block/dm-0/slaves"
ln -s ../../../../devices/block/vda/vda2 "$CORDON_ROOT/sys/class/block/dm-0/slaves/vda2"
is "$($cordon image device data)" /dev/vda4
rm -r "$CORDON_ROOT/sys/class/block/dm-0" "$CORDON_ROOT/sys/class/block/sda" "$CORDON_ROOT/dev/sda"
# Names that end with a digit.
mv "$CORDON_ROOT/dev/vda" "$CORDON_ROOT/dev/nvme0n1"
rm "$CORDON_ROOT"/sys/class/block/*
ln -s ../../devices/block/vda "$CORDON_ROOT/sys/class/block/nvme0n1"
is "$($cordon image device slot-b)" /dev/nvme0n1p3
# None: no output, and exit code 0.
echo 'root=/dev/vda console=ttyS0' > "$CORDON_ROOT/proc/cmdline"
code=0
said=$($cordon image device data 2>&1) || code=$?
is "$said$code" 1
$cordon image grow
refuses "does not run from a slot" $cordon image status
$cordon image confirm 2>/dev/null
! $cordon image on-trial || failed "on trial without a disk"
! $cordon image device nothing 2>/dev/null || failed "a partition that does not exist"

# ---- grow
box
is "$($cordon image grow)" ""
truncate -s 40M "$CORDON_ROOT/dev/vda"
$cordon image grow | grep -q 'partition table was written'
is "$($cordon image grow)" ""
sfdisk --verify "$CORDON_ROOT/dev/vda" > "$work/said" 2>&1
grep -q '^No errors' "$work/said" || failed "$(cat "$work/said")"
is "$(sfdisk -d "$CORDON_ROOT/dev/vda" | sed -n 's/.*size= *\([0-9]*\),.*name="data".*/\1/p')" \
	$((30 * 2048))
# A primary that was damaged is mended from the backup.
dd if=/dev/zero of="$CORDON_ROOT/dev/vda" bs=512 seek=1 count=8 conv=notrunc status=none
is "$($cordon image device data)" /dev/vda4
$cordon image grow > /dev/null
sfdisk --verify "$CORDON_ROOT/dev/vda" 2>&1 | grep -q '^No errors'

# ---- confirm, on-trial, rollback, status
box
$cordon image status | grep -q \
	"^slot a    $old, runs, not confirmed yet, comes first, 2 tries left$"
$cordon image status | grep -q '^slot b    empty$'
! $cordon image on-trial || failed "on trial"
$cordon image confirm
$cordon image status | grep -q "^slot a    $old, runs, confirmed, comes first, 3 tries left$"
is "$(env_is)" "primary=a left=3 a=$old b= trial= failed= "
is "$(stat -c %s "$block")" 1024
refuses "slot b holds no image that starts" $cordon image rollback
put_env primary=b left=1 a=$old b=$new trial=b
refuses "slot b holds no image that starts" $cordon image rollback
echo kernel > "$CORDON_ROOT/boot/cordon/$new"
# The trial failed: this is what runs again.
$cordon image status | grep -q "^slot b    $new, comes first, 1 try left, on trial$"
$cordon image confirm 2>&1 | grep -q "the image $new did not prove itself"
is "$(env_is)" "primary=a left=3 a=$old b=$new trial= failed=$new "
$cordon image status | grep -q "^trial     $new did not prove itself; this is what it fell back to$"
$cordon image rollback | grep -q "^$new is started next, on trial$"
is "$(env_is)" "primary=b left=3 a=$old b=$new trial=b failed= "
# And now it runs.
runs $new $new_id
$cordon image on-trial || failed "not on trial"
$cordon image status --json |
	jq -e '.running == "b" and ."on-trial" and .slots.a.starts' > /dev/null
refuses 'has passed, and it has not' $cordon image confirm
is "$(env_is)" "primary=b left=3 a=$old b=$new trial=b failed= "
mkdir -p "$CORDON_ROOT/run/boot"
echo 'selftest 9.1' > "$CORDON_ROOT/run/boot/times"
$cordon image confirm
is "$(env_is)" "primary=b left=3 a=$old b=$new trial= failed= "
! $cordon image on-trial || failed "still on trial"
# A block that is lost, or of something else, is made of what the disk shows.
for broken in '' 'nonsense' '# GRUB Environment Block'; do
	echo "$broken" > "$block"
	$cordon image status | grep -q 'grubenv was lost'
	$cordon image confirm 2>&1 | grep -q 'grubenv was lost and is written anew'
	is "$(env_is)" "primary=b left=3 a=$old b=$new trial= failed= "
	is "$(stat -c %s "$block")" 1024
done
put_env primary=a left=3 a=$new b=$old trial=a
$cordon image confirm 2>/dev/null
is "$(env_is)" "primary=b left=3 a=$old b=$new trial= failed= "
rm "$block"
$cordon image confirm 2>/dev/null
is "$(env_is)" "primary=b left=3 a=$old b=$new trial= failed= "

# ---- words
code=0
$cordon image nonsense 2>/dev/null || code=$?
is $code 2
