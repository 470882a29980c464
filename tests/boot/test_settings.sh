# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: settings_wrong_ones_are_refused
# Settings from the ESP and from a stick.

# stick NAME=CONTENT...: a USB stick with a cordon/ folder.
stick() {
	local pair
	rm -f "$VM/stick.img"
	truncate -s 8M "$VM/stick.img"
	mformat -i "$VM/stick.img" -v STICK ::
	mmd -i "$VM/stick.img" ::/cordon
	for pair; do
		printf '%s' "${pair#*=}" > "$VM/provision"
		mcopy -o -i "$VM/stick.img" "$VM/provision" "::/cordon/${pair%%=*}"
	done
}
STICK=(-device qemu-xhci -drive "if=none,id=stick,file=$VM/stick.img,format=raw" -device \
	usb-storage,drive=stick,removable=on)
says_on_stick() { on_stick errors.txt | grep -qF -- "$1"; }
on_stick() { mtype -i "$VM/stick.img" "::/cordon/$1" 2>/dev/null; }

test_settings_wrong_ones_are_refused() {
	vm_disk
	provision_ssh
	vm_start direct
	vm_ready 60
	vm_off || fail 'it does not switch off'
	stick 'network.conf=[lan]
interface = eth1
address = 192.168.77.1/99
'
	vm_start direct "${STICK[@]}"
	vm_ready 60
	console_wait 30 'network.conf:3: .*192.168.77.1/99' ||
		fail 'the console does not say what is wrong'
	wait_until 15 says_on_stick 'network.conf:3:' ||
		fail "beside the file: $(on_stick errors.txt)"
	is "$(web 1 http://77.74.176.10/)" refused 'by address'
	is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	vm_off || fail 'it does not switch off'
	# It reads, and cordond would not start with it.
	stick 'cordon.conf=[dns]
upstream =
'
	vm_start direct "${STICK[@]}"
	vm_ready 60
	console_wait 30 'upstream: expected at least one resolver' ||
		fail 'the console does not say what is wrong'
	wait_until 15 says_on_stick 'upstream: expected at least one resolver' ||
		fail "beside the file: $(on_stick errors.txt)"
	like "$(status .box.settings.wrong)" \
		'the stick sda: cordon.conf: *upstream: expected at least one resolver*' 'status'
	is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	is "$(web 1 http://www.agency.example/ -4)" 200 'innocent traffic'
}

# Free things change by a stick, protected ones do not, and a set counts as a whole.
test_settings_of_a_stick_after_the_first() {
	vm_disk
	provision_ssh
	vm_start direct
	vm_ready 60
	vm_off
	stick 'network.conf=[system]
hostname = branch-7
[management]
interface = lan
ssh = on
'
	vm_start direct "${STICK[@]}"
	vm_ready 60
	# The stick may show only after the start.
	wait_until 30 named branch-7 ||
		fail "a name is free: it is $(on cat /proc/sys/kernel/hostname)"
	vm_off
	stick 'cordon.conf=[mode]
monitor-first = 30d
' 'network.conf=[system]
hostname = branch-8
[management]
interface = lan
ssh = on
'
	vm_start direct "${STICK[@]}"
	vm_ready 60
	console_wait 30 'cordon.conf.*mode|mode.*cordon.conf|monitor-first' ||
		fail 'the console does not name what is protected'
	wait_until 15 says_on_stick 'monitor-first' ||
		fail "beside the file: $(on_stick errors.txt)"
	is "$(on cat /proc/sys/kernel/hostname)" branch-7 'a set is taken whole or not'
	is "$(status .mode)" enforce 'the mode'
}
named() { [ "$(on cat /proc/sys/kernel/hostname)" = "$1" ]; }

# A wrong VLAN for the management cuts off the administrator who set it: it takes itself back.
test_settings_apply_takes_itself_back() {
	vm_disk
	provision_ssh
	vm_start direct
	vm_ready 60
	on sh -c 'cordon settings export - > /tmp/settings'
	on sh -c \
		"sed 's/.management./[lan]\\\\naddress = 192.168.99.1\\/24\\\\n[management]/' /tmp/settings > /tmp/wrong; cat /tmp/wrong" > "$VM/wrong"
	grep -q '192.168.99.1' "$VM/wrong" || fail 'the test has no wrong settings'
	timeout 20 "$BOOT/on" cordon settings apply /tmp/wrong --confirm 20 || :
	wait_until 15 lost || fail 'the management is still there: the settings were not applied'
	wait_until 60 on true || fail 'the management does not come back'
}
lost() { ! timeout 6 "$BOOT/on" true; }

