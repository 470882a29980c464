#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a bundle to a slot: staged, shown, signed, published, packed, verified, written; and
# everything
# that must not get there. The box is a folder, its disk a file.
set -eu -o pipefail
cordon=$(realpath "$BUILD")/bin/cordon
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CORDON_ROOT=$work/box PATH=$PATH:/sbin:/usr/sbin
unset CORDON_PASSPHRASE
cd "$work"
failed() { echo "line ${BASH_LINENO[0]}: $*"; exit 1; }
is() { [ "$1" = "$2" ] || { echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""; exit 1; }; }
says() { # CODE TEXT COMMAND...
	local code=$1 text=$2 got=0
	shift 2
	"$@" > said 2>&1 < "${INPUT:-/dev/null}" || got=$?
	[ $got = "$code" ] || { echo "line ${BASH_LINENO[0]}: $* ended with $got: $(cat said)"; \
		exit 1; }
	[ -z "$text" ] || grep -qF -- "$text" said ||
		{ echo "line ${BASH_LINENO[0]}: $*: expected \"$text\": $(cat said)"; exit 1; }
}
repo() { "$cordon" repo "$@"; }
install() { "$cordon" --config conf --state state image install "$@"; }

# ---- bundles as image/parts/disk writes them
big_endian() { printf "%0$(($2 * 2))x" "$1" | sed 's/../\\x&/g' | xargs -0 printf '%b'; }
sum() { sha256sum "$1" | cut -c1-64; }
size() { stat -c %s "$1"; }
archive() { # NAME=FILE...
	local member
	printf 'CORDON1\n'
	big_endian $# 2
	for member; do
		big_endian "$(printf %s "${member%%=*}" | wc -c)" 1
		printf %s "${member%%=*}"
		big_endian "$(size "${member#*=}")" 4
		cat "${member#*=}"
	done
}
# VERSION BUILD [ARCH [BLOCKS]]: ARCH-VERSION.bundle and ARCH-VERSION.{root,kernel,hash,name}
bundle() {
	local of=${3:-x86_64}-$1
	head -c $((${4:-100} * 4096)) /dev/zero |
		tr '\0' "$(printf %s "$of" | cksum | cut -c1)" > "$of.root"
	echo "root of $of" | dd of="$of.root" conv=notrunc status=none
	{ echo "kernel of $of"; head -c 100000 /dev/zero; } > "$of.kernel"
	printf %s "$of" | sha256sum | cut -c1-64 > "$of.hash"
	echo "cordon-$1-$(cut -c1-8 "$of.hash").efi" > "$of.name"
	cat > manifest.json <<-END
		{"arch":"${3:-x86_64}","version":"$1","build":$2,"root-hash":"$(cat "$of.hash")",
		"root-size":$(size "$of.root"),"root-sha256":"$(sum "$of.root")",
		"kernel-size":$(size "$of.kernel"),"kernel-sha256":"$(sum "$of.kernel")",
		"kernel-name":"$(cat "$of.name")"}
	END
	archive manifest.json=manifest.json kernel.efi="$of.kernel" root.img="$of.root" > \
		"cordon-$of.bundle"
}
id() { sed 's/\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)\(.\{12\}\).*/\1-\2-\3-\4-\5/' \
	"x86_64-$1.hash"; }
for version in 0.1.0=1000000 0.2.0=2000000 0.3.0=3000000 0.4.0=4000000 0.5.0=5000000; do
	bundle ${version%=*} ${version#*=}
done
bundle 0.2.0 2000000 arm64
bundle 0.9.0 9000000 x86_64 1000

# ---- the publisher
repo key new alice bob carol dave one two --no-passphrase > said
people=(--people alice.pub bob.pub carol.pub dave.pub)
repo init r "${people[@]}" --online one.pub two.pub > said
publish() {
	repo sign r --key alice.pem --yes > signed 2> said
	repo sign r --key bob.pem --yes > said 2>&1
	repo sign r --key carol.pem --yes > said 2>&1
	repo publish r --key one.pem > said
}
says 1 'nothing is published yet' repo image r --pack out
publish
says 1 'no image is published' repo image r --pack out
printf 'nonsense' > cordon-x.bundle
says 1 'not a bundle, or cut short' repo image r cordon-x.bundle
cp cordon-x86_64-0.2.0.bundle 'cordon x.bundle'
says 1 'expected a file name' repo image r 'cordon x.bundle'
says 0 'version 0.2.0 for x86_64, built 1970-01-24T03:33:20Z' repo image r \
	cordon-x86_64-0.2.0.bundle
publish
grep -q 'image images/cordon-x86_64-0.2.0.bundle: version 0.2.0 for x86_64' signed
grep -q "sha256 $(sum cordon-x86_64-0.2.0.bundle)" signed
grep -q '^  new$' signed
says 1 'it is already there' repo image r cordon-x86_64-0.2.0.bundle
says 1 'no image nothing.bundle is published' repo image r --pack out nothing.bundle
says 0 '(in 7 days); next, on the appliance: cordon image install FILE' repo image r --pack packed
repo image r --pack - > packed.out 2> said
cmp packed packed.out

# ---- the box
box() { # runs 0.1.0 in slot a
	rm -rf "$CORDON_ROOT" state
	mkdir -p "$CORDON_ROOT"/{dev,proc,data,boot/cordon,etc/cordon,sys/class/block/vda} state
	truncate -s 12M "$CORDON_ROOT/dev/vda"
	sfdisk -q "$CORDON_ROOT/dev/vda" <<-END
		label: gpt
		first-lba: 2048
		start=1MiB, size=4MiB, name=esp
		start=5MiB, size=2MiB, name=slot-a, uuid=$(id 0.1.0)
		start=7MiB, size=2MiB, name=slot-b, uuid=7f5a1c00-0003-4c6f-8e5a-636f72646f6e
		start=9MiB, size=2MiB, name=data
	END
	dd if=x86_64-0.1.0.root of="$CORDON_ROOT/dev/vda" bs=1M seek=5 conv=notrunc status=none
	cp x86_64-0.1.0.kernel "$CORDON_ROOT/boot/cordon/$(cat x86_64-0.1.0.name)"
	put_env primary=a left=3 "a=$(cat x86_64-0.1.0.name)" b= trial=
	cp r/metadata/1.root.json "$CORDON_ROOT/etc/cordon/root.json"
	: > conf
	runs 0.1.0 1000000
}
put_env() {
	{ printf '# GRUB Environment Block\n'; printf '%s\n' "$@"; head -c 1024 /dev/zero |
		tr '\0' '#'; } |
		head -c 1024 > "$CORDON_ROOT/boot/cordon/grubenv"
}
runs() { # VERSION BUILD
	echo "dm-mod.create=\"root,,,ro,0 8 verity 1 PARTUUID=$(id "$1") PARTUUID=$(id "$1")\"" \
		"cordon.image=$(cat "x86_64-$1.name")" > "$CORDON_ROOT/proc/cmdline"
	echo "{\"version\":\"$1\",\"arch\":\"x86_64\",\"build\":$2}" > \
		"$CORDON_ROOT/etc/cordon/image.json"
}
in_slot() { # SLOT VERSION: all of it, and it is started next
	local start=5
	[ "$1" = a ] || start=7
	cmp -i $((start << 20)):0 -n "$(size "x86_64-$2.root")" "$CORDON_ROOT/dev/vda" \
		"x86_64-$2.root"
	cmp "x86_64-$2.kernel" "$CORDON_ROOT/boot/cordon/$(cat "x86_64-$2.name")"
	sfdisk -d "$CORDON_ROOT/dev/vda" | grep "slot-$1" | grep -qi "uuid=$(id "$2")"
	sfdisk --verify "$CORDON_ROOT/dev/vda" 2>&1 | grep -q '^No errors'
	grep -aqx "primary=$1" "$CORDON_ROOT/boot/cordon/grubenv"
	grep -aqx "trial=$1" "$CORDON_ROOT/boot/cordon/grubenv"
	grep -aqx "left=3" "$CORDON_ROOT/boot/cordon/grubenv"
}
untouched() { # as box made it
	find "$CORDON_ROOT" state conf -type f | sort | xargs sha256sum
}

box
says 0 "$(cat x86_64-0.2.0.name) is started next, on trial" install packed
grep -q 'is signed by 3 keys' said
in_slot b 0.2.0
says 0 'is in slot b already' install packed
in_slot b 0.2.0
# Blocks of it rotted: it is written again, and not only started again.
printf x | dd of="$CORDON_ROOT/dev/vda" bs=1 seek=$(((7 << 20) + 5000)) conv=notrunc status=none
says 0 'goes to slot b' install packed
in_slot b 0.2.0
printf x | dd of="$CORDON_ROOT/boot/cordon/$(cat x86_64-0.2.0.name)" bs=1 seek=5000 conv=notrunc \
	status=none
says 0 'goes to slot b' install packed
in_slot b 0.2.0
# A later status says why the last image was not installed.
refusal() { "$cordon" --config conf --state state --run run status --json 2> /dev/null |
	jq -r .box.image.refused; }
mkdir -p "$CORDON_ROOT/run/cordon" "$CORDON_ROOT/dev"
touch "$CORDON_ROOT/dev/console"
says 1 'not a packed image' install x86_64-0.2.0.root
grep -q 'not a packed image' <<< "$(refusal)"
grep -q '^cordon: .*not a packed image' "$CORDON_ROOT/dev/console"
says 0 'is in slot b already' install packed
is "$(refusal)" null
rm -r "$CORDON_ROOT/run" "$CORDON_ROOT/dev/console"
says 0 "slot a    $(cat x86_64-0.1.0.name), runs, confirmed" "$cordon" image status
says 0 "slot b    $(cat x86_64-0.2.0.name), comes first, 3 tries left, on trial" "$cordon" image \
	status
# It runs, on trial, and then stays.
runs 0.2.0 2000000
says 0 'is the image that runs, in slot b' install packed
says 0 '' "$cordon" image on-trial
links=$CORDON_ROOT/data/trial.links
is "$(head -n 1 "$links")" "$(cat x86_64-0.2.0.name)"

# ---- the next one goes to the other slot, the one before it goes
repo image r cordon-x86_64-0.3.0.bundle > said
publish
grep -q 'published already' signed
repo image r --pack packed3 > said
says 1 'on trial: expected "cordon image confirm" first' install packed3
mkdir -p "$CORDON_ROOT/run/boot"
echo 'selftest 9.1' > "$CORDON_ROOT/run/boot/times"
says 0 '' "$cordon" image confirm
# A card that is lost from now on is not the image's fault. What belongs to the next image stays.
[ ! -e "$links" ] || failed "a confirmed image still has to have the cards of its first day"
INPUT=packed3 says 0 'goes to slot a' install -
in_slot a 0.3.0
[ ! -e "$CORDON_ROOT/boot/cordon/$(cat x86_64-0.1.0.name)" ] ||
	failed "the first artefact is still there"
in_slot a 0.3.0
says 0 '' "$cordon" image confirm
is "$(head -n 1 "$links")" "$(cat x86_64-0.3.0.name)"

# ---- refused, and nothing has changed
box
untouched > before
refused() {
	says 1 "$@"
	untouched | diff before - || failed "something has changed"
}
refused 'not a packed image: expected a file written by "cordon repo image DIR --pack OUT"' \
	install x86_64-0.2.0.root
: > empty
refused 'it is empty' install empty
# More than the slot (2 MB), any kernel and metadata: not even read.
truncate -s 71M large
refused 'and no image that fits this disk is so large' install large
# A box of 64 MB: refused with a message, before the kernel kills a process for want of memory.
free_memory() { printf 'MemTotal: 47248 kB\nMemFree: 1 kB\nMemAvailable: %s kB\n' "$1" > \
	"$CORDON_ROOT/proc/meminfo"; }
free_memory 26624
truncate -s 21M large
untouched > before
refused 'larger than 20480 kB, and this box has not so much memory free' install large
INPUT=large refused 'larger than 20480 kB, and this box has not so much memory free' install -
truncate -s 20M large
refused 'not a packed image' install large
free_memory 6000
untouched > before
refused 'larger than 0 kB, and this box has not so much memory free' install packed
rm "$CORDON_ROOT/proc/meminfo"
untouched > before
for size in 1 7 9 100 5000 100000 $(($(size packed) - 1)); do
	head -c "$size" packed > cut
	refused "cut short: it has $size of at least" install cut
	INPUT=cut refused "cut short: it has $size of at least" install -
done
{ cat packed; echo; } > cut
refused 'damaged: its parts do not fit together' install cut
refused 'cannot read: No such file' install nothing
refused "this is the bare bundle, without any signature" install cordon-x86_64-0.2.0.bundle
sed 's/root of x86_64/ROOT of x86_64/' packed > changed
refused 'images/cordon-x86_64-0.2.0.bundle' install changed
sed 's/"version":"0.2.0"/"version":"9.2.0"/' packed > changed
refused 'images/cordon-x86_64-0.2.0.bundle' install changed
# Metadata of another publisher, who has keys, too.
mkdir other && (cd other && repo key new alice bob carol dave one two --no-passphrase > said &&
	repo init r "${people[@]}" --online one.pub two.pub > said)
(cd other && repo image r ../cordon-x86_64-0.2.0.bundle > said && publish &&
	repo image r --pack packed > said)
refused 'signature' install other/packed
# Nobody to trust.
mv "$CORDON_ROOT/etc/cordon/root.json" root.json
untouched > before
refused "put the publisher's root.json among its settings" install packed
printf '[update]\ntrust-root = %s/root.json\n' "$work" > conf
untouched > before
# Another arch; too large; older, and nobody at a console.
says 0 '' repo image r cordon-arm64-0.2.0.bundle
says 0 '' repo image r cordon-x86_64-0.9.0.bundle
publish
says 1 'there are images of' repo image r --pack out
repo image r --pack arm cordon-arm64-0.2.0.bundle > said
refused 'it is for arm64, this appliance is x86_64' install arm
repo image r --pack large cordon-x86_64-0.9.0.bundle > said
refused 'it has 2097152 bytes, and the root of the new image 4096000' install large
runs 0.1.0 5000000
untouched > before
refused 'an older image is installed only with --allow-downgrade' install packed3
refused 'by a person at the console' install packed3 --allow-downgrade
box
chmod 0 "$CORDON_ROOT/boot/cordon/grubenv"
echo 'root=/dev/vda' > "$CORDON_ROOT/proc/cmdline"
untouched > before
refused 'does not run from a slot' install packed3
truncate -s 97M larger
refused 'larger than 98304 kB, and no image is so large' install larger

# ---- what the appliance knows is newer than what was packed
known() {
	archive root.json=r/metadata/root.json timestamp.json=r/metadata/timestamp.json \
		snapshot.json="$(ls -v r/metadata/*.snapshot.json | tail -n 1)" \
		targets.json="$(ls -v r/metadata/*.targets.json | tail -n 1)" \
		rules.json="$(ls -v r/metadata/*.rules.json | tail -n 1)" > state/bundle
}
box
known
repo image r --pack packed3 cordon-x86_64-0.3.0.bundle > said
repo timestamp r --key one.pem > said
known
says 0 'goes to slot b' install packed3
in_slot b 0.3.0
# A release in force that is damaged says nothing about what is older.
cp state/bundle kept
head -c 1000 kept > state/bundle
says 1 'cannot read the release in force' install packed3
archive root.json=r/metadata/root.json timestamp.json=r/metadata/timestamp.json > state/bundle
says 1 'damaged: snapshot.json is missing' install packed3
mv kept state/bundle
# Of one build, the one that came last stays.
cp -r r again
for name in e f g; do
	cp cordon-x86_64-0.3.0.bundle $name.bundle
	says 0 staged repo image again $name.bundle
done
rm -r again
# But not when the role has a newer version: then this bundle may have been withdrawn.
box
repo image r cordon-x86_64-0.4.0.bundle > said
publish
! grep ': goes' signed || failed 'one of four goes'
# The four newest stay.
repo image r cordon-x86_64-0.5.0.bundle > said
repo sign r --key alice.pem --yes > said
says 1 'it is already there' repo image r cordon-x86_64-0.5.0.bundle
! grep 'sign again' said || failed 'a warning of what did not happen'
cp cordon-x86_64-0.5.0.bundle again.bundle
cp -r r again
says 0 'have to sign again: alice' repo image again again.bundle
rm -r again
says 1 '4 newer images of x86_64 are already there' repo image r cordon-x86_64-0.2.0.bundle
publish
grep -q 'image images/cordon-x86_64-0.2.0.bundle: goes' signed
known
untouched > before
refused 'this appliance has seen newer metadata than this file was packed with' install packed3
grep -qF 'pack it again with "cordon repo image DIR --pack OUT"' said
says 1 'no image cordon-x86_64-0.2.0.bundle is published' repo image r --pack out \
	cordon-x86_64-0.2.0.bundle
# And when what it rests on has expired.
repo timestamp r --key one.pem --expires 20s > said
repo image r --pack late cordon-x86_64-0.4.0.bundle > said
sleep 21
rm state/bundle
untouched > before
refused 'expired, by the time of this appliance' install late
says 1 'expired, by the time of this appliance' repo image r --pack late cordon-x86_64-0.4.0.bundle
