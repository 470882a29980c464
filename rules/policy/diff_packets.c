/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/diff_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- networks ---- */

enum { RANGE_TEXT = 2 * ADDR_TEXT + 16 };

/* How many bits at the end are zero. */
static unsigned int zero_bits(const struct addr *addr)
{
	unsigned int bits = 0;

	while (bits < 128 && !(addr->bytes[15 - bits / 8] >> bits % 8 & 1))
		bits++;
	return bits;
}

/* The largest network that begins at first and does not extend beyond last. */
static struct prefix widest(const struct addr *first, const struct addr *last)
{
	struct prefix prefix = { .addr = *first, .length = (uint8_t)(128 - zero_bits(first)) };

	for (; prefix.length < 128; prefix.length++) {
		struct addr end = prefix_last(&prefix);

		if (addr_compare(&end, last) <= 0)
			break;
	}
	return prefix;
}

static void print_range(char out[RANGE_TEXT], const struct addr *first, const struct addr *last,
			enum policy_table table)
{
	const char *role = table == POLICY_RESOLVERS ? " (as resolver)" : "";
	struct prefix prefix = widest(first, last);
	struct addr end = prefix_last(&prefix);
	char one[PREFIX_TEXT], other[ADDR_TEXT];

	if (addr_compare(&end, last) == 0)
		snprintf(out, RANGE_TEXT, "%s%s", prefix_print(&prefix, one), role);
	else
		snprintf(out, RANGE_TEXT, "%s-%s%s", addr_print(first, one),
			 addr_print(last, other), role);
}

static int compare_addrs(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* The addresses where a decision of either side may change: the first of each range, and the one
 * after its last. Ascending. */
static int find_borders(const struct diff_sets *sets, struct text *borders)
{
	for (int part = 0; part < SIDES * 2; part++) {
		const struct policy *policy = &sets->policy[part / 2];
		enum policy_table table = part % 2 ? POLICY_RESOLVERS : POLICY_NETWORKS;

		for (size_t i = 0; i < policy_ranges(policy, table); i++) {
			struct policy_range range = policy_range(policy, table, i);

			text_put(borders, &range.first, sizeof(range.first));
			if (addr_next(&range.last))
				text_put(borders, &range.last, sizeof(range.last));
		}
	}
	if (text_failed(borders))
		return -ENOMEM;
	if (borders->length)
		qsort(borders->data, borders->length / sizeof(struct addr), sizeof(struct addr),
		      compare_addrs);
	return 0;
}

/* The rule that decides about a packet to this address, before rules on ports alone: as the
 * vendor's network and, unless that allows or blocks, as a resolver. */
static uint32_t rule_at(const struct policy *policy, enum policy_table table,
			const struct addr *addr)
{
	struct verdict network = policy_lookup_addr(policy, addr), resolver;

	if (table == POLICY_NETWORKS || network.action == ACTION_ALLOW ||
	    network.action == ACTION_BLOCK)
		return network.rule;
	resolver = policy_lookup_resolver(policy, addr);
	return resolver.action > network.action ? resolver.rule : network.rule;
}

static void rules_at(const struct diff_sets *sets, enum policy_table table,
		     const struct addr *addr, uint32_t rule[SIDES])
{
	for (int side = 0; side < SIDES; side++)
		rule[side] = rule_at(&sets->policy[side], table, addr);
}

static enum action action_of(const struct diff_change *change, int side)
{
	return change->decided[side] ? change->rule[side].action : ACTION_NONE;
}

/* An allowed address is exempt from the rules on ports; list what they would have refused there. */
static void compare_ports_at(const struct diff_sets *sets, const struct diff_change *place,
			     const char *where)
{
	bool before = action_of(place, OLD) == ACTION_ALLOW;
	bool after = action_of(place, NEW) == ACTION_ALLOW;
	int side = before ? NEW : OLD;
	const struct policy *policy = &sets->policy[side];

	if (before == after || action_of(place, side) == ACTION_BLOCK)
		return;
	for (size_t i = 0; i < policy_port_ranges(policy); i++) {
		struct policy_ports range = policy_port_range(policy, i);
		struct diff_change change = *place;
		char what[RANGE_TEXT + 32];

		if (!policy_rule(policy, range.rule, &change.rule[side]) ||
		    change.rule[side].action != ACTION_BLOCK)
			continue;
		change.decided[side] = true;
		change.kind = side == OLD ? DIFF_UNBLOCKED : DIFF_BLOCKED;
		change.category = change.rule[side].category;
		snprintf(what, sizeof(what), range.ports.first == range.ports.last ?
			 "%s %s/%u" : "%s %s/%u-%u", where,
			 range.ports.protocol == IPPROTO_TCP ? "tcp" : "udp", range.ports.first,
			 range.ports.last);
		diff_add(sets, &change, what);
	}
}

static void compare_range(const struct diff_sets *sets, enum policy_table table,
			  const struct addr *first, const struct addr *last,
			  const uint32_t rule[SIDES])
{
	uint32_t network[SIDES];
	struct diff_change change;
	char what[RANGE_TEXT];

	rules_at(sets, POLICY_NETWORKS, first, network);
	if (table == POLICY_RESOLVERS && network[OLD] == rule[OLD] && network[NEW] == rule[NEW])
		return;		/* said of the network already */
	if (!diff_place(sets, rule, &change))
		return;
	print_range(what, first, last, table);
	diff_add(sets, &change, what);
	if (table == POLICY_NETWORKS)
		compare_ports_at(sets, &change, what);
}

/* Merges neighbouring ranges with the same rules before and after into one change. */
static void compare_ranges(const struct diff_sets *sets, enum policy_table table,
			   const struct addr *border, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		uint32_t rule[SIDES], next[SIDES];
		struct addr last;

		rules_at(sets, table, &border[i], rule);
		for (end = i + 1; end < count; end++) {
			rules_at(sets, table, &border[end], next);
			if (next[OLD] != rule[OLD] || next[NEW] != rule[NEW])
				break;
		}
		memset(&last, 0xff, sizeof(last));
		if (end < count) {
			last = border[end];
			addr_previous(&last);
		}
		compare_range(sets, table, &border[i], &last, rule);
	}
}

