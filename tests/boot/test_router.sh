# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# quick: router_out_of_the_box router_everyday
# A router as it comes: WAN by DHCP, router advertisements and a delegated prefix; LAN
# 192.168.77.1/24.

SERIAL=CORDON-0815

# Nothing is set: what is forwarded and what is not shows from outside alone.
test_router_out_of_the_box() {
	vm_disk
	vm_start direct
	wait_until 30 is_blocked 192.168.77.1 ||
		{ console_tail; fail 'the first query was never answered'; }
	# shellcheck disable=SC2016
	wait_until 20 works web 1 http://www.agency.example/ -4 ||
		{ console_tail; fail 'IPv4 is not forwarded'; }
	wait_until 90 works web 1 http://www.agency.example/ -6 ||
		fail "IPv6 is not forwarded: $(ipv6_on_the_console)"
	# cordond starts anew with the upstreams that DHCP named, over both families.
	sleep 5
	wait_until 10 is_blocked 192.168.77.1 || fail 'by name, after the leases'
	is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	is "$(web 1 http://77.74.176.10/)" refused 'by address, IPv4'
	is "$(web 1 'http://[2a03:2480:68::10]/')" refused 'by address, IPv6'
	is "$(dns 1 @8.8.8.8 downloads.upd.kaspersky.com)" NXDOMAIN 'captured'
	is "$(dot 1 8.8.8.8)" refused 'DNS over TLS'
	is "$(connection 1 192.168.77.1 22)" 'refused' 'ssh is off and the gateway is closed'
	# The first that a person sees of the box on its console.
	console_wait 30 '^healthy, but no signed updates come' ||
		fail 'the console does not say how the box is'
	! console_has 'NOT HEALTHY' || { console_tail
	fail 'a start as it should be looks like a failure'; }
}

# IPv6 gets 90 s: a box that misses the first router advertisements asks again after 4, 8, 16 and 32
# s (RFC 7559).
is_blocked() { [ "$(dns 1 "@$1" downloads.upd.kaspersky.com)" = NXDOMAIN ]; }
works() { [ "$("$@")" = 200 ]; }

# The same with ssh chosen and a key given, so that the machine itself can be asked.
test_router_everyday() {
	local before
	vm_disk
	provision_ssh
	# shellcheck disable=SC2046
	vm_start direct $([ "$ARCH" != x86_64 ] || echo -smbios "type=1,serial=$SERIAL")
	vm_ready 40
	measured "policy in force, direct boot (kernel seconds)" "$(boot_time policy)"
	measured "links up" "$(boot_time links)"
	measured "forwarding on" "$(boot_time forwarding)"
	is "$(on cat /run/boot/forwarded | tr -s ' \n' ' ')" '4 0 6 0 ' \
		'packets forwarded before the policy'
	without_a_way_back
	wait_until 20 works web 1 http://www.agency.example/ -4 ||
		fail 'IPv4 is not forwarded, or not translated'
	is "$(web 2 https://www.agency.example/ -4)" 200 'https'
	way_back
	wait_until 90 works web 1 http://www.agency.example/ -6 ||
		fail "IPv6 is not forwarded: $(ipv6_here_and_there)"
	own_networks_stay
	is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name'
	is "$(web 1 http://77.74.176.10/)" refused 'by address'
	is "$(web 1 https://tip.kaspersky.com/)" 200 'an exempt service, by pinhole'
	wait_event '.name == "downloads.upd.kaspersky.com"' || fail 'the name is not in the log'
	wait_event \
		'.address == "77.74.176.10" and .rule == "kaspersky:infrastructure:77.74.176.0/21"' ||
		fail 'the packet is not in the log'
	lease_stays
	before=$(events . | wc -l)
	on reboot || :
	sleep 3
	vm_ready 120
	[ "$(events . | wc -l)" -ge "$before" ] || fail 'the log is shorter after a restart'
	is "$(on cat /proc/sys/kernel/hostname)" cordon 'hostname'
	is "$(dns 1 downloads.upd.kaspersky.com)" NXDOMAIN 'by name, after a restart'
	what_it_is
	room_for_the_log
}

# A router advertisement that calls half of the LAN's network on-link makes this route; the answers
# still come here.
own_networks_stay() {
	on ip -6 route add 2001:db8:77::/65 dev eth0
	is "$(web 1 http://www.agency.example/ -6)" 200 \
		'IPv6, where the WAN claims the network of the LAN'
	on ip -6 route del 2001:db8:77::/65 dev eth0
}

