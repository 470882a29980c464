/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "appliance/box/network/wiring.h"

/* Kernel settings, links, addresses and routes. */

/* The rule of captured DNS (rules/nft/route.h) goes before this one. */
enum { OWN_TABLE = 200, OWN_PRIORITY = 200 };

/* ---- before any link ---- */

static void put_number(struct wiring *wiring, const char *path, uint64_t value)
{
	wiring_sysctl(wiring, "", path, wiring_text(wiring, "%llu", (unsigned long long)value));
}

static uint64_t between(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* A full table of connections takes about an eighth of the memory, one of neighbours much less. */
static void size_tables(struct wiring *wiring, uint64_t memory_kb)
{
	static const char *const family[] = { "ipv4", "ipv6" };
	uint64_t connections = between(memory_kb / 4, 4096, 262144);
	uint64_t neighbours = between(memory_kb / 16, 1024, 16384);

	put_number(wiring, "net/netfilter/nf_conntrack_max", connections);
	put_number(wiring, "net/netfilter/nf_conntrack_buckets", connections / 4);
	for (int i = 0; i < 2; i++) {
		put_number(wiring,
			   wiring_text(wiring, "net/%s/neigh/default/gc_thresh3", family[i]),
			   neighbours);
		put_number(wiring,
			   wiring_text(wiring, "net/%s/neigh/default/gc_thresh2", family[i]),
			   neighbours / 2);
		put_number(wiring,
			   wiring_text(wiring, "net/%s/neigh/default/gc_thresh1", family[i]),
			   neighbours / 8);
	}
}

void wiring_sysctls(struct wiring *wiring, const struct wiring_facts *facts)
{
	static const char *const table[][2] = {
		/* Forwarding is the last thing of a start. */
		{ "net/ipv4/ip_forward", "0" },
		{ "net/ipv6/conf/all/forwarding", "0" },
		/* The larger of all and the link's own counts; links take the default. */
		{ "net/ipv4/conf/all/rp_filter", "0" },
		{ "net/ipv4/conf/default/rp_filter", "1" },
		{ "net/ipv4/conf/all/accept_redirects", "0" },
		{ "net/ipv4/conf/default/accept_redirects", "0" },
		{ "net/ipv4/conf/all/secure_redirects", "0" },
		{ "net/ipv4/conf/default/secure_redirects", "0" },
		{ "net/ipv4/conf/all/send_redirects", "0" },
		{ "net/ipv4/conf/default/send_redirects", "0" },
		{ "net/ipv4/conf/all/accept_source_route", "0" },
		{ "net/ipv4/conf/default/accept_source_route", "0" },
		/* An address is answered for on its own link only. */
		{ "net/ipv4/conf/all/arp_ignore", "1" },
		{ "net/ipv4/conf/all/arp_announce", "2" },
		{ "net/ipv4/icmp_echo_ignore_broadcasts", "1" },
		{ "net/ipv4/icmp_ignore_bogus_error_responses", "1" },
		{ "net/ipv4/tcp_syncookies", "1" },
		{ "net/ipv4/tcp_rfc1337", "1" },
		{ "net/ipv6/conf/all/accept_redirects", "0" },
		{ "net/ipv6/conf/default/accept_redirects", "0" },
		{ "net/ipv6/conf/all/accept_source_route", "0" },
		{ "net/ipv6/conf/default/accept_source_route", "0" },
		/* Router advertisements count where network.conf says so. */
		{ "net/ipv6/conf/all/accept_ra", "0" },
		{ "net/ipv6/conf/default/accept_ra", "0" },
		{ "net/ipv6/conf/default/autoconf", "0" },
		/* A box that nobody looks at starts again instead of standing still. */
		{ "kernel/panic", "5" },
		{ "kernel/panic_on_oops", "1" },
		{ "kernel/sysrq", "0" },
		{ "kernel/kptr_restrict", "2" },
		{ "kernel/dmesg_restrict", "1" },
		{ "kernel/unprivileged_bpf_disabled", "1" },
		{ "net/core/bpf_jit_harden", "2" },
		{ "kernel/perf_event_paranoid", "3" },
		{ "fs/protected_symlinks", "1" },
		{ "fs/protected_hardlinks", "1" },
		{ "fs/protected_fifos", "2" },
		{ "fs/protected_regular", "2" },
		{ "fs/suid_dumpable", "0" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		wiring_sysctl(wiring, "", table[i][0], table[i][1]);
	size_tables(wiring, facts->memory_kb);
	/* The capture of DNS leads over it. */
	wiring_ip(wiring, "", "link set lo up");
}

/* ---- links ---- */

static void link_sysctl(struct wiring *wiring, const char *interface, const char *family,
			const char *key, const char *value)
{
	wiring_sysctl(wiring, interface,
		      wiring_text(wiring, "net/%s/conf/%s/%s", family, interface, key), value);
}

static void link_sysctls(struct wiring *wiring, const struct network_link *link, bool is_wan)
{
	const struct network_family *v6 = &link->v6;
	/* A router (2) that learns its default route, and with SLAAC its address. A static gateway
	 * needs nothing. */
	bool learns = is_wan && v6->method != METHOD_NONE && !v6->has_gateway;

	link_sysctl(wiring, link->interface, "ipv4", "rp_filter", "1");
	link_sysctl(wiring, link->interface, "ipv4", "send_redirects", "0");
	/* The kernel asks the link alone where it forwards, all or the link where it does not. */
	link_sysctl(wiring, link->interface, "ipv4", "accept_redirects", "0");
	link_sysctl(wiring, link->interface, "ipv4", "secure_redirects", "0");
	link_sysctl(wiring, link->interface, "ipv6", "accept_redirects", "0");
	link_sysctl(wiring, link->interface, "ipv6", "accept_ra", learns ? "2" : "0");
	link_sysctl(wiring, link->interface, "ipv6", "autoconf",
		    learns && v6->method == METHOD_DYNAMIC ? "1" : "0");
	link_sysctl(wiring, link->interface, "ipv6", "disable_ipv6",
		    v6->method == METHOD_NONE ? "1" : "0");
}

static bool has_interface(const struct network *network, const char *interface)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		if (strcmp(link->interface, interface) == 0)
			return true;
	}
	return false;
}

static void make_vlan(struct wiring *wiring, const struct network *network, const char *interface)
{
	char parent[IFNAMSIZ];
	unsigned int number = network_vlan(interface, parent);
	struct step *step;

	if (number == 0)
		return;
	/* Untagged frames are nobody's, router advertisements among them. */
	if (!has_interface(network, parent))
		link_sysctl(wiring, parent, "ipv6", "disable_ipv6", "1");
	wiring_ip(wiring, interface, "link set %s up", parent);
	step = wiring_ip(wiring, interface, "link add link %s name %s type vlan id %u", parent,
			 interface, number);
	step->unless = wiring_text(wiring, "/sys/class/net/%s", interface);
}

/*
 * What a router advertisement calls on-link is a route of the kernel's, however long its prefix: a
 * longer one than a LAN's would lead there by the WAN. So the LANs have a table of their
 * own, asked before the main one.
 */
static void own_network(struct wiring *wiring, const char *interface,
			const struct network_address *address, bool gone)
{
	struct prefix prefix = network_prefix(address);
	char text[PREFIX_TEXT];

	wiring_ip(wiring, interface, "-6 route %s %s dev %s table %d", gone ? "del" : "replace",
		prefix_print(&prefix, text), interface, OWN_TABLE)->optional = gone;
}

static void add_family(struct wiring *wiring, const char *interface,
		       const struct network_family *family)
{
	bool v4 = addr_is_v4(&family->address.addr);
	char text[PREFIX_TEXT], via[ADDR_TEXT];

	if (family->method != METHOD_STATIC)
		return;
	wiring_ip(wiring, interface, "%s addr replace %s%s dev %s", v4 ? "-4" : "-6",
		wiring_address(&family->address, text), v4 ? " brd +" : "", interface);
	if (family->has_gateway)
		wiring_ip(wiring, interface, "%s route replace default via %s dev %s",
			  v4 ? "-4" : "-6", addr_print(&family->gateway, via), interface);
}

bool wiring_delegated(struct network_address *address, const struct prefix *delegated,
		    const struct network *network, const struct network_link *lan)
{
	size_t number = 0;

	for (const struct network_link *other = network->lan; other != lan; other++)
		number += other->v6.method == METHOD_DYNAMIC;
	if (delegated->length > 64 ||
	    number >> (64 - delegated->length > 16 ? 16 : 64 - delegated->length))
		return false;
	*address = (struct network_address){ delegated->addr, 64 };
	/* At most 16 LANs, and the bits in front of 64 are zero as far as they count. */
	address->addr.bytes[7] |= (uint8_t)number;
	address->addr.bytes[15] = 1;
	return true;
}

void wiring_delegate(struct wiring *wiring, const struct network *network,
		     const struct prefix *delegated, bool gone)
{
	struct network_address address;
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < network->lans; i++) {
		const struct network_link *lan = &network->lan[i];

		if (lan->v6.method != METHOD_DYNAMIC)
			continue;
		if (!wiring_delegated(&address, delegated, network, lan))
			continue;
		wiring_ip(wiring, lan->interface, "-6 addr %s %s dev %s", gone ? "del" : "replace",
			wiring_address(&address, text), lan->interface)->optional = gone;
		own_network(wiring, lan->interface, &address, gone);
	}
	/* What no LAN has must not travel in circles (RFC 7084, WPD-5). */
	wiring_ip(wiring, "", "-6 route %s unreachable %s dev lo metric 65535",
		  gone ? "del" : "replace", prefix_print(delegated, text))
		->optional = true;
}