static int compare_networks(const struct diff_sets *sets)
{
	struct text borders = TEXT_EMPTY;
	int error = find_borders(sets, &borders);
	const struct addr *border = (const struct addr *)(void *)borders.data;
	size_t count = borders.length / sizeof(*border);

	if (!error) {
		compare_ranges(sets, POLICY_NETWORKS, border, count);
		compare_ranges(sets, POLICY_RESOLVERS, border, count);
	}
	text_release(&borders);
	return error;
}

/* ---- ports ---- */

enum { PORTS = 65536 };

static void fill_ports(const struct policy *policy, uint8_t protocol, uint32_t rule[PORTS])
{
	for (size_t port = 0; port < PORTS; port++)
		rule[port] = POLICY_NO_RULE;
	for (size_t i = 0; i < policy_port_ranges(policy); i++) {
		struct policy_ports range = policy_port_range(policy, i);

		for (size_t port = range.ports.first;
		     range.ports.protocol == protocol && port <= range.ports.last; port++)
			rule[port] = range.rule;
	}
}

static int compare_ports(const struct diff_sets *sets, uint8_t protocol)
{
	uint32_t (*rule)[PORTS] = calloc(SIDES, sizeof(*rule));
	unsigned int end;

	if (!rule)
		return -ENOMEM;
	for (int side = 0; side < SIDES; side++)
		fill_ports(&sets->policy[side], protocol, rule[side]);
	for (unsigned int port = 0; port < PORTS; port = end) {
		const uint32_t here[SIDES] = { rule[OLD][port], rule[NEW][port] };
		struct diff_change change;
		char what[32];

		for (end = port + 1; end < PORTS && rule[OLD][end] == here[OLD] &&
				     rule[NEW][end] == here[NEW]; end++)
			;
		if (!diff_place(sets, here, &change))
			continue;
		snprintf(what, sizeof(what), end - port > 1 ? "%s/%u-%u" : "%s/%u",
			 protocol == IPPROTO_TCP ? "tcp" : "udp", port, end - 1);
		diff_add(sets, &change, what);
	}
	free(rule);
	return 0;
}

int diff_packets(const struct diff_sets *sets)
{
	int error = compare_networks(sets);

	if (!error)
		error = compare_ports(sets, IPPROTO_TCP);
	return error ? error : compare_ports(sets, IPPROTO_UDP);
}
