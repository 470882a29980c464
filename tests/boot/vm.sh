# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The image as a machine in the lab: QEMU runs in the namespace of the gateway, whose lan0 and wan0
# are bridged to its cards; sourced by run and by play. What tests/lab/lib.sh has works here too:
# `cordon` asks the machine over ssh.

LAB=${LAB:-cordon-boot}
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
BOOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
IMAGE_DIR=${IMAGE_DIR:-$ROOT/build/image}
ARCH=${ARCH:-x86_64}
VM=$LAB_DIR/vm		# disk, console, sockets of the machine

LAN_MAC=52:54:00:77:00:01
WAN_MAC=52:54:00:77:00:02
WAN_LINK_LOCAL=fe80::5054:ff:fe77:2

# ---- the lab around it ----

in_gateway() { "$HERE/lab" gateway "$@"; }
in_internet() { "$HERE/lab" internet "$@"; }

# vm_lab: the lab with servers of an access network, and no gateway yet.
vm_lab() {
	lab up --no-cordon || return
	mkdir -p "$VM"
	in_gateway sh -eu -c '
	for pair in lan wan; do
		ip addr flush dev ${pair}0
		echo 1 > /proc/sys/net/ipv6/conf/${pair}0/disable_ipv6
		ip link add br-$pair type bridge forward_delay 0 mcast_snooping 0
		echo 1 > /proc/sys/net/ipv6/conf/br-$pair/disable_ipv6
		ip tuntap add tap-$pair mode tap vnet_hdr
		echo 1 > /proc/sys/net/ipv6/conf/tap-$pair/disable_ipv6
		ip link set ${pair}0 master br-$pair
		ip link set tap-$pair master br-$pair
		ip link set tap-$pair up
		ip link set br-$pair up
	done'
	in_internet sh -eu -c '
	ip -6 route replace 2001:db8:77::/64 via '$WAN_LINK_LOCAL' dev eth0
	ip -6 route replace 2001:db8:100::/64 dev eth0'
	ssh-keygen -q -t ecdsa -N '' -C test -f "$VM/key" </dev/null
	vm_cordon_command
	vm_access
}

# DHCP and router advertisements on the WAN, and a prefix to delegate.
vm_access() {
	mkdir -p "$VM/access"
	server dnsmasq internet dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 \
		--interface=eth0 --bind-interfaces --except-interface=lo --user=root --group=root \
		--leasefile-ro --dhcp-authoritative \
		--dhcp-range=198.51.100.2,198.51.100.2,255.255.255.252,2m \
		--dhcp-option=3,198.51.100.1 --dhcp-option=6,198.51.100.1 --no-ping --pid-file= \
		--enable-ra --dhcp-range=2001:db8:100::,ra-only,2m
	sed "s|@DIR@|$VM/access|g" "$BOOT/internet/kea.json" > "$VM/access/kea.json"
	KEA_LOCKFILE_DIR=$VM/access KEA_PIDFILE_DIR=$VM/access KEA_LOGGER_DESTINATION=stdout \
		server kea internet kea-dhcp6 -c "$VM/access/kea.json"
}

# server NAME HOST CMD...: until the lab goes down.
server() {
	local name=$1 host=$2
	shift 2
	setsid "$HERE/lab" "$host" "$@" < /dev/null > "$VM/$name.out" 2>&1 &
	echo $! > "$LAB_DIR/pids/$name"
}

# `cordon` of lib.sh is this file.
vm_cordon_command() {
	cat > "$LAB_DIR/bin/cordon" <<-END
	#!/bin/bash
	exec "$BOOT/on" cordon "\$@"
	END
	cat > "$VM/ssh_config" <<-END
	Host gateway
	    HostName 192.168.77.1
	    User root
	    IdentityFile $VM/key
	    IdentitiesOnly yes
	    StrictHostKeyChecking no
	    UserKnownHostsFile /dev/null
	    LogLevel ERROR
	    ConnectTimeout 4
	    ServerAliveInterval 5
	END
	chmod +x "$LAB_DIR/bin/cordon"
}

# trunk_begin [CLIENT]=VLAN...: the LAN card becomes a trunk; each client named gets a link eth9 in
# that VLAN, and everything else stays untagged.
trunk_begin() {
	local pair ports='lan0=0'
	: > "$VM/trunk"
	in_gateway sh -c 'ip link set tap-lan nomaster; ip link set lan0 nomaster'
	for pair; do
		ip link add "vlan${pair#*=}" netns "$LAB-gateway" type veth peer name eth9 netns \
			"$LAB-client${pair%=*}"
		in_gateway sh -c \
			"echo 1 > /proc/sys/net/ipv6/conf/vlan${pair#*=}/disable_ipv6; ip link set vlan${pair#*=} up"
		"$HERE/lab" client "${pair%=*}" ip link set eth9 up
		ports="$ports vlan${pair#*=}=${pair#*=}"
	done
	# shellcheck disable=SC2086
	server trunk gateway "$ROOT/build/tests/boot/trunk" tap-lan $ports
}
trunk_end() {
	[ -e "$VM/trunk" ] || return 0
	[ ! -e "$LAB_DIR/pids/trunk" ] || kill "$(cat "$LAB_DIR/pids/trunk")"
	rm -f "$LAB_DIR/pids/trunk" "$VM/trunk"
	in_gateway sh -c '
	for link in $(ip -o link show type veth | sed -n "s/^[0-9]*: \(vlan[0-9]*\)@.*/\1/p"); do ip link del $link; done
	ip link set tap-lan master br-lan; ip link set lan0 master br-lan'
}