void wiring_moved(struct wiring *wiring, const struct network *network)
{
	/* The kernel asks for advertisements when it gets its link-local address, not when a cable
	 * comes back; and it keeps addresses and routes of the old network for as long as they were
	 * said to last. */
	if (!network->has_wan || network->wan.v6.method != METHOD_DYNAMIC)
		return;
	link_sysctl(wiring, network->wan.interface, "ipv6", "disable_ipv6", "1");
	link_sysctl(wiring, network->wan.interface, "ipv6", "disable_ipv6", "0");
}

void wiring_links(struct wiring *wiring, const struct network *network,
		  const struct wiring_facts *facts)
{
	const struct network_link *link;
	struct step *step;

	wiring_sysctl(wiring, "", "kernel/hostname", network->hostname);
	step = wiring_step(wiring, STEP_FILE, "");
	step->path = "/run/resolv.conf";
	step->text = "nameserver 127.0.0.1\n";
	/* There already at the second time. */
	wiring_ip(wiring, "", "-6 rule add priority %d table %d", OWN_PRIORITY, OWN_TABLE)
		->optional = true;
	for (size_t i = 0; (link = network_link(network, i)); i++) {
		make_vlan(wiring, network, link->interface);
		link_sysctls(wiring, link, link == &network->wan);
		wiring_ip(wiring, link->interface, "link set %s up", link->interface);
		add_family(wiring, link->interface, &link->v4);
		add_family(wiring, link->interface, &link->v6);
		if (link != &network->wan && link->v6.method == METHOD_STATIC)
			own_network(wiring, link->interface, &link->v6.address, false);
	}
	for (size_t i = 0; i < network->routes; i++) {
		const struct network_route *route = &network->route[i];
		char to[PREFIX_TEXT], via[ADDR_TEXT];

		wiring_ip(wiring, "", "%s route replace %s via %s",
			  addr_is_v4(&route->via) ? "-4" : "-6", prefix_print(&route->to, to),
			  addr_print(&route->via, via));
		if (!addr_is_v4(&route->via) && route->to.length)
			wiring_ip(wiring, "", "-6 route replace %s via %s table %d", to, via,
				  OWN_TABLE);
	}
	if (facts->has_delegated)
		wiring_delegate(wiring, network, &facts->delegated, false);
}

