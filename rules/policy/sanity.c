/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/sanity.h"

#include <errno.h>
#include <netinet/in.h>

#include "rules/policy/suffixes.h"

/* IANA's special-purpose registries (RFC 6890): space that an agency itself uses or must reach.
 * Documentation prefixes are left out: blocking them does no harm. */
static const struct {
	const char *prefix;
	const char *what;
} special[] = {
	{ "0.0.0.0/8", "\"this network\"" },
	{ "10.0.0.0/8", "private space (RFC 1918)" },
	{ "100.64.0.0/10", "shared carrier space (RFC 6598)" },
	{ "127.0.0.0/8", "loopback" },
	{ "169.254.0.0/16", "link-local space" },
	{ "172.16.0.0/12", "private space (RFC 1918)" },
	{ "192.168.0.0/16", "private space (RFC 1918)" },
	{ "224.0.0.0/3", "multicast or reserved space" },
	{ "::/8", "unspecified, loopback or IPv4-mapped space" },
	{ "64:ff9b::/96", "the NAT64 prefix (RFC 6052): write the IPv4 network" },
	{ "64:ff9b:1::/48", "the local NAT64 prefix (RFC 8215): write the IPv4 network" },
	{ "2002::/16", "6to4 (RFC 3056): write the IPv4 network" },
	{ "fc00::/7", "unique local space (RFC 4193)" },
	{ "fe80::/10", "link-local space" },
	{ "ff00::/8", "multicast" },
};

enum { LEAST_V6_LENGTH = 24, DEFAULT_SHARE = 64 };

static bool overlap(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, &b->addr) || prefix_contains(b, &a->addr);
}

static bool is_v4(const struct prefix *prefix)
{
	return addr_is_v4(&prefix->addr) && prefix->length >= ADDR_V4_BITS;
}

/* Space that the agency itself uses: exempting it opens nothing. */
static bool is_special(const struct addr *first, const struct addr *last)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++) {
		struct prefix prefix;

		if (prefix_parse(&prefix, special[i].prefix,
				 __builtin_strlen(special[i].prefix)) == 0 &&
		    is_v4(&prefix) == addr_is_v4(first) && prefix_contains(&prefix, first) &&
		    prefix_contains(&prefix, last))
			return true;
	}
	return false;
}

static void check_length(const struct rule_list *list, const struct rule *rule, struct diag *diag)
{
	if (!is_v4(&rule->prefix) && rule->prefix.length < LEAST_V6_LENGTH)
		diag_error(diag, list->source, rule->line, 1,
			   "%s is shorter than /%d: no rule may cover so much", rule->id,
			   LEAST_V6_LENGTH);
}

static void check_exempt(const struct rule_list *list, const struct rule *rule, struct diag *diag)
{
	struct addr first = prefix_first(&rule->prefix), last = prefix_last(&rule->prefix);

	if (!is_special(&first, &last))
		check_length(list, rule, diag);
}

static void check_prefix(const struct rule_list *list, const struct rule *rule, struct diag *diag)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++) {
		struct prefix prefix;

		if (prefix_parse(&prefix, special[i].prefix,
				 __builtin_strlen(special[i].prefix)) == 0 &&
		    is_v4(&prefix) == is_v4(&rule->prefix) && overlap(&prefix, &rule->prefix)) {
			diag_error(diag, list->source, rule->line, 1,
				   "%s would cover %s (%s), which no rule may do", rule->id,
				   special[i].what, special[i].prefix);
			return;
		}
	}
	check_length(list, rule, diag);
}

/*
 * Each family has its own map: an IPv6 range that contains the IPv4-mapped addresses fits neither.
 */
static bool mixes_families(const struct prefix *prefix)
{
	const struct addr mapped = addr_v4(0);

	return prefix->length < ADDR_V4_BITS && prefix_contains(prefix, &mapped);
}

