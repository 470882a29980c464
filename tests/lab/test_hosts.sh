# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Hosts: one machine across DHCP and both families, its names, its verdict, its story; who was there
# without the product; what an inventory says beside it.

inside() {
	local host=$1
	shift
	nsenter --net="/run/netns/$LAB-$host" "$@"
}

# Another DHCP server of the LAN, as agencies have one, which runs on the switch until client 1 has
# a lease.
setup() {
	local _ server
	gateway_with hosts
	gcc -Wall -Wextra -Werror -o "$LAB_DIR/lease" "$HERE/lease.c" || return 1
	inside switch ip addr replace 192.168.77.2/24 dev bridge
	rm -f "$LAB_DIR/leases"
	nsenter --net="/run/netns/$LAB-switch" dnsmasq --keep-in-foreground --conf-file=/dev/null \
		--port=0 --user=root --pid-file= --interface=bridge --no-ping \
		--dhcp-range=192.168.77.100,192.168.77.150,1h --dhcp-leasefile="$LAB_DIR/leases" \
		>"$LAB_DIR/dhcp.out" 2>&1 </dev/null &
	server=$!
	for _ in 1 2 3 4 5; do
		LEASE=$(lab client 1 "$LAB_DIR/lease" eth0 PC-17) && break
		sleep 1
	done
	kill "$server"
	inside switch ip addr del 192.168.77.2/24 dev bridge
	[ -n "$LEASE" ] || { cat "$LAB_DIR/dhcp.out" >&2; return 1; }
	lab client 1 ip addr replace "$LEASE/24" dev eth0
}