# signed_set NAME VERSION [MODE]: the first provisioning, signed, into SIGNED/NAME.
SIGNED=$VM/signed
signed_set() {
	local people=$SIGNED/people key
	mkdir -p "$SIGNED/$1" "$people"
	if [ ! -e "$SIGNED/root.json" ]; then
		repo key new --dir "$people" --no-passphrase alice bob carol one two > /dev/null
		repo init "$SIGNED/r" --people "$people"/{alice,bob,carol}.pub --online \
			"$people"/{one,two}.pub --threshold root=2 > /dev/null
		for key in alice bob; do repo sign "$SIGNED/r" --key "$people/$key.pem" --yes > \
			/dev/null; done
		cp "$SIGNED"/r/staging/1.root.json "$SIGNED/root.json"
	fi
	cp "$SIGNED/root.json" "$SIGNED/$1/root.json"
	cp "$VM/key.pub" "$SIGNED/$1/authorized_keys"
	printf '[system]\nhostname = %s\n[management]\ninterface = lan\nssh = on\n' "$1" > \
		"$SIGNED/$1/network.conf"
	for key in alice bob; do
		repo settings "$SIGNED/$1" --key "$people/$key.pem" --for-all --version "$2" --yes \
			> /dev/null
	done
}
repo() { "$CORDON_BIN/cordon" repo "$@"; }