# on CMD...: a command on the machine, from client 2's place; quoted for the shell there.
on() { "$BOOT/on" "$@"; }

# ---- disks ----

# vm_disk [IMAGE]: a fresh disk for the machine; more megabytes behind the image with DISK_MIB.
vm_disk() {
	cp --sparse=always "${1:-$IMAGE_DIR/cordon-$ARCH.img}" "$VM/disk.img"
	[ -z "${DISK_MIB:-}" ] || truncate -s "${DISK_MIB}M" "$VM/disk.img"
}

# esp COMMAND ARGUMENTS...: mtools on the EFI system partition of the machine's disk.
esp() {
	local command=$1
	shift
	MTOOLS_SKIP_CHECK=1 "$command" -i "$VM/disk.img@@1M" "$@"
}

# provision NAME=CONTENT...: files for the machine to take in at its next start.
provision() {
	local pair
	for pair; do
		printf '%s' "${pair#*=}" > "$VM/provision"
		esp mcopy -o "$VM/provision" "::/cordon/${pair%%=*}"
	done
}

# provision_ssh [NETWORK.CONF-LINES]: so that tests can look inside.
provision_ssh() {
	provision "authorized_keys=$(cat "$VM/key.pub")"$'\n' \
		"network.conf=${1-}"$'\n[management]\ninterface = lan\nssh = on\n' \
		"cordon.conf=${2-}"$'\n[log]\nappliance-id = lab-gateway\n'
}

# ---- the machine ----

# QEMU starts no kernel that unpacks itself under EFI (arm64): the kernel inside, as its header says
# where.
direct_kernel() {
	local packed=$IMAGE_DIR/kernel-$ARCH plain=$VM/kernel offset size
	[ "$ARCH" = arm64 ] || { echo "$packed"; return; }
	if [ ! "$plain" -nt "$packed" ]; then
		read -r offset size < <(od -A n -t u4 -j 8 -N 8 "$packed")
		tail -c "+$((offset + 1))" "$packed" | head -c "$size" |
			zstd -dcq > "$plain" 2>/dev/null || :
	fi
	echo "$plain"
}

# vm_words direct|uefi: the command line of QEMU, into WORDS. MEMORY in MiB; DRIVE: words that make
# the block device "disk" instead of a plain file; APPEND: more of the kernel's command line;
# WATCHDOG=no: none but the one of q35 itself, which never bites; WAN=no: the card of the LAN alone;
# SECURE=yes: Secure Boot, with Debian's snakeoil key alone.
vm_words() {
	WORDS=(-nodefaults -no-user-config -smp "${CPUS:-2}" -m "${MEMORY:-256}" -rtc \
		"base=${RTC:-utc}"
		-qmp "unix:$VM/qmp,server=on,wait=off"
		-device virtio-rng-pci)
	# The order of the cards is that of eth0 (WAN) and eth1 (LAN).
	[ "${WAN:-yes}" = no ] || WORDS+=(-netdev tap,id=wan,ifname=tap-wan,script=no,downscript=no
		-device "virtio-net-pci,netdev=wan,mac=$WAN_MAC,romfile=")
	WORDS+=(-netdev tap,id=lan,ifname=tap-lan,script=no,downscript=no
		-device "virtio-net-pci,netdev=lan,mac=$LAN_MAC,romfile=")
	[ "${WATCHDOG:-yes}" = no ] || WORDS+=(-watchdog-action reset -device i6300esb)
	if [ -n "${DRIVE:-}" ]; then
		# shellcheck disable=SC2206
		WORDS+=($DRIVE)
	else
		WORDS+=(-drive "if=none,id=disk,file=$VM/disk.img,format=raw")
	fi
	WORDS+=(-device virtio-blk-pci,drive=disk,bootindex=1)
	case $ARCH in
	x86_64) WORDS=(qemu-system-x86_64 -M "q35${SECURE:+,smm=on}" -cpu max "${WORDS[@]}") ;;
	arm64) WORDS=(qemu-system-aarch64 -M virt -cpu cortex-a72 "${WORDS[@]}") ;;
	esac
	case $1 in
	direct)
		WORDS+=(-kernel "$(direct_kernel)"
			-append "$(cat "${CMDLINE:-$IMAGE_DIR/cmdline-$ARCH}") ${APPEND:-}")
		;;
	uefi) vm_firmware ;;
	esac
	rm -f "$VM/qmp" "$VM/console"
}

