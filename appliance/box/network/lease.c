/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/lease.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/network/wiring.h"
#include "appliance/settings/value.h"

enum {
	PREFIX_SHORTEST = 16,
	VALID_USUAL = 3600,	/* udhcpc's own, where the server names none */
	VALID_LEAST = 30	/* and its floor */
};

/* Could a host of the network have it? Not this one itself, no group, nothing of a link. */
static bool is_unicast(const struct addr *addr, const struct network *network)
{
	const uint8_t *bytes = addr->bytes;
	const struct network_link *link;

	for (size_t i = 0; network && (link = network_link(network, i)); i++) {
		if ((link->v4.method == METHOD_STATIC &&
		     addr_compare(addr, &link->v4.address.addr) == 0) ||
		    (link->v6.method == METHOD_STATIC &&
		     addr_compare(addr, &link->v6.address.addr) == 0))
			return false;
	}
	if (addr_is_v4(addr))
		return bytes[12] != 0 && bytes[12] != 127 && bytes[12] < 224 &&
		       !(bytes[12] == 169 && bytes[13] == 254);
	return bytes[0] >> 5 == 1 || bytes[0] >> 1 == 0x7e;	/* 2000::/3, fc00::/7 */
}

void lease_add_dns(struct lease *lease, const struct network *network, const char *word,
		   size_t length)
{
	struct addr dns;

	if (lease->dns_count < WIRING_DNS && addr_parse(&dns, word, length) == 0 &&
	    is_unicast(&dns, network) && addr_is_v4(&dns) != lease->v6)
		lease->dns[lease->dns_count++] = dns;
}

static void parse_dns(struct lease *lease, const struct network *network, const char *value)
{
	const char *word;
	size_t length;

	while (value && value_word(&value, &word, &length))
		lease_add_dns(lease, network, word, length);
}

static bool overlap(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, &b->addr) || prefix_contains(b, &a->addr);
}

/* Where a route leads that the settings have: to a network behind a LAN? */
static bool is_behind_lan(const struct network *network, const struct network_route *route)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		const struct network_family *family =
			addr_is_v4(&route->via) ? &link->v4 : &link->v6;
		struct prefix own = network_prefix(&family->address);

		if (link != &network->wan && family->method == METHOD_STATIC &&
		    prefix_contains(&own, &route->via))
			return true;
	}
	return false;
}

static bool is_default(const struct prefix *prefix)
{
	return prefix->length == (addr_is_v4(&prefix->addr) ? ADDR_V4_BITS : 0);
}

/* Networks of this box and those behind its LANs are not the WAN's to give. */
static bool lan_overlaps(const struct network *network, const struct prefix *prefix)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		const struct network_family *family =
			addr_is_v4(&prefix->addr) ? &link->v4 : &link->v6;
		struct prefix own = network_prefix(&family->address);

		if (family->method == METHOD_STATIC && overlap(&own, prefix))
			return true;
	}
	for (size_t i = 0; i < network->routes; i++) {
		const struct network_route *route = &network->route[i];

		if (!is_default(&route->to) && is_behind_lan(network, route) &&
		    overlap(&route->to, prefix))
			return true;
	}
	return false;
}

bool lease_fits(const struct lease *lease, const struct network *network)
{
	struct prefix prefix = lease->v6 ? lease->prefix : network_prefix(&lease->address);

	return (lease->v6 ? lease->has_prefix : lease->has_address) &&
	       !lan_overlaps(network, &prefix);
}

/* Could it be the way to somewhere? A route to it by the WAN must lead no client's packets there.
 */
static bool is_router(const struct lease *lease, const struct network *network,
		      const struct addr *via)
{
	return addr_is_v4(via) && is_unicast(via, network) &&
	       addr_compare(via, &lease->address.addr) != 0 &&
	       !lan_overlaps(network, &(struct prefix){ *via, 128 });
}

static bool is_within(const struct prefix *inner, const struct prefix *outer)
{
	return inner->length >= outer->length && prefix_contains(outer, &inner->addr);
}

/* Would the route take something away from a LAN, or from a route of the settings? A wider one does
 * not: the longest prefix wins. */
static bool takes_own(const struct network *network, const struct prefix *to)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		struct prefix own = network_prefix(&link->v4.address);

		if (link->v4.method == METHOD_STATIC && is_within(to, &own))
			return true;
	}
	for (size_t i = 0; i < network->routes; i++) {
		if (!is_default(&network->route[i].to) && is_within(to, &network->route[i].to))
			return true;
	}
	return false;
}