# lose_data NAME: the data partition is broken beyond repair, the mark of a box that was set up is
# gone, too, and this set lies on the EFI partition.
lose_data() {
	local file
	dd if=/dev/urandom of="$VM/disk.img" bs=1M seek=97 count=16 conv=notrunc status=none
	esp mdel ::/cordon/provisioned 2> /dev/null || :
	for file in "$SIGNED/$1"/*; do esp mcopy -o "$file" ::/cordon/; done
}

# The keys of a former administrator, signed for this box once, come back to no data partition.
test_settings_old_versions_stay_old() {
	rm -rf "$SIGNED"
	signed_set old 1
	signed_set new 2
	vm_disk
	for file in "$SIGNED/new"/*; do esp mcopy -o "$file" ::/cordon/; done
	vm_start direct
	vm_ready 60
	is "$(on cat /proc/sys/kernel/hostname)" new 'a signed set'
	like "$(on cordon settings id)" 'serial *key *[0-9a-f]*' 'what it is called'
	like "$(on cat /boot/cordon/floor.0)" '*version 2 *' 'the floor'
	is "$(on cat /boot/cordon/floor.1)" "$(on cat /boot/cordon/floor.0)" 'both of it'
	vm_off || fail 'it does not switch off'
	lose_data old
	vm_start direct
	console_wait 60 'has version 1, but version 2 was accepted already' ||
		fail 'an old version was taken'
	vm_cut
	lose_data new
	vm_start direct
	vm_ready 60
	is "$(on cat /proc/sys/kernel/hostname)" new 'the last set comes back'
}

# A file system may ask the kernel to panic if it is broken. The gateway's mount options overrule
# it.
test_settings_stick_that_wants_a_panic() {
	local boot
	vm_disk
	provision_ssh
	vm_start direct
	vm_ready 60
	vm_off || fail 'it does not switch off'
	rm -rf "$VM/stick.img" "$VM/stick"
	mkdir -p "$VM/stick/cordon"
	printf '[system]\nhostname = branch-9\n[management]\ninterface = lan\nssh = on\n' > \
		"$VM/stick/cordon/network.conf"
	mke2fs -q -t ext4 -d "$VM/stick" "$VM/stick.img" 8M
	tune2fs -e panic "$VM/stick.img" > /dev/null
	vm_start direct "${STICK[@]}"
	vm_ready 60
	wait_until 30 named branch-9 || fail 'a stick with ext4 is not read'
	vm_off || fail 'it does not switch off'
	debugfs -w -R 'set_inode_field /cordon block[0] 0' "$VM/stick.img" > /dev/null 2>&1
	vm_start direct "${STICK[@]}"
	vm_ready 60
	boot=$(on cat /proc/sys/kernel/random/boot_id)
	wait_until 30 met_an_error || fail 'the stick is not as broken as it should be'
	is "$(web 1 http://77.74.176.10/)" refused 'by address'
	is "$(on cat /proc/sys/kernel/random/boot_id)" "$boot" 'the start that runs'
	# It would have done it.
	on sh -c 'mount -t ext4 -o ro,noload /dev/sda /mnt; ls /mnt/cordon' > /dev/null 2>&1 &
	console_wait 30 'Kernel panic.*EXT4-fs' || fail 'the stick is harmless, and proves nothing'
}
met_an_error() { on dmesg | grep -q 'EXT4-fs error (device sda)'; }

# The LAN moves to another address in a VLAN while the box runs; the administrator confirms it from
# there.
test_settings_lan_moves() {
	local offer
	vm_disk
	provision_ssh '[lan]
interface = eth1
address = 192.168.77.1/24
'
	trunk_begin 2=30
	trap lan_is_back EXIT
	"$HERE/lab" client 2 sh -c \
		'for what in accept_ra autoconf; do echo 1 > /proc/sys/net/ipv6/conf/eth9/$what; done'
	vm_start direct
	vm_ready 60
	on sh -c \
		'cordon settings export - | sed "s,= eth1,= eth1.30,; s,192.168.77.1/24,10.78.0.1/24," > /tmp/new'
	timeout 40 "$BOOT/on" cordon settings apply /tmp/new --confirm 120 || :
	"$HERE/lab" client 2 ip addr add 10.78.0.11/24 dev eth9
	wait_until 60 blocks_at 10.78.0.1 ||
		{ console_tail; fail 'nobody answers at the new address'; }
	sed -i 's/192.168.77.1$/10.78.0.1/' "$VM/ssh_config"
	wait_until 30 on cordon settings keep || fail 'it cannot be confirmed from there'
	sleep 5
	offer=$(dhcp_offer 2 eth9)
	like "$offer" '*IP Offered: 10.78.0.*' 'DHCP'
	like "$offer" '*Server Identifier: 10.78.0.1*' 'who offers'
	wait_until 60 has_address_by_ra ||
		fail "no address by router advertisements: $("$HERE/lab" client 2 ip -6 addr show \
		dev eth9)"
	"$HERE/lab" client 2 ip route replace default via 10.78.0.1 dev eth9
	is "$(dns 2 @10.78.0.1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	is "$(dns 2 @8.8.8.8 downloads.upd.kaspersky.com)" NXDOMAIN 'captured'
	is "$(web 2 http://77.74.176.10/)" refused 'by address'
	is "$(web 2 http://198.51.200.10/)" 200 'an innocent page'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" silence 'the old address'
	[ "$(web 1 http://198.51.200.10/)" != 200 ] || fail 'the old LAN is still forwarded'
	offer=$(dhcp_offer 1 eth0)
	case $offer in *Offered*) fail "DHCP on the old LAN: $offer" ;; esac
	case $(on cat /data/settings/network.conf) in *eth1.30*10.78.0.1/24*) ;; *) fail \
		'the new settings do not stay' ;; esac
}
blocks_at() { [ "$(dns 2 "@$1" downloads.upd.kaspersky.com)" = NXDOMAIN ]; }
dhcp_offer() {
	"$HERE/lab" client "$1" nmap --script broadcast-dhcp-discover -e "$2" --script-args \
		newtargets=no 2>&1
}
has_address_by_ra() {
	"$HERE/lab" client 2 ip -6 addr show dev eth9 scope global | grep -q '2001:db8:77:'
}
lan_is_back() {
	sed -i 's/10.78.0.1$/192.168.77.1/' "$VM/ssh_config"
	trunk_end
	"$HERE/lab" client 2 ip route replace default via 192.168.77.1
}
