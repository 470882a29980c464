/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/selftest.h"
#include "appliance/settings/network.h"

/* A network.conf as a whole: defaults that depend on each other, and contradictions. */

enum { DHCP_MOST = 4096, V4_24 = ADDR_V4_BITS + 24 };

static struct addr offset(const struct addr *addr, uint32_t add)
{
	struct addr result = *addr;

	for (int i = 15; i >= 12; i--) {
		add += result.bytes[i];
		result.bytes[i] = (uint8_t)add;
		add >>= 8;
	}
	return result;
}

static bool is_private(const struct addr *addr)
{
	static const struct { uint32_t network; uint8_t length; } table[] = {
		{ 0x0a000000, 8 }, { 0xac100000, 12 }, { 0xc0a80000, 16 }, { 0x64400000, 10 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct prefix prefix = { addr_v4(table[i].network),
					       (uint8_t)(ADDR_V4_BITS + table[i].length) };

		if (prefix_contains(&prefix, addr))
			return true;
	}
	return false;
}

/* ---- what no key says ---- */

static void complete_wan(struct network *network)
{
	struct network_link *wan = &network->wan;

	/* Without [wan] it is eth0, unless that is a LAN, or a LAN has another way out. */
	if (!network->has_wan) {
		for (size_t i = 0; i < network->lans; i++) {
			const struct network_link *lan = &network->lan[i];

			if (strcmp(lan->interface, "eth0") == 0 || lan->v4.has_gateway ||
			    lan->v6.has_gateway)
				return;
		}
	}
	network->has_wan = true;
	if (!(wan->given & GIVEN_INTERFACE))
		snprintf(wan->interface, IFNAMSIZ, "eth0");
	if (!(wan->given & GIVEN_ADDRESS))
		wan->v4.method = METHOD_DYNAMIC;
	if (!(wan->given & GIVEN_ADDRESS6))
		wan->v6.method = METHOD_DYNAMIC;
}

static void complete_lan(const struct network *network, struct network_link *lan)
{
	if (!(lan->given & GIVEN_INTERFACE) && network->lans == 1)
		snprintf(lan->interface, IFNAMSIZ, "eth1");
	if (!(lan->given & GIVEN_ADDRESS) && network->lans == 1 && !lan->v4.has_gateway) {
		lan->v4.method = METHOD_STATIC;
		lan->v4.address = (struct network_address){ addr_v4(0xc0a84d01), V4_24 };
	}
	if (!(lan->given & GIVEN_ADDRESS6) && network->has_wan &&
	    network->wan.v6.method == METHOD_DYNAMIC)
		lan->v6.method = METHOD_DYNAMIC;
	/* A LAN with a gateway is a guest in another network. */
	if (!(lan->given & GIVEN_DHCP))
		lan->dhcp = lan->v4.method == METHOD_STATIC && !lan->v4.has_gateway &&
			    lan->v4.address.length <= V4_24;
	if (!(lan->given & GIVEN_RA))
		lan->ra = lan->v6.method != METHOD_NONE && !lan->v6.has_gateway;
	if (lan->dhcp && !(lan->given & GIVEN_RANGE) && lan->v4.address.length <= V4_24) {
		struct addr first = network_prefix(&lan->v4.address).addr;

		lan->dhcp_first = offset(&first, 100);
		lan->dhcp_last = offset(&first, 199);
	}
}

static void complete_routing(struct network *network, unsigned int given)
{
	bool private = false;

	for (size_t i = 0; i < network->lans; i++) {
		if (network->lan[i].v4.method == METHOD_STATIC)
			private |= is_private(&network->lan[i].v4.address.addr);
	}
	if (!(given & GIVEN_MASQUERADE))
		network->masquerade = network->has_wan && private &&
				      network->wan.v4.method != METHOD_NONE;
	if (!(given & GIVEN_FORWARD))
		network->forward = network->has_wan || network->lans > 1;
}

static void complete_management(struct network *network)
{
	for (size_t i = 0; i < network->lans; i++) {
		/* Its interface identifies it as well as its name. */
		if (strcmp(network->management_name, network->lan[i].interface) == 0)
			snprintf(network->management_name, NETWORK_NAME, "%s",
				 network->lan[i].name);
		if (strcmp(network->management_name, network->lan[i].name) == 0)
			return;
	}
	if (network->management_name[0] == '\0')
		return;
	network->has_management = true;
	snprintf(network->management.interface, IFNAMSIZ, "%.*s", IFNAMSIZ - 1,
		 network->management_name);
}

void network_complete(struct network *network, unsigned int given)
{
	if (network->lans == 0)
		network->lan[network->lans++] = (struct network_link){ .name = "lan",
								       .lease = 12 * 3600 };
	complete_wan(network);
	for (size_t i = 0; i < network->lans; i++)
		complete_lan(network, &network->lan[i]);
	complete_routing(network, given);
	complete_management(network);
	if (!(given & GIVEN_NTP)) {
		network->ntps = 2;
		snprintf(network->ntp[0], NETWORK_HOST, "0.debian.pool.ntp.org");
		snprintf(network->ntp[1], NETWORK_HOST, "1.debian.pool.ntp.org");
	}
	if (network->hostname[0] == '\0')
		snprintf(network->hostname, NETWORK_NAME, "cordon");
}

/* ---- what cannot be ---- */

struct check {
	const struct network *network;
	const char *source;
	struct diag *diag;
};

#define wrong(check, line, ...) diag_error((check)->diag, (check)->source, line, 0, __VA_ARGS__)

static bool is_host(const struct network_address *address)
{
	struct prefix prefix = network_prefix(address);
	struct addr first = prefix_first(&prefix), last = prefix_last(&prefix);
	const uint8_t *bytes = address->addr.bytes;

	if (!addr_is_v4(&address->addr))
		return bytes[0] != 0xff && bytes[0] != 0 &&
		       !(bytes[0] == 0xfe && bytes[1] >> 6 == 2) &&
		       address->length >= 8 &&
		       (address->length >= 127 || addr_compare(&first, &address->addr) != 0);
	if (bytes[12] == 0 || bytes[12] == 127 || bytes[12] >= 224 ||
	    address->length < ADDR_V4_BITS + 8)
		return false;
	return address->length >= ADDR_V4_BITS + 31 || (addr_compare(&first, &address->addr) != 0 &&
							addr_compare(&last, &address->addr) != 0);
}

static void check_family(const struct check *check, const struct network_link *link, bool v4)
{
	const struct network_family *family = v4 ? &link->v4 : &link->v6;
	const char *key = v4 ? "gateway" : "gateway6";
	const uint8_t *via = family->gateway.bytes;
	struct prefix on_link = network_prefix(&family->address);

	if (family->method == METHOD_STATIC && !is_host(&family->address))
		wrong(check, link->line, "[%s] address%s: expected the address of a host, not of a "
		      "network, a group, a single link or broadcast", link->name, v4 ? "" : "6");
	if (!family->has_gateway)
		return;
	if (family->method != METHOD_STATIC)
		wrong(check, link->line, "[%s] %s: expected address%s = ADDRESS/LENGTH with it; "
		      "otherwise the gateway is learned", link->name, key, v4 ? "" : "6");
	else if (addr_compare(&family->gateway, &family->address.addr) == 0 ||
		 !(prefix_contains(&on_link, &family->gateway) ||
		   (!v4 && via[0] == 0xfe && via[1] >> 6 == 2)))
		wrong(check, link->line, "[%s] %s: expected another host in the link's own network",
		      link->name, key);
}

static void check_dhcp(const struct check *check, const struct network_link *link)
{
	struct prefix prefix = network_prefix(&link->v4.address);
	struct prefix first = { link->dhcp_first, prefix.length };
	struct addr start = prefix_first(&prefix), end = prefix_last(&prefix);
	struct addr most = offset(&first.addr, DHCP_MOST);

	if (!link->dhcp)
		return;
	if (link->v4.method != METHOD_STATIC)
		wrong(check, link->line, "[lan %s] dhcp: expected address = ADDRESS/LENGTH with it",
		      link->name);
	else if (!(link->given & GIVEN_RANGE) && prefix.length > V4_24)
		wrong(check, link->line, "[lan %s] dhcp: expected FIRST-LAST in a network smaller "
		      "than /24", link->name);
	else if (!prefix_contains(&prefix, &link->dhcp_first) ||
		 !prefix_contains(&prefix, &link->dhcp_last) ||
		 addr_compare(&link->dhcp_first, &link->dhcp_last) > 0 ||
		 addr_compare(&link->dhcp_last, &most) >= 0 ||
		 addr_compare(&link->dhcp_first, &start) == 0 ||
		 addr_compare(&link->dhcp_last, &end) == 0 ||
		 (addr_compare(&link->v4.address.addr, &link->dhcp_first) >= 0 &&
		  addr_compare(&link->v4.address.addr, &link->dhcp_last) <= 0))
		wrong(check, link->line, "[lan %s] dhcp: expected FIRST-LAST inside the LAN's own "
		      "network, at most %d addresses, without the gateway's own, the first and the "
		      "last of the network", link->name, DHCP_MOST);
}

static void check_lan(const struct check *check, const struct network_link *lan)
{
	const struct network *network = check->network;

	if (lan->interface[0] == '\0')
		wrong(check, lan->line, "[lan %s] expected interface = NAME: with several LANs "
		      "there is no default", lan->name);
	if (lan->v4.method == METHOD_NONE && lan->v6.method == METHOD_NONE)
		wrong(check, lan->line, "[lan %s] expected an address or an address6", lan->name);
	if (lan->v6.method == METHOD_DYNAMIC &&
	    !(network->has_wan && network->wan.v6.method == METHOD_DYNAMIC))
		wrong(check, lan->line, "[lan %s] address6 = delegated: expected address6 = auto "
		      "in [wan]", lan->name);
	if (lan->ra && (lan->v6.method == METHOD_NONE ||
			(lan->v6.method == METHOD_STATIC && lan->v6.address.length != 64)))
		wrong(check, lan->line, "[lan %s] ra: expected address6 with a length of 64, or "
		      "delegated", lan->name);
	check_dhcp(check, lan);
}

static bool overlap(const struct network_family *a, const struct network_family *b)
{
	struct prefix first = network_prefix(&a->address), second = network_prefix(&b->address);

	return a->method == METHOD_STATIC && b->method == METHOD_STATIC &&
	       (prefix_contains(&first, &second.addr) || prefix_contains(&second, &first.addr));
}

static void check_pair(const struct check *check, const struct network_link *a,
		       const struct network_link *b)
{
	unsigned int line = b->line > a->line ? b->line : a->line;

	if (a->interface[0] && strcmp(a->interface, b->interface) == 0)
		wrong(check, line, "[%s] and [%s] are both on %s: give each an interface or a VLAN "
		      "of its own", a->name, b->name, a->interface);
	if (overlap(&a->v4, &b->v4) || overlap(&a->v6, &b->v6))
		wrong(check, line, "the networks of [%s] and [%s] overlap: give each a network of "
		      "its own", a->name, b->name);
	if ((a->v4.has_gateway && b->v4.has_gateway) || (a->v6.has_gateway && b->v6.has_gateway))
		wrong(check, line, "[%s] and [%s] both have a gateway: expected one, and routes "
		      "for the rest", a->name, b->name);
}

static void check_management(const struct check *check)
{
	const struct network *network = check->network;
	const struct network_link *own = &network->management;

	if (network->has_management && own->v4.method != METHOD_STATIC &&
	    own->v6.method != METHOD_STATIC)
		wrong(check, own->line, "[management] expected the name of a LAN, or an interface "
		      "with address = ADDRESS/LENGTH; there is no LAN \"%s\"",
		      network->management_name);
	if (network->has_management && strlen(network->management_name) >= IFNAMSIZ)
		wrong(check, own->line, "[management] interface: there is no LAN \"%s\"",
		      network->management_name);
	if (!network->has_management && own->given & (GIVEN_ADDRESS | GIVEN_ADDRESS6))
		wrong(check, own->line, "[management] address: expected only with an interface of "
		      "its own; a LAN has its own");
	if (network->has_wan && network->management_name[0] &&
	    (strcmp(network->management_name, network->wan.interface) == 0 ||
	     strcmp(network->management_name, "wan") == 0))
		wrong(check, own->line, "[management] interface: the gateway cannot be managed "
		      "from the WAN");
	if (network->ssh && network->management_name[0] == '\0')
		wrong(check, own->line, "[management] ssh = on: expected interface with it");
}

/* Names that belong to the kernel, also below /proc/sys, and to the self-test. */
static void check_name(const struct check *check, const struct network_link *link)
{
	static const char *const reserved[] = { "lo", "all", "default", SELFTEST_LINK,
						"selftest1" };

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
		if (strcmp(link->interface, reserved[i]) == 0)
			wrong(check, link->line, "[%s] interface: %s does not lead to any network",
			      link->name,
			      reserved[i]);
	}
}