void lease_refit(struct lease *lease, const struct network *network)
{
	size_t kept = 0;

	for (size_t i = 0; i < lease->routes; i++) {
		if (!takes_own(network, &lease->route[i].to))
			lease->route[kept++] = lease->route[i];
	}
	lease->routes = kept;
}

/* NETWORK/LENGTH as udhcpc prints it; host bits may be set and do not count. */
static int parse_network(struct prefix *to, const char *word, size_t length)
{
	const char *slash = memchr(word, '/', length);
	struct network_address address;
	unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : 33;

	if (bits > 32 || addr_parse(&address.addr, word, (size_t)(slash - word)) < 0 ||
	    !addr_is_v4(&address.addr))
		return -EINVAL;
	address.length = (uint8_t)(ADDR_V4_BITS + bits);
	*to = network_prefix(&address);
	/* What is no network of hosts, or within one; 0.0.0.0/1 is no such one. */
	return (bits >= 8 || to->addr.bytes[12] >= 224) && !is_unicast(&to->addr, NULL) ? -EINVAL
											: 0;
}

static void take_route(struct lease *lease, const struct network *network, const struct prefix *to,
		       const struct addr *via, struct diag *diag)
{
	static const struct addr any = { { [10] = 0xff, [11] = 0xff } };
	struct lease_route route = { .to = *to,
				     .via = *via,
				     .on_link = addr_compare(via, &any) == 0 };
	char text[PREFIX_TEXT], router[ADDR_TEXT];

	prefix_print(to, text);
	addr_print(via, router);
	if (takes_own(network, to)) {
		diag_error(diag, "DHCP", 0, 0,
			   "the route to %s by %s is left out: that network is a LAN's own, or one "
			   "that network.conf has a route to; expected others in option 121",
			   text, router);
	} else if (is_default(to) ? !is_router(lease, network, via)
				  : !route.on_link && !is_router(lease, network, via)) {
		diag_error(diag, "DHCP", 0, 0,
			   "the route to %s by %s is left out: expected a router on the WAN's side "
			   "in option 121",
			   text, router);
	} else if (is_default(to)) {
		if (!lease->has_router)
			lease->router = *via;
		lease->has_router = true;
	} else if (lease->routes < LEASE_ROUTES) {
		lease->route[lease->routes++] = route;
	}
}

/* With option 121 there is no option 3, not even where it has no default route (RFC 3442). */
static void parse_routes(struct lease *lease, const struct network *network, const char *value,
			 struct diag *diag)
{
	const char *word, *via_word;
	size_t length, via_length, words = 0;
	struct prefix to;
	struct addr via;

	for (; value_word(&value, &word, &length) && value_word(&value, &via_word, &via_length);
	     words++) {
		if (words == LEASE_ROUTES + 1) {
			diag_error(diag, "DHCP", 0, 0,
				   "the routes behind the first %d are left out", LEASE_ROUTES + 1);
			return;
		}
		if (parse_network(&to, word, length) < 0 ||
		    addr_parse(&via, via_word, via_length) < 0) {
			diag_error(diag, "DHCP", 0, 0,
				   "expected NETWORK/LENGTH ROUTER in option 121, found \"%.40s\"",
				   word);
			continue;
		}
		take_route(lease, network, &to, &via, diag);
	}
}

static void parse_router(struct lease *lease, const struct network *network, const char *value)
{
	lease->has_router = value && addr_parse(&lease->router, value, strcspn(value, " ")) == 0 &&
			    is_router(lease, network, &lease->router);
}