void sanity_check_list(const struct rule_list *list, struct diag *diag)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];

		if (rule->kind == PATTERN_PREFIX && mixes_families(&rule->prefix))
			diag_error(diag, list->source, rule->line, 1,
				   "%s would cover IPv4 as well as IPv6: write one network for "
				   "each", rule->id);
		else if (rule->kind == PATTERN_PREFIX && rule->category == CATEGORY_EXEMPT)
			check_exempt(list, rule, diag);
		else if (rule->kind == PATTERN_PREFIX)
			check_prefix(list, rule, diag);
		else if (rule->category == CATEGORY_EXEMPT)
			continue;
		else if (rule->kind != PATTERN_PORT && rule->name[0] == 0)
			diag_error(diag, list->source, rule->line, 1,
				   "%s would cover the root, that is every name, which no "
				   "rule may do", rule->id);
		else if (rule->kind == PATTERN_SUFFIX && suffix_is_public(rule->name))
			diag_error(diag, list->source, rule->line, 1,
				   "%s would cover a public suffix, under which unrelated people "
				   "register: name the domains below it", rule->id);
	}
}

static uint64_t addresses_in(const struct policy_range *range)
{
	uint32_t from = 0, to = 0;

	for (int byte = 12; byte < 16; byte++) {
		from = from << 8 | range->first.bytes[byte];
		to = to << 8 | range->last.bytes[byte];
	}
	return (uint64_t)(to - from) + 1;
}

int sanity_check_share(const struct policy_range *ranges, size_t count,
		       const struct block_rule *rules, unsigned int limit, struct diag *diag)
{
	static const struct {
		enum action action;
		const char *words;
	} kinds[] = { { ACTION_BLOCK, "block" }, { ACTION_ALLOW, "exempt" } };
	uint64_t most = (uint64_t)(limit ? limit : DEFAULT_SHARE) << 16;
	int error = 0;

	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++) {
		uint64_t addresses = 0;

		for (size_t i = 0; i < count; i++) {
			if (addr_is_v4(&ranges[i].first) &&
			    !is_special(&ranges[i].first, &ranges[i].last) &&
			    rules[ranges[i].rule].intended == kinds[kind].action)
				addresses += addresses_in(&ranges[i]);
		}
		if (addresses <= most)
			continue;
		diag_error(diag, "rule lists", 0, 0, "together they %s %llu IPv4 addresses, more "
			   "than the %llu that max-address-share allows", kinds[kind].words,
			   (unsigned long long)addresses, (unsigned long long)most);
		error = -EINVAL;
	}
	return error;
}

static bool covers(const struct ports *ports, uint16_t port)
{
	return ports->first <= port && port <= ports->last;
}

int sanity_check_ports(const struct policy_ports *ranges, size_t count,
		       const struct block_rule *rules, struct diag *diag)
{
	/* No network works without these: ssh, DNS, web, time. */
	static const uint16_t needed[] = { 22, 53, 80, 123, 443 };
	unsigned int blocked[2] = { 0 };
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ports *ports = &ranges[i].ports;
		bool tcp = ports->protocol == IPPROTO_TCP;

		if (rules[ranges[i].rule].intended != ACTION_BLOCK)
			continue;
		blocked[tcp] += ports->last - ports->first + 1U;
		for (size_t k = 0; k < sizeof(needed) / sizeof(*needed); k++) {
			if (!covers(ports, needed[k]))
				continue;
			diag_error(diag, "rule lists", 0, 0, "they block %s/%u towards every host, "
				   "which no rule may do", tcp ? "tcp" : "udp", needed[k]);
			error = -EINVAL;
		}
	}
	for (int tcp = 0; tcp < 2; tcp++) {
		if (blocked[tcp] <= SANITY_PORTS)
			continue;
		diag_error(diag, "rule lists", 0, 0, "together they block %u ports of %s, more "
			   "than %d", blocked[tcp], tcp ? "TCP" : "UDP", SANITY_PORTS);
		error = -EINVAL;
	}
	return error;
}