/* Hosts on a link need no route; a route would lead them away from it. */
static void check_on_link(const struct check *check, const struct network_route *route)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(check->network, i)); i++) {
		const struct network_family *family = addr_is_v4(&route->via) ? &link->v4 :
		&link->v6;
		struct prefix on_link = network_prefix(&family->address);

		if (family->method == METHOD_STATIC && route->to.length >= on_link.length &&
		    prefix_contains(&on_link, &route->to.addr))
			wrong(check, route->line, "route: its destination is the network of [%s], "
			      "or a part of it: expected one that is reached through via",
			      link->name);
	}
}

static void check_route(const struct check *check, const struct network_route *route)
{
	const struct network_link *link;

	check_on_link(check, route);
	for (size_t i = 0; (link = network_link(check->network, i)); i++) {
		const struct network_family *family = addr_is_v4(&route->via) ? &link->v4 :
		&link->v6;
		struct prefix prefix = network_prefix(&family->address);

		if (family->method == METHOD_STATIC && prefix_contains(&prefix, &route->via) &&
		    addr_compare(&family->address.addr, &route->via) != 0)
			return;
	}
	wrong(check, route->line, "route: expected a via address in the network of one of the "
	      "links, other than the gateway's own");
}

void network_check(struct network *network, unsigned int given, const char *source,
		   struct diag *diag)
{
	const struct check check = { network, source, diag };
	const struct network_link *a, *b;

	for (size_t i = 0; (a = network_link(network, i)); i++) {
		check_name(&check, a);
		check_family(&check, a, true);
		check_family(&check, a, false);
		for (size_t j = 0; j < i && (b = network_link(network, j)); j++)
			check_pair(&check, b, a);
	}
	for (size_t i = 0; i < network->lans; i++)
		check_lan(&check, &network->lan[i]);
	if (given & GIVEN_MASQUERADE && network->masquerade &&
	    !(network->has_wan && network->wan.v4.method != METHOD_NONE))
		diag_error(diag, source, 0, 0, "[routing] masquerade = yes: expected a [wan] with "
			   "an IPv4 address");
	check_management(&check);
	for (size_t i = 0; i < network->routes; i++)
		check_route(&check, &network->route[i]);
}

int network_check_outside(const struct network *network, const char *source, struct diag *diag)
{
	const struct network_link *wan = &network->wan;

	if (!network->has_wan || wan->v4.method != METHOD_STATIC || wan->v4.has_gateway ||
	    network->routes)
		return 0;
	diag_error(diag, source, wan->line, 0, "[wan] expected a gateway with a fixed address, or "
		   "routes: otherwise nothing leads outside");
	return -EINVAL;
}