# What changes nothing of it takes no address away that DHCP gave; its client would notice at half
# of the lease.
lease_stays() {
	on mkdir -p /run/set
	on sh -c \
		'{ cat /data/settings/network.conf; echo; echo [wan]; echo address6 = none; } > /run/set/network.conf'
	on sh -c 'cordon settings apply /run/set --confirm 120 && cordon settings keep' > /dev/null
	like "$(on ip -4 route)" '*default via 198.51.100.1 dev eth0*' \
		'the default route after a change of network.conf'
	is "$(web 1 http://www.agency.example/ -4)" 200 'IPv4 after a change of network.conf'
}

# The internet of the lab knows a route to the LAN; without it, only what comes from the box's own
# address is answered.
without_a_way_back() {
	in_internet ip route del 192.168.77.0/24
	trap way_back EXIT
}
way_back() { in_internet ip route replace 192.168.77.0/24 via 198.51.100.2; }

# What an inventory and an auditor ask.
what_it_is() {
	local image options option
	options=$(on cat /proc/mounts | awk '$2 == "/data" { print "," $4 "," }')
	for option in nodev nosuid noexec; do
		like "$options" "*,$option,*" 'how the data partition is mounted'
	done
	image=$(on cat /etc/cordon/image.json)
	is "$(status '.box.image | [.version, .built, .supported_until] | join(" ")')" "$(jq -r '
		[.version, (.build, ."supported-until" | todate[:10])] | join(" ")' <<< "$image")" \
			'the image'
	[ -n "$(status '.box.model // ""')" ] || fail "no model: $(status .box)"
	[ "$ARCH" != x86_64 ] || is "$(status .box.serial)" "$SERIAL" 'the serial number'
}

# It is known when the log is ten minutes old.
room_for_the_log() {
	on date -u -s "@$(($(date +%s) + 2 * 86400))" > /dev/null
	wait_until 10 fits_days 1 || fail "the days that fit: $(status .log)"
	like "$(cordon status)" '*, room for * days*' 'the status'
}
fits_days() { [ "$(status ".log.days | numbers > $1")" = true ]; }

boot_time() { on cat /run/boot/times | sed -n "s/^$1 //p"; }

# What a client meets that asks from power-on: when its first answers came, in the kernel's time.
# The event of the blocked one says when that was there, the client's clock how long after it the
# other one came.
test_router_first_answers() {
	vm_disk
	provision_ssh
	first_answers 'first start'
	vm_off || fail 'it does not switch off'
	first_answers 'later start'
}

first_answers() {
	local blocked=downloads.upd.kaspersky.com innocent=www.agency.example asker boot there
	# No question waits for ARP.
	"$HERE/lab" client 1 ip neigh replace 192.168.77.1 lladdr $LAN_MAC dev eth0 nud permanent
	timeout 120 "$HERE/lab" client 1 "$ROOT/build/tests/boot/asker" 192.168.77.1 $blocked \
		$innocent > "$VM/answers" &
	asker=$!
	vm_start direct
	wait $asker || { console_tail; fail "$1: answered was only: $(cat "$VM/answers")"; }
	"$HERE/lab" client 1 ip neigh del 192.168.77.1 dev eth0
	is "$(cut -d' ' -f1,2 "$VM/answers" | sort | paste -sd' ')" "$blocked 3 $innocent 0" \
		"$1: the first answers"
	vm_ready 60
	boot=$(on cat /proc/sys/kernel/random/boot_id)
	wait_event \
		".name == \"$blocked\" and .client == \"192.168.77.11\" and .boot_id == \"$boot\"" \
			||
		fail "$1: the first answer is not in the log"
	there=$(events \
		".name == \"$blocked\" and .client == \"192.168.77.11\" and .boot_id == \"$boot\"" |
		head -n 1 | jq .uptime)
	measured "$1: first answers, blocked and innocent (kernel seconds)" \
		"$(awk -v there="$there" -v blocked=$blocked '
		{ at[$1 == blocked] = $3 } END { printf "%.2f %.2f", there, there + (at[0] - at[1]) / 1000 }' "$VM/answers")"
	measured "$1: policy in force, links up (kernel seconds)" \
		"$(boot_time policy) $(boot_time links)"
}