mac_of() { lab client "$1" ip -o link show eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/'; }
# host_is CLIENT FILTER: is there exactly one host with this MAC, and does the filter hold?
host_is() { [ "$(cordon hosts --json | jq -c "select(.mac == \"$(mac_of "$1")\") | $2")" = true ]; }

test_one_machine_in_two_families_and_two_leases() {
	dns 1 -b "$LEASE" @192.168.77.1 dc1.ksn.kaspersky-labs.com >/dev/null
	dns 1 -b 192.168.77.11 @192.168.77.1 s01.upd.kaspersky.com >/dev/null
	dns 1 -b 2001:db8:77::11 @2001:db8:77::1 s02.upd.kaspersky.com >/dev/null
	logged '.client == "2001:db8:77::11" and .name == "s02.upd.kaspersky.com"'
	logged ".client == \"$LEASE\""
	wait_until 8 host_is 1 '.addresses >= 3 and .verdict == "product" and .events >= 3' ||
		fail "not one host: $(cordon hosts --json)"
	like "$(cordon hosts | tail -1)" '*with the product: 1 machine: 1 by *' 'the sum'
}

# The lease names what happened before it was loaded.
test_names_from_leases_of_another_server() {
	dns 1 -b "$LEASE" @192.168.77.1 dc1.ksn.kaspersky-labs.com >/dev/null
	logged ".client == \"$LEASE\""
	# What it called itself in DHCP, which passed by.
	wait_until 8 host_is 1 '.name == "pc-17" and .named_by == "dhcp-seen"' ||
		fail "DHCP in passing: $(cordon hosts --json)"
	is "$(cordon names load --from dnsmasq "$LAB_DIR/leases")" 'dnsmasq: 1 names' 'what is loaded'
	host_is 1 '.name == "PC-17" and .named_by == "foreign-lease"' ||
		fail "not named: $(cordon hosts --json)"
	like "$(cordon names list)" 'dnsmasq * 1 names,*as foreign-lease' 'the list'
	printf 'mac,name,user,site\n%s,PC-18,alice,HQ\n' "$(mac_of 1)" >"$LAB_DIR/table.csv"
	cordon names load --from table "$LAB_DIR/table.csv" >/dev/null
	host_is 1 '.name == "PC-18" and .user == "alice" and .site == "HQ" and
		.named_by == "table"' ||
		fail "the agency's own table is worth less: $(cordon hosts --json)"
	cordon names remove table
	logged '.notice == "names" and .action == "remove" and .label == "table"'
	cordon names set "$(mac_of 1)" --name scanner --tool yes
	host_is 1 '.name == "scanner" and .verdict == "tool that handles names"' ||
		fail "not a tool: $(cordon hosts --json)"
	cordon names set "$(mac_of 1)"
	host_is 1 '.name == "PC-17" and .verdict == "product"' || fail 'what was set by hand stays'
	cordon names remove dnsmasq
	host_is 1 '.name == "pc-17"' || fail 'what was removed stays'
}

# Two of the fallback resolvers in their order: the finding is an event, and evidence.
test_the_fallback_sequence_shows_the_product() {
	dns 2 @8.8.8.8 downloads.upd.kaspersky.com >/dev/null
	dns 2 @1.1.1.1 downloads.upd.kaspersky.com >/dev/null
	logged '.channel == "fingerprint" and .client == "192.168.77.12" and .resolver == "1.1.1.1"
		and .rule == "cordon:fingerprint:fallback" and .action == "block"'
	wait_until 8 host_is 2 '.verdict == "product" and .confidence == "high" and
		(.explanation | contains("documented order of fallback resolvers"))' ||
		fail "not the product: $(cordon hosts --json)"
}

test_the_story_of_one_host() {
	local who story
	cordon names load --from dnsmasq "$LAB_DIR/leases" >/dev/null
	dns 1 -b "$LEASE" @192.168.77.1 told.upd.kaspersky.com >/dev/null
	dns 2 @192.168.77.1 another.upd.kaspersky.com >/dev/null
	logged '.name == "another.upd.kaspersky.com"'
	for who in PC-17 pc-17 "$LEASE" 192.168.77.11 2001:db8:77::11 "$(mac_of 1)"; do
		story=$(cordon host "$who") || fail "no story of $who"
		like "$story" '*told.upd.kaspersky.com*' "the story of $who"
		case $story in *another.upd.kaspersky.com*) fail "$who: another host's event" ;; esac
	done
	logged '.notice == "looked" and (. | tostring | contains("PC-17"))'
	like "$story" '*names:*PC-17 by foreign-lease*addresses:*evidence:*days:*events:*' 'its parts'
	is "$(cordon host --json --last 1 PC-17 | jq -c '[(.story | length), .left_out > 0]')" \
		'[1,true]' 'the last event'
	cordon host no-such-host >"$LAB_DIR/none" 2>&1 && fail 'a host that is not there'
	like "$(cat "$LAB_DIR/none")" '*no host "no-such-host"; cordon hosts lists*' 'the hint'
	cordon names remove dnsmasq
}

# Of innocent traffic: that the host was there, and nothing else.
test_presence_and_inventory() {
	dns 2 @192.168.77.1 www.agency.example >/dev/null
	wait_event_on() { [ -n "$(cordon log --json --channel "$1" --host 192.168.77.12)" ]; }
	wait_until 8 wait_event_on seen-dns || fail 'it is not noted that the host was there'
	# The journal looks at the neighbour table 5, 15, 35 s after its start, and so on.
	wait_until 90 wait_event_on seen-link || fail 'its address on the link is not noted'
	[ -z "$(cordon log --json | jq -c 'select(.channel | tostring | startswith("seen"))')" ] ||
		fail 'presence is among the events'
	[ -z "$(cordon log --json --channel seen-link |
		jq -c 'select(.interface != "lan0" or .mac == null)')" ] ||
		fail 'what is no client is noted'
	[ -z "$(grep -ro agency.example "$LAB_DIR/state/log" | head -n1)" ] ||
		fail 'an innocent name is in the log'
	cat >"$LAB_DIR/inventory.csv" <<-END
	ip,mac,name,network
	192.168.77.11,$(mac_of 1),PC-17,office
	192.168.77.200,,PC-19,office
	END
	# The other DHCP server is a neighbour, too.
	is "$(cordon hosts --inventory "$LAB_DIR/inventory.csv" --json | jq -c '
		(.networks[] | select(.network == "office") |
			[.with_product + .without_product >= 2, .never_seen,
				.not_inventoried >= 1]) +
		[.not_inventoried[] | select(.address == "192.168.77.12") | .mac]')" \
		"[true,1,true,\"$(mac_of 2)\"]" 'seen, never seen, not inventoried'
	like "$(cordon hosts --inventory "$LAB_DIR/inventory.csv")" \
		'*inventoried and never seen:*192.168.77.200*seen and not inventoried:*192.168.77.12*' \
		'the lists'
}

test_merged_by_hand() {
	local one two
	one=$(mac_of 1) two=$(mac_of 2)
	dns 1 @192.168.77.1 merge.upd.kaspersky.com >/dev/null
	dns 2 @192.168.77.1 merge.upd.kaspersky.com >/dev/null
	logged '.name == "merge.upd.kaspersky.com" and .client == "192.168.77.12"'
	cordon hosts merge "$one" "$two"
	logged '.notice == "hosts" and .action == "merge" and (.actor | startswith("user:0:root"))'
	is "$(cordon hosts --json | jq -s 'map(select(.merged_by_hand)) | length')" 1 'merged hosts'
	cordon hosts split "$two" "$one"
	is "$(cordon hosts --json | jq -s 'map(select(.merged_by_hand)) | length')" 0 'after the split'
	cordon hosts split "$one" "$two" 2>/dev/null && fail 'nothing was merged any more'
	return 0
}
