/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system/lease.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX_SHORTEST = 16 };

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

static bool next_word(const char **at, const char **word, size_t *length)
{
	*word = *at + strspn(*at, " \t");
	*length = strcspn(*word, " \t");
	*at = *word + *length;
	return *length > 0;
}

static void parse_dns(struct lease *lease, const struct network *network, const char *value)
{
	const char *word;
	size_t length;

	while (value && lease->dns_count < WIRING_DNS && next_word(&value, &word, &length)) {
		struct addr *dns = &lease->dns[lease->dns_count];

		if (addr_parse(dns, word, length) == 0 && is_unicast(dns, network) &&
		    addr_is_v4(dns) != lease->v6)
			lease->dns_count++;
	}
}

static bool overlap(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, &b->addr) || prefix_contains(b, &a->addr);
}

/* Where a route leads that the settings have: to a network behind one of ours? */
static bool is_behind_lan(const struct network *network, const struct network_route *route)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		const struct network_family *family = addr_is_v4(&route->via) ? &link->v4 : &link->v6;
		struct prefix own = network_prefix(&family->address);

		if (link != &network->wan && family->method == METHOD_STATIC && prefix_contains(&own, &route->via))
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
		const struct network_family *family = addr_is_v4(&prefix->addr) ? &link->v4 : &link->v6;
		struct prefix own = network_prefix(&family->address);

		if (family->method == METHOD_STATIC && overlap(&own, prefix))
			return true;
	}
	for (size_t i = 0; i < network->routes; i++) {
		const struct network_route *route = &network->route[i];

		if (!is_default(&route->to) && is_behind_lan(network, route) && overlap(&route->to, prefix))
			return true;
	}
	return false;
}

bool lease_fits(const struct lease *lease, const struct network *network)
{
	struct prefix prefix = lease->v6 ? lease->prefix : network_prefix(&lease->address);

	return (lease->v6 ? lease->has_prefix : lease->has_address) && !lan_overlaps(network, &prefix);
}

static int parse_v4(struct lease *lease, const struct network *network,
		    const char *(*get)(const char *name), struct diag *diag)
{
	const char *ip = get("ip"), *mask = get("mask"), *router = get("router");
	unsigned long length = mask ? strtoul(mask, NULL, 10) : 32;
	struct prefix prefix;

	if (!ip || addr_parse(&lease->address.addr, ip, strlen(ip)) < 0 ||
	    !addr_is_v4(&lease->address.addr) || !is_unicast(&lease->address.addr, network) ||
	    length < 8 || length > 32) {
		diag_error(diag, "DHCP", 0, 0, "expected an address that a host can have, found \"%.40s\"",
			   ip ? ip : "");
		return -EINVAL;
	}
	lease->address.length = (uint8_t)(ADDR_V4_BITS + length);
	prefix = network_prefix(&lease->address);
	if (lan_overlaps(network, &prefix)) {
		diag_error(diag, "DHCP", 0, 0, "the WAN was given %.40s/%lu, which overlaps a LAN or a route to a "
			   "network behind one: expected other addresses there, or a fixed one in [wan]", ip, length);
		return -EINVAL;
	}
	lease->has_address = true;
	if (router && addr_parse(&lease->router, router, strcspn(router, " ")) == 0 &&
	    addr_is_v4(&lease->router) && is_unicast(&lease->router, network) &&
	    addr_compare(&lease->router, &lease->address.addr) != 0 &&
	    /* A route to it by the WAN would lead a client's packets there. */
	    !lan_overlaps(network, &(struct prefix){ lease->router, 128 }))
		lease->has_router = true;
	return 0;
}

static int parse_v6(struct lease *lease, const struct network *network, const char *text,
		    struct diag *diag)
{
	if (!text)
		return 0;
	if (prefix_parse(&lease->prefix, text, strlen(text)) < 0 || addr_is_v4(&lease->prefix.addr) ||
	    !is_unicast(&lease->prefix.addr, NULL) || lease->prefix.length < PREFIX_SHORTEST ||
	    lease->prefix.length > 64 || lan_overlaps(network, &lease->prefix)) {
		diag_error(diag, "DHCPv6", 0, 0, "expected a prefix for LANs, /%d to /64, that overlaps "
			   "none that is set, found \"%.60s\"", PREFIX_SHORTEST, text);
		return -EINVAL;
	}
	lease->has_prefix = true;
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
		diag_error(diag, v6 ? "DHCPv6" : "DHCP", 0, 0, "expected a lease of the WAN%s%s, which is set "
			   "to ask for one, found one of \"%.40s\"", network->has_wan ? " on " : "",
			   network->has_wan ? network->wan.interface : "", interface ? interface : "");
		return -EINVAL;
	}
	if (strcmp(event, "deconfig") == 0)
		lease->event = LEASE_GONE;
	if (strcmp(event, "bound") != 0 && strcmp(event, "renew") != 0)
		return 0;
	error = v6 ? parse_v6(lease, network, get("ipv6prefix"), diag)
		   : parse_v4(lease, network, get, diag);
	if (error)
		return error;
	lease->event = LEASE_BOUND;
	parse_dns(lease, network, get("dns"));
	return 0;
}

