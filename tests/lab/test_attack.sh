# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# An attacker in the LAN tries to get a query past the capture, or to disturb the answers of others.

asked_upstream() { grep -q "$1" "$LAB_DIR/internet/unbound.log"; }

spoofed() {
	nft_gateway -j list counter inet cordon spoofed |
		jq '.nftables[] | .counter // empty | .packets'
}

# from ADDRESS/LENGTH RESOLVER NAME: client 1 asks with a source that is not its own.
from() {
	local before
	before=$(spoofed)
	lab client 1 sh -c "ip addr add $1 dev lo && dig -b ${1%/*} +time=1 +tries=1 \
		@$2 $3 >/dev/null; ip addr del $1 dev lo" || :
	! asked_upstream "$3" || fail "a query from $1 to $2 went to the internet"
	[ "$(spoofed)" -gt "$before" ] || fail "a query from $1 to $2 is not counted"
}

# The server is beyond the gateway; in the LAN itself nothing tells an address from its owner.
test_attack_source_of_the_internal_server() {
	from 203.0.113.53/32 8.8.8.8 as-server.gov
	from 2001:db8:113::53/128 2001:4860:4860::8888 as-server-6.gov
}

# Else the gateway would send its answers to whom the sender chose.
test_attack_source_of_a_victim() {
	from 198.51.200.10/32 9.9.9.9 for-victim.gov
	from 2001:db8:200::10/128 2620:fe::fe for-victim-6.gov
}

test_attack_link_local_clients_are_answered() {
	local gateway
	gateway=$(lab gateway ip -6 -o addr show dev lan0 scope link | awk '{ print $4 }')
	gateway=${gateway%/*}
	is "$(dns 1 "@$gateway%eth0" www.agency.example)" 'NOERROR 198.51.200.10' "@$gateway"
}

# 3000 bytes of an option that nobody knows.
test_attack_fragments() {
	local option resolver
	option=$(printf '%06000d' 0)
	for resolver in 8.8.8.8 2001:4860:4860::8888; do
		is "$(dns 1 "@$resolver" +ednsopt="65001:$option" fragments.upd.kaspersky.com)" \
			NXDOMAIN "@$resolver in fragments"
	done
}

# behind OPTION HEADER-IN-HEX RESOLVER NAME: asks with an IPv6 header before that of UDP; the rcode.
behind() {
	# shellcheck disable=SC2016
	lab client 1 perl -MSocket=:all -e '
		my ($option, $header, $resolver, $name) = @ARGV;
		socket(my $s, AF_INET6, SOCK_DGRAM, 0) or die;
		setsockopt($s, IPPROTO_IPV6, $option, pack("H*", $header)) or die "header: $!";
		my $query = pack("n6", 7, 256, 1, 0, 0, 0)
			. join("", map { pack("C/a*", $_) } split(/\./, $name)) . pack("Cn2", 0, 1, 1);
		send($s, $query, 0, pack_sockaddr_in6(53, inet_pton(AF_INET6, $resolver))) or die;
		vec(my $ready = "", fileno($s), 1) = 1;
		select($ready, undef, undef, 2) or die "silence\n";
		recv($s, my $answer, 4096, 0);
		print unpack("x3C", $answer) & 15' "$@" 2>&1
}

test_attack_ipv6_headers() {
	local hop_by_hop=54 destination=59 padding=0000010400000000
	is "$(behind $hop_by_hop $padding 2001:4860:4860::8888 hop.upd.kaspersky.com)" 3 \
		'hop-by-hop options'
	is "$(behind $destination $padding 2620:fe::fe destination.upd.kaspersky.com)" 3 \
		'destination options'
}

dns_role() { status '.roles[] | select(.role == "dns") | .pid'; }

# Half a length prefix on each; what 900 connections took is given back at once when they end.
test_attack_many_idle_connections() {
	local before
	before=$(dns_role)
	# shellcheck disable=SC2016
	"$HERE/lab" client 1 perl -MSocket=:all -e '
		my @open;
		for (1 .. 900) {
			socket(my $s, AF_INET, SOCK_STREAM, 0) or die;
			connect($s, pack_sockaddr_in(53, inet_aton("8.8.8.8"))) or die "connect: $!";
			send($s, "\0", 0);
			push @open, $s;
		}
		sleep 1' >/dev/null &
	sleep 0.5
	is "$(dns 2 +tcp www.agency.example)" 'NOERROR 198.51.200.10' 'another client meanwhile'
	wait $!
	is "$(dns 1 +tcp www.agency.example)" 'NOERROR 198.51.200.10' 'this client afterwards'
	is "$(dns_role)" "$before" "the dns role's pid"
}
