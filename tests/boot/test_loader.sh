# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: loader_counts loader_block_is_lost
# The boot loader with a block or artefacts that are broken: something is started, and never a
# prompt. x86-64 under OVMF, arm64 under U-Boot.

setup() {
	OTHER=cordon-9.9.9-00000000.efi
	# With a bootindex, or the firmware does not look for it at all.
	STICK=(-device qemu-xhci -drive "if=none,id=stick,file=$VM/stick.img,format=raw"
		-device usb-storage,drive=stick,removable=on,bootindex=2)
}

# block LINE...: the environment block; none: it is empty.
block() {
	[ $# -eq 0 ] || { printf '# GRUB Environment Block\n'; printf '%s\n' "$@"
	head -c 1024 /dev/zero | tr '\0' '#'; } |
		head -c 1024 > "$VM/block"
	[ $# -gt 0 ] || : > "$VM/block"
	esp mcopy -o "$VM/block" ::/cordon/grubenv
}
block_says() {
	esp mcopy -o ::/cordon/grubenv "$VM/block" > /dev/null 2>&1
	tr -d '#' < "$VM/block" | grep -a '=.' | tr '\n' ' '
}
block_is() { is "$(block_says)" "$1 " 'the block'; }

# fresh: a disk whose image is NAME, with a copy of it as OTHER.
fresh() {
	vm_disk
	rm -f "$VM/vars.fd"
	NAME=$(esp mdir -b ::/cordon | sed -n 's,^::/cordon/\(.*\.efi\)$,\1,p')
	esp mcopy -o "::/cordon/$NAME" "$VM/kernel.efi"
	esp mcopy -o "$VM/kernel.efi" "::/cordon/$OTHER"
}
userland() {
	vm_start uefi
	console_wait 60 '/etc/init.d/boot' || fail 'nothing was started'
}
started() {
	userland
	vm_cut || :
}

test_loader_counts() {
	fresh
	block primary=b left=2 a="$NAME" b="$OTHER" trial=b
	started
	block_is "primary=b left=1 a=$NAME b=$OTHER trial=b"
	started
	block_is "primary=b left=0 a=$NAME b=$OTHER trial=b"
	started
	block_is "primary=a left=2 a=$NAME b=$OTHER trial=b failed=$OTHER"
}

test_loader_alone_goes_on() {
	fresh
	block primary=a left=0 a="$NAME"
	started
	block_is "primary=a left=2 a=$NAME"
}

test_loader_artefact_is_broken() {
	fresh
	block primary=b left=3 a="$NAME" b="$OTHER" trial=b
	head -c 1000000 "$VM/kernel.efi" > "$VM/short"
	esp mcopy -o "$VM/short" "::/cordon/$OTHER"
	started
	esp mdel "::/cordon/$OTHER"
	started
	block_is "primary=b left=1 a=$NAME b=$OTHER trial=b"
}

# Written anew by the image that then runs.
test_loader_block_is_lost() {
	fresh
	esp mdel ::/cordon/grubenv "::/cordon/$OTHER"
	rm -f "$VM/block"
	userland
	wait_until 60 confirmed || fail "it is not written anew: $(block_says)"
}
confirmed() { [ "$(block_says)" = "primary=a left=3 a=$NAME " ]; }

# A stick with an image and a block of its own beside a disk that has neither: it waits for the
# disk.
test_loader_starts_nothing_of_another_disk() {
	fresh
	rm -f "$VM/stick.img"
	truncate -s 80M "$VM/stick.img"
	mformat -F -i "$VM/stick.img" -v STICK ::
	mmd -i "$VM/stick.img" ::/cordon
	mcopy -i "$VM/stick.img" "$VM/kernel.efi" "::/cordon/$NAME"
	esp mcopy -n ::/cordon/grubenv "$VM/block"
	mcopy -i "$VM/stick.img" "$VM/block" ::/cordon/grubenv
	esp mdel "::/cordon/$OTHER" "::/cordon/$NAME"
	vm_start uefi "${STICK[@]}"
	wait_until 40 console_has '/etc/init.d/boot' && fail 'the image of the stick was started'
	vm_cut || :
	# Not for want of anything but a place on its own disk.
	esp mcopy "$VM/kernel.efi" "::/cordon/$OTHER"
	vm_start uefi "${STICK[@]}"
	console_wait 60 '/etc/init.d/boot' || fail 'nothing was started'
	vm_cut || :
	esp mdel ::/cordon/grubenv
	esp mdeltree ::/cordon
	vm_start uefi "${STICK[@]}"
	wait_until 40 console_has '/etc/init.d/boot' &&
		fail 'without a folder, the image of the stick was started'
	vm_cut || :
}

test_loader_block_is_nonsense() {
	fresh
	esp mdel "::/cordon/$OTHER"
	block
	started
	block 'primary=x y' 'left=(' 'a=cordon-*' 'b=" -o' 'root=hd9' 'prefix=(hd9)/'
	started
}
