# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Namespaces, links and addresses; sourced by lab. Links are made inside the namespaces, so nothing
# of the lab ever shows among this machine's own interfaces.

HOSTS='client1 client2 switch gateway internet agency branch1 branch2'

topology_exists() {
	local host
	for host in $HOSTS; do
		[ ! -e "/run/netns/$LAB-$host" ] || return 0
	done
	return 1
}

# host_sysctl HOST KEY=VALUE...: /proc/sys/net is that of the process which opens it.
host_sysctl() {
	local host=$1
	shift
	# shellcheck disable=SC2016
	inside "$host" sh -c 'for s; do echo "${s#*=}" >"/proc/sys/net/${s%%=*}"; done' sh "$@"
}

# Fixed addresses, no duplicate detection, no router advertisements: the lab is up when it is up.
topology_host() {
	local host=$1 where
	local settings=
	ip netns add "$LAB-$host"
	for where in all default; do
		settings="$settings ipv6/conf/$where/disable_ipv6=0 ipv6/conf/$where/accept_dad=0"
		settings="$settings ipv6/conf/$where/accept_ra=0"
	done
	# shellcheck disable=SC2086
	host_sysctl "$host" $settings
	inside "$host" ip link set lo up
}

# topology_link HOST INTERFACE HOST INTERFACE: a cable.
topology_link() {
	ip link add "$2" netns "$LAB-$1" type veth peer name "$4" netns "$LAB-$3"
	inside "$1" ip link set "$2" up
	inside "$3" ip link set "$4" up
}

# topology_address HOST INTERFACE ADDRESS/LENGTH...
topology_address() {
	local host=$1 interface=$2 address nodad
	shift 2
	for address; do
		nodad=
		case $address in *:*) nodad=nodad ;; esac
		echo "addr add $address dev $interface $nodad"
	done | inside "$host" ip -batch -
}

topology_default() {
	inside "$1" ip route add default via "$2"
	inside "$1" ip route add default via "$3"
}

topology_lan() {
	local number
	inside switch ip link add bridge type bridge forward_delay 0
	inside switch ip link set bridge up
	topology_link gateway lan0 switch gateway
	topology_address gateway lan0 192.168.77.1/24 2001:db8:77::1/64
	for number in 1 2; do
		topology_link "client$number" eth0 switch "client$number"
		topology_address "client$number" eth0 "192.168.77.1$number/24" \
			"2001:db8:77::1$number/64"
		topology_default "client$number" 192.168.77.1 2001:db8:77::1
		inside switch ip link set "client$number" master bridge
	done
	inside switch ip link set gateway master bridge
}

# Routed both ways, no address translation: what a server sees is what the client sent.
topology_wan() {
	topology_link gateway wan0 internet eth0
	topology_address gateway wan0 198.51.100.2/30 2001:db8:100::2/64
	topology_default gateway 198.51.100.1 2001:db8:100::1
	topology_address internet eth0 198.51.100.1/30 2001:db8:100::1/64
	# What no route leads to is unreachable there; 192.0.2.66 swallows packets instead.
	inside internet ip -batch - <<-'END'
	route add 192.168.77.0/24 via 198.51.100.2
	route add 203.0.113.0/24 via 198.51.100.2
	route add 2001:db8:77::/64 via 2001:db8:100::2
	route add 2001:db8:113::/64 via 2001:db8:100::2
	route add blackhole 192.0.2.66
	END
	# shellcheck disable=SC2046
	topology_address internet lo $(sed 's/#.*//; s/^[a-z]*//' "$HERE/internet/addresses")
}

topology_core() {
	topology_link gateway core0 agency eth0
	topology_address gateway core0 203.0.113.1/24 2001:db8:113::1/64
	topology_address agency eth0 203.0.113.53/24 2001:db8:113::53/64
	topology_default agency 203.0.113.1 2001:db8:113::1
}

# Two further gateways, elsewhere: for what a fleet does.
topology_branches() {
	local number
	for number in 1 2; do
		topology_link "branch$number" wan0 internet "branch$number"
		topology_address "branch$number" wan0 "198.51.100.$((4 * number + 2))/30" \
			"2001:db8:100:$number::2/64"
		topology_address internet "branch$number" "198.51.100.$((4 * number + 1))/30" \
			"2001:db8:100:$number::1/64"
		topology_default "branch$number" "198.51.100.$((4 * number + 1))" \
			"2001:db8:100:$number::1"
		inside "branch$number" ip link add lan0 type veth peer name nobody
		inside "branch$number" ip link set lan0 up
	done
}

topology_up() {
	local host
	for host in $HOSTS; do
		topology_host "$host"
	done
	host_sysctl gateway ipv4/ip_forward=1 ipv6/conf/all/forwarding=1 ipv4/conf/all/rp_filter=2
	# A router that does not forward says of itself that it is none, and who hears that takes
	# its default route away until the next advertisement (RFC 4861, 7.2.4 and 7.2.5).
	host_sysctl internet ipv4/ip_forward=1 ipv6/conf/all/forwarding=1
	topology_lan
	topology_wan
	topology_core
	topology_branches
}

# What still runs in the lab's own namespaces can only have been started through the lab.
topology_down() {
	local host pid
	for host in $HOSTS; do
		[ -e "/run/netns/$LAB-$host" ] || continue
		for pid in $(ip netns pids "$LAB-$host"); do
			kill -KILL "$pid" 2>/dev/null || :
		done
		ip netns del "$LAB-$host"
	done
}