static uint32_t parse_number(const char *text, uint32_t otherwise)
{
	unsigned long long number;
	char *end;

	if (!text || (uint8_t)(*text - '0') > 9)
		return otherwise;
	number = strtoull(text, &end, 10);
	return *end ? otherwise : number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

/* IPv6 would be off on a link with less than it needs. */
static uint32_t parse_mtu(const struct network *network, const char *text, struct diag *diag)
{
	const uint32_t least =
		network->wan.v6.method == METHOD_NONE ? LEASE_MTU_LEAST : LEASE_MTU_LEAST_V6;
	uint32_t mtu = parse_number(text, 0);

	if (!text)
		return 0;
	if (mtu < LEASE_MTU_LEAST || mtu > UINT16_MAX) {
		diag_error(diag, "DHCP", 0, 0,
			   "the MTU is left out: expected %d to %d in option 26, found \"%.20s\"",
			   LEASE_MTU_LEAST, UINT16_MAX, text);
		return 0;
	}
	return mtu < least ? least : mtu;
}

static int parse_v4(struct lease *lease, const struct network *network,
		    const char *(*get)(const char *name), struct diag *diag)
{
	const char *ip = get("ip"), *mask = get("mask"), *routes = get("staticroutes");
	unsigned long length = mask ? strtoul(mask, NULL, 10) : 32;
	struct prefix prefix;

	if (!ip || addr_parse(&lease->address.addr, ip, strlen(ip)) < 0 ||
	    !addr_is_v4(&lease->address.addr) || !is_unicast(&lease->address.addr, network) ||
	    length < 8 || length > 32) {
		diag_error(diag, "DHCP", 0, 0,
			   "expected an address that a host can have, found \"%.40s\"",
			   ip ? ip : "");
		return -EINVAL;
	}
	lease->address.length = (uint8_t)(ADDR_V4_BITS + length);
	prefix = network_prefix(&lease->address);
	if (lan_overlaps(network, &prefix)) {
		diag_error(
			diag, "DHCP", 0, 0,
			"the WAN was given %.40s/%lu, which overlaps a LAN or a route to a "
			"network behind one: expected other addresses there, or a fixed one in "
			"[wan]",
			ip, length);
		return -EINVAL;
	}
	lease->has_address = true;
	if (routes && routes[0])
		parse_routes(lease, network, routes, diag);
	else
		parse_router(lease, network, get("router"));
	lease->mtu = parse_mtu(network, get("mtu"), diag);
	lease->valid = parse_number(get("lease"), VALID_USUAL);
	if (lease->valid < VALID_LEAST)
		lease->valid = VALID_LEAST;
	lease->preferred = lease->valid;
	return 0;
}

static int parse_v6(struct lease *lease, const struct network *network,
		    const char *(*get)(const char *name), struct diag *diag)
{
	const char *text = get("ipv6prefix");

	if (!text)
		return 0;
	if (prefix_parse(&lease->prefix, text, strlen(text)) < 0 ||
	    addr_is_v4(&lease->prefix.addr) || !is_unicast(&lease->prefix.addr, NULL) ||
	    lease->prefix.length < PREFIX_SHORTEST || lease->prefix.length > 64 ||
	    lan_overlaps(network, &lease->prefix)) {
		diag_error(diag, "DHCPv6", 0, 0,
			   "expected a prefix for LANs, /%d to /64, that overlaps "
			   "none that is set, found \"%.60s\"",
			   PREFIX_SHORTEST, text);
		return -EINVAL;
	}
	lease->has_prefix = true;
	lease->valid = parse_number(get("ipv6prefix_lease"), (uint32_t)LEASE_FOREVER);
	lease->preferred = parse_number(get("ipv6prefix_preferred"), lease->valid);
	if (lease->preferred > lease->valid)
		lease->preferred = lease->valid;
	return 0;
}

int lease_parse(struct lease *lease, const struct network *network, const char *event, bool v6,
		const char *(*get)(const char *name), struct diag *diag)
{
	const char *interface = get("interface");
	int error;

	*lease = (struct lease){ .v6 = v6 };
	if (!interface || !network->has_wan || strcmp(interface, network->wan.interface) != 0 ||
	    (v6 ? &network->wan.v6 : &network->wan.v4)->method != METHOD_DYNAMIC) {
		diag_error(diag, v6 ? "DHCPv6" : "DHCP", 0, 0,
			   "expected a lease of the WAN%s%s, which is set "
			   "to ask for one, found one of \"%.40s\"",
			   network->has_wan ? " on " : "",
			   network->has_wan ? network->wan.interface : "",
			   interface ? interface : "");
		return -EINVAL;
	}
	if (strcmp(event, "deconfig") == 0)
		lease->event = LEASE_GONE;
	else if (strcmp(event, "nak") == 0)
		lease->event = LEASE_REFUSED;
	else if (strcmp(event, "leasefail") == 0)
		lease->event = LEASE_FAILED;
	if (strcmp(event, "bound") != 0 && strcmp(event, "renew") != 0)
		return 0;
	error = v6 ? parse_v6(lease, network, get, diag)
		   : parse_v4(lease, network, get, diag);
	if (error)
		return error;
	lease->event = LEASE_BOUND;
	parse_dns(lease, network, get("dns"));
	return 0;
}

/* ---- what follows ---- */

static bool same_route(const struct lease_route *a, const struct lease_route *b)
{
	return a->on_link == b->on_link && a->to.length == b->to.length &&
	       addr_compare(&a->to.addr, &b->to.addr) == 0 && addr_compare(&a->via, &b->via) == 0;
}

static void drop_routes(struct wiring *wiring, const char *wan, const struct lease *lease,
			const struct lease *old)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < old->routes; i++) {
		size_t j = 0;

		while (j < lease->routes && !same_route(&lease->route[j], &old->route[i]))
			j++;
		if (j == lease->routes)
			wiring_ip(wiring, wan, "-4 route del %s dev %s",
				  prefix_print(&old->route[i].to, text), wan)
				->optional = true;
	}
	if (old->has_router && !lease->has_router)
		wiring_ip(wiring, wan, "-4 route del default dev %s", wan)->optional = true;
}