/* ---- what follows ---- */

static void wiring_v4(struct wiring *wiring, const char *wan, const struct lease *lease,
		    const struct lease *old)
{
	struct prefix prefix = network_prefix(&lease->address);
	char text[PREFIX_TEXT], via[ADDR_TEXT];

	if (lease->event == LEASE_GONE) {
		wiring_ip(wiring, wan, "-4 addr flush dev %s", wan)->optional = true;
		return;
	}
	if (old->has_address && addr_compare(&old->address.addr, &lease->address.addr) != 0)
		wiring_ip(wiring, wan, "-4 addr flush dev %s", wan)->optional = true;
	wiring_ip(wiring, wan, "-4 addr replace %s brd + dev %s", wiring_address(&lease->address, text), wan);
	if (!lease->has_router)
		return;
	addr_print(&lease->router, via);
	if (!prefix_contains(&prefix, &lease->router))
		wiring_ip(wiring, wan, "-4 route replace %s dev %s", via, wan);
	wiring_ip(wiring, wan, "-4 route replace default via %s dev %s", via, wan);
}

void lease_wiring(struct wiring *wiring, const struct network *network, const struct lease *lease,
		const struct lease *old)
{
	bool same = old->has_prefix && lease->has_prefix && old->prefix.length == lease->prefix.length &&
		    addr_compare(&old->prefix.addr, &lease->prefix.addr) == 0;

	if (lease->event == LEASE_OTHER)
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

/* ---- what is kept ---- */

bool lease_same_dns(const struct lease *lease, const struct lease *old)
{
	for (size_t i = 0; i < lease->dns_count; i++) {
		size_t j = 0;

		while (j < old->dns_count && addr_compare(&lease->dns[i], &old->dns[j]) != 0)
			j++;
		if (j == old->dns_count)
			return false;
	}
	return lease->dns_count == old->dns_count;
}

void lease_print(const struct lease *lease, struct text *out)
{
	char text[PREFIX_TEXT], via[ADDR_TEXT];

	text_puts(out, lease->v6 ? "6 " : "4 ");
	if (lease->v6)
		text_puts(out, lease->has_prefix ? prefix_print(&lease->prefix, text) : "-");
	else
		text_puts(out, lease->has_address ? wiring_address(&lease->address, text) : "-");
	text_printf(out, " %s", lease->has_router ? addr_print(&lease->router, via) : "-");
	for (size_t i = 0; i < lease->dns_count; i++)
		text_printf(out, " %s", addr_print(&lease->dns[i], via));
	text_puts(out, "\n");
}

static int read_first(struct lease *lease, const char *word, size_t length)
{
	const char *slash = memchr(word, '/', length);

	if (length == 1 && word[0] == '-')
		return 0;
	if (lease->v6) {
		lease->has_prefix = prefix_parse(&lease->prefix, word, length) == 0 &&
				    lease->prefix.length <= 64;
		return lease->has_prefix ? 0 : -EINVAL;
	}
	lease->has_address = slash &&
			     addr_parse(&lease->address.addr, word, (size_t)(slash - word)) == 0 &&
			     addr_is_v4(&lease->address.addr);
	lease->address.length = (uint8_t)(ADDR_V4_BITS + (slash ? strtoul(slash + 1, NULL, 10) & 0x3f : 0));
	return lease->has_address && lease->address.length <= 128 ? 0 : -EINVAL;
}

int lease_read(struct lease *lease, const char *line)
{
	const char *word;
	size_t length;

	*lease = (struct lease){ .event = LEASE_BOUND };
	if (!next_word(&line, &word, &length) || length != 1 || (word[0] != '4' && word[0] != '6'))
		return -EINVAL;
	lease->v6 = word[0] == '6';
	if (!next_word(&line, &word, &length) || read_first(lease, word, length) < 0 ||
	    !next_word(&line, &word, &length))
		return -EINVAL;
	if (length != 1 || word[0] != '-')
		lease->has_router = addr_parse(&lease->router, word, length) == 0;
	parse_dns(lease, NULL, line);
	return 0;
}