# vm_start [direct|uefi] [QEMU-ARGUMENTS...]
vm_start() {
	local how=${1:-direct}
	shift || :
	vm_words "$how"
	: > "$VM/console.log"
	# Of a machine that ended badly it lies there still, and would say that this one runs.
	rm -f "$VM/qmp"
	server vm gateway "${WORDS[@]}" -display none \
		-chardev \
		"socket,id=console,path=$VM/console,server=on,wait=off,logfile=$VM/console.log" \
		-serial chardev:console "$@"
	wait_until 10 test -S "$VM/qmp" || { cat "$VM/vm.out"; return 1; }
}

# vm_play: with its console here, until it ends.
vm_play() {
	vm_words uefi
	"$HERE/lab" gateway "${WORDS[@]}" -display none -serial mon:stdio
}

# Boards of arm64 have U-Boot's EFI, which keeps its variables on the disk.
vm_firmware() {
	if [ "$ARCH" = arm64 ]; then
		WORDS+=(-bios /usr/lib/u-boot/qemu_arm64/u-boot.bin)
		return
	fi
	local kind=${SECURE:+.snakeoil}
	[ -e "$VM/vars$kind.fd" ] || cp "/usr/share/OVMF/OVMF_VARS_4M$kind.fd" "$VM/vars$kind.fd"
	WORDS+=(-drive "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M$kind.fd"
		-drive "if=pflash,format=raw,file=$VM/vars$kind.fd")
	[ -z "$kind" ] || WORDS+=(-global driver=cfi.pflash01,property=secure,value=on)
}

vm_alive() { [ -e "$LAB_DIR/pids/vm" ] && kill -0 "$(cat "$LAB_DIR/pids/vm")" 2>/dev/null; }

# Pulls the plug.
vm_cut() {
	local pid
	[ -e "$LAB_DIR/pids/vm" ] || return 0
	pid=$(cat "$LAB_DIR/pids/vm")
	kill -KILL "$pid" 2>/dev/null || :
	wait_until 5 vm_gone || :
	rm -f "$LAB_DIR/pids/vm"
}
vm_gone() { ! vm_alive; }

# vm_off: an orderly end, from inside.
vm_off() {
	on poweroff || :
	wait_until 40 vm_gone || { vm_cut; return 1; }
	rm -f "$LAB_DIR/pids/vm"
}

# console_has PATTERN [COUNT]: a line of the console (extended expression), that often.
console_has() { [ "$(tr -d '\r' < "$VM/console.log" | grep -cE "$1")" -ge "${2:-1}" ]; }
console_wait() { wait_until "$1" console_has "$2" "${3:-1}" || { console_tail; return 1; }; }
# console_type LINE: as a person at the serial line.
console_type() {
	{ printf '%s\r' "$1"; sleep 1; } | nc -N -U "$VM/console" > /dev/null
}
console_tail() {
	echo "the console's end:"
	tail -n 15 "$VM/console.log" | tr -d '\r'
	registers
}
# Where its processors are, for one that stands still.
registers() {
	{
		echo '{"execute":"qmp_capabilities"}'
		echo '{"execute":"human-monitor-command","arguments":{"command-line":"info registers -a"}}'
		sleep 2
	} | nc -N -U "$VM/qmp" 2>/dev/null | jq -r 'select(.return | type == "string").return' |
		grep -E '^CPU#|IP=|PC=|SP=|CR3=' | tr -d '\r' | sed 's/^/    /'
}


# How far client 1 comes, and routes and neighbours of all three sides, for IPv6 that does not
# arrive.
ipv6_here_and_there() {
	local to
	echo "web $(web 1 http://www.agency.example/ -6), AAAA $(dns 1 www.agency.example AAAA)"
	for to in 2001:db8:77::1 2001:db8:100::1 2001:db8:200::10; do
		"$HERE/lab" client 1 ping -6 -c 2 -W 3 "$to" | grep -E 'loss|From' || :
	done
	on sh -c \
		'cat /run/cordon/lease6; ip -6 addr | grep inet6; ip -6 route | grep -v "ff00\|fe80::/"; ip -6 neigh'
	on sh -c 'cat /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra' |
		paste -sd' '
	in_internet sh -c 'ip -6 route | grep 2001:db8:77; ip -6 neigh'
	"$HERE/lab" client 1 sh -c 'ip -6 addr | grep inet6; ip -6 route; ip -6 neigh'
}

# The same of a box that is not set up: its console has a shell for each person at it.
ipv6_on_the_console() {
	ipv6_here_and_there 2> /dev/null || :
	console_type u
	console_type \
		'cd /proc/sys/net/ipv6/conf; grep . */forwarding */accept_ra; cat /run/cordon/lease6'
	console_type 'ip -6 addr | grep inet6; ip -6 route | grep -v ff00; ip -6 neigh; exit'
	sleep 2
	tail -n 60 "$VM/console.log" | tr -d '\r'
}

# vm_ready SECONDS: policy, links, forwarding, self-test; ssh answers, and cordond has the upstreams
# that DHCP named at a first start.
vm_ready() {
	wait_until "${1:-60}" on test -e /run/boot/done || { console_tail; return 1; }
	wait_until 20 settled || { console_tail; return 1; }
}
settled() { [ "$(status '.in_force and .uptime > 3')" = true ]; }