/* A router need not be in the address's own network, nor in one that the lease calls on-link. */
static void reach(struct wiring *wiring, const char *wan, const struct lease *lease,
		  const struct addr *router)
{
	const struct prefix own = network_prefix(&lease->address);
	bool near = prefix_contains(&own, router);
	char via[ADDR_TEXT];

	for (size_t i = 0; i < lease->routes; i++)
		near |= lease->route[i].on_link && prefix_contains(&lease->route[i].to, router);
	if (!near)
		wiring_ip(wiring, wan, "-4 route replace %s dev %s", addr_print(router, via), wan);
}

static void add_routes(struct wiring *wiring, const char *wan, const struct lease *lease)
{
	char text[PREFIX_TEXT], via[ADDR_TEXT];

	for (size_t i = 0; i < lease->routes; i++) {
		if (lease->route[i].on_link)
			wiring_ip(wiring, wan, "-4 route replace %s dev %s",
				  prefix_print(&lease->route[i].to, text), wan)->optional = true;
	}
	if (lease->has_router) {
		reach(wiring, wan, lease, &lease->router);
		wiring_ip(wiring, wan, "-4 route replace default via %s dev %s",
			  addr_print(&lease->router, via), wan);
	}
	for (size_t i = 0; i < lease->routes; i++) {
		const struct lease_route *route = &lease->route[i];

		if (route->on_link)
			continue;
		reach(wiring, wan, lease, &route->via);
		wiring_ip(wiring, wan, "-4 route replace %s via %s dev %s",
			  prefix_print(&route->to, text), addr_print(&route->via, via), wan)
			->optional = true;
	}
}

static void wiring_v4(struct wiring *wiring, const char *wan, const struct lease *lease,
		    const struct lease *old)
{
	const uint32_t mtu = lease->mtu ? lease->mtu : old->mtu ? LEASE_MTU_USUAL : 0;
	char text[PREFIX_TEXT];

	/* More than the card can do is refused by the kernel, and what it had stays. */
	if (mtu)
		wiring_ip(wiring, wan, "link set %s mtu %u", wan, mtu)->optional = true;
	if (lease->event == LEASE_GONE) {
		wiring_ip(wiring, wan, "-4 addr flush dev %s", wan)->optional = true;
		return;
	}
	if (old->has_address && addr_compare(&old->address.addr, &lease->address.addr) != 0)
		wiring_ip(wiring, wan, "-4 addr flush dev %s", wan)->optional = true;
	wiring_ip(wiring, wan, "-4 addr replace %s brd + dev %s",
		  wiring_address(&lease->address, text), wan);
	drop_routes(wiring, wan, lease, old);
	add_routes(wiring, wan, lease);
}

void lease_wiring(struct wiring *wiring, const struct network *network, const struct lease *lease,
		const struct lease *old)
{
	bool same = old->has_prefix && lease->has_prefix &&
		    old->prefix.length == lease->prefix.length &&
		    addr_compare(&old->prefix.addr, &lease->prefix.addr) == 0;

	if (lease->event != LEASE_BOUND && lease->event != LEASE_GONE)
		return;
	if (!lease->v6) {
		wiring_v4(wiring, network->wan.interface, lease, old);
		return;
	}
	if (old->has_prefix && !same)
		wiring_delegate(wiring, network, &old->prefix, true);
	if (lease->has_prefix)
		wiring_delegate(wiring, network, &lease->prefix, false);
}