/* ---- and away again ---- */

static bool same_family(const struct network_family *a, const struct network_family *b)
{
	return a->method == b->method && a->has_gateway == b->has_gateway &&
	       (a->method != METHOD_STATIC ||
		(a->address.length == b->address.length &&
		 addr_compare(&a->address.addr, &b->address.addr) == 0)) &&
	       (!a->has_gateway || addr_compare(&a->gateway, &b->gateway) == 0);
}

static bool has_link(const struct network *network, const struct network_link *wanted, bool is_wan)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		if (strcmp(link->interface, wanted->interface) == 0)
			return (link == &network->wan) == is_wan &&
			       same_family(&link->v4, &wanted->v4) &&
			       same_family(&link->v6, &wanted->v6);
	}
	return false;
}

/* Down takes the routes and the IPv6 addresses with it. */
static void leave_link(struct wiring *wiring, const struct network_link *link, bool remove)
{
	char parent[IFNAMSIZ];

	wiring_ip(wiring, link->interface, "-4 addr flush dev %s", link->interface)->optional =
		true;
	wiring_ip(wiring, link->interface, "link set %s down", link->interface)->optional = true;
	if (remove && network_vlan(link->interface, parent))
		wiring_ip(wiring, link->interface, "link del %s", link->interface)->optional = true;
}

static bool has_route(const struct network *network, const struct network_route *wanted)
{
	for (size_t i = 0; i < network->routes; i++) {
		const struct network_route *route = &network->route[i];

		if (route->to.length == wanted->to.length &&
		    addr_compare(&route->to.addr, &wanted->to.addr) == 0 &&
		    addr_compare(&route->via, &wanted->via) == 0)
			return true;
	}
	return false;
}

void wiring_leave(struct wiring *wiring, const struct network *old, const struct network *new)
{
	const struct network_link *link;

	for (size_t i = 0; i < old->routes; i++) {
		char to[PREFIX_TEXT];

		if (has_route(new, &old->route[i]))
			continue;
		wiring_ip(wiring, "", "%s route del %s",
			  addr_is_v4(&old->route[i].via) ? "-4" : "-6",
			  prefix_print(&old->route[i].to, to))
			->optional = true;
		if (!addr_is_v4(&old->route[i].via))
			wiring_ip(wiring, "", "-6 route del %s table %d", to, OWN_TABLE)->optional =
				true;
	}
	for (size_t i = 0; (link = network_link(old, i)); i++) {
		if (!has_link(new, link, link == &old->wan))
			leave_link(wiring, link, !has_interface(new, link->interface));
	}
}

static void forwarding(struct wiring *wiring, const char *value)
{
	wiring_sysctl(wiring, "", "net/ipv4/ip_forward", value);
	wiring_sysctl(wiring, "", "net/ipv6/conf/all/forwarding", value);
	/* A machine that forwards no longer is a host to the kernel, and hosts believe redirects.
	 */
	wiring_sysctl(wiring, "", "net/ipv4/conf/all/accept_redirects", "0");
}

void wiring_down(struct wiring *wiring, const struct network *network)
{
	const struct network_link *link;

	forwarding(wiring, "0");
	for (size_t i = 0; (link = network_link(network, i)); i++)
		leave_link(wiring, link, true);
}

void wiring_forward(struct wiring *wiring, const struct network *network)
{
	const char *value = network->forward ? "1" : "0";
	const struct network_link *link;

	forwarding(wiring, value);
	/* Where forwarding is on already that does nothing to a link that was the management's
	 * until now. */
	for (size_t i = 0; (link = network_link(network, i)); i++) {
		const char *own = link == &network->management ? "0" : value;

		link_sysctl(wiring, link->interface, "ipv4", "forwarding", own);
		link_sysctl(wiring, link->interface, "ipv6", "forwarding", own);
	}
}
