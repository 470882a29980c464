/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/diff_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one place, decided before and after ---- */

/* The rule's pattern alone: what stands behind LIST:CATEGORY: in its id. */
static const char *pattern_of(const struct policy_rule *rule)
{
	const char *colon = strchr(rule->id, ':');

	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon ? colon + 1 : rule->id;
}

/* The same pattern in another list, or another pattern with the same words: no change. */
static bool decides_alike(const struct diff_change *change)
{
	const struct policy_rule *old = &change->rule[OLD], *new = &change->rule[NEW];

	if (change->decided[OLD] != change->decided[NEW])
		return false;
	if (!change->decided[OLD])
		return true;
	return old->action == new->action && old->category == new->category &&
	       old->confidence == new->confidence &&
	       (strcmp(pattern_of(old), pattern_of(new)) != 0 ||
		strcmp(old->evidence, new->evidence) == 0);
}

/* rule: index in each policy, POLICY_NO_RULE for none. false: nothing changes here. */
static bool compare_place(const struct diff_sets *sets, const uint32_t rule[SIDES],
			  struct diff_change *change)
{
	bool blocks[SIDES];

	*change = (struct diff_change){ .list = sets->list };
	for (int side = 0; side < SIDES; side++) {
		change->decided[side] = policy_rule(&sets->policy[side], rule[side],
						    &change->rule[side]);
		blocks[side] = change->decided[side] && change->rule[side].action == ACTION_BLOCK;
	}
	if (decides_alike(change))
		return false;
	change->kind = blocks[OLD] == blocks[NEW] ? DIFF_CHANGED :
		       blocks[NEW] ? DIFF_BLOCKED : DIFF_UNBLOCKED;
	change->category = change->kind == DIFF_UNBLOCKED || !change->decided[NEW] ?
			   change->rule[OLD].category : change->rule[NEW].category;
	return true;
}

static void add_change(const struct diff_sets *sets, struct diff_change *change,
		       const char *what)
{
	struct diff *diff = sets->diff;

	change->what = arena_text(&diff->arena, what, strlen(what));
	if (!change->what)
		diff->changes.failed = true;
	text_put(&diff->changes, change, sizeof(*change));
	diff->counts.blocked += change->kind == DIFF_BLOCKED;
	diff->counts.unblocked += change->kind == DIFF_UNBLOCKED;
	diff->counts.changed += change->kind == DIFF_CHANGED;
}

/* ---- names ---- */

/*
 * The rule for names below this one that no deeper rule names: that of a child which nobody thought
 * of. A child that a rule does name shows by its depth, and then the next one is tried.
 */
static uint32_t rule_below(const struct policy *policy, const uint8_t *wire)
{
	uint8_t child[NAME_WIRE_MAX + 3];
	struct name name, longer;
	unsigned int label = 0;
	struct verdict verdict;

	if (name_from_wire(&name, wire, NAME_WIRE_MAX) < 0)
		return POLICY_NO_RULE;
	do {
		child[0] = 2;
		child[1] = (uint8_t)(label >> 8);
		child[2] = (uint8_t)label;
		memcpy(child + 3, name.wire, name.length);
		if (name_from_wire(&longer, child, 3U + name.length) < 0)
			return POLICY_NO_RULE;
		verdict = policy_lookup_name(policy, longer.wire);
	} while (verdict.depth > name.labels && ++label <= UINT16_MAX);
	return verdict.rule;
}

static void compare_name(const struct diff_sets *sets, const uint8_t *wire)
{
	struct diff_change at, below;
	uint32_t full[SIDES], under[SIDES];
	char name[NAME_TEXT], what[NAME_TEXT + 2];
	bool at_changed, below_changed;

	for (int side = 0; side < SIDES; side++) {
		full[side] = policy_lookup_name(&sets->policy[side], wire).rule;
		under[side] = rule_below(&sets->policy[side], wire);
	}
	name_print(wire, name);
	at_changed = compare_place(sets, full, &at);
	below_changed = compare_place(sets, under, &below);
	if (at_changed && below_changed && full[OLD] == under[OLD] && full[NEW] == under[NEW]) {
		add_change(sets, &at, name);
		return;
	}
	if (at_changed) {
		snprintf(what, sizeof(what), "=%s", name);
		add_change(sets, &at, what);
	}
	if (below_changed) {
		snprintf(what, sizeof(what), "*.%s", name);
		add_change(sets, &below, what);
	}
}

static size_t wire_size(const uint8_t *wire)
{
	size_t size = 0;

	while (wire[size])
		size += wire[size] + 1U;
	return size + 1;
}

static int compare_wire(const void *a, const void *b)
{
	const uint8_t *x = *(const uint8_t *const *)a, *y = *(const uint8_t *const *)b;
	size_t sizes[2] = { wire_size(x), wire_size(y) };
	int order = memcmp(x, y, sizes[0] < sizes[1] ? sizes[0] : sizes[1]);

	return order ? order : (sizes[0] > sizes[1]) - (sizes[0] < sizes[1]);
}

/* The name of each rule of both sides once: between them nothing can differ. */
static int compare_names(const struct diff_sets *sets)
{
	struct text names = TEXT_EMPTY;
	const uint8_t **name;
	size_t count;

	for (int side = 0; side < SIDES; side++) {
		for (size_t i = 0; i < sets->count[side]; i++) {
			const struct rule_list *list = &sets->lists[side][i];

			for (size_t j = 0; j < list->count; j++) {
				if (list->rules[j].kind <= PATTERN_EXACT)
					text_put(&names, &list->rules[j].name, sizeof(*name));
			}
		}
	}
	name = (const uint8_t **)(void *)names.data;
	count = names.length / sizeof(*name);
	if (count)
		qsort(name, count, sizeof(*name), compare_wire);
	for (size_t i = 0; i < count && !text_failed(&names); i++) {
		if (i == 0 || compare_wire(&name[i - 1], &name[i]) != 0)
			compare_name(sets, name[i]);
	}
	count = text_failed(&names);
	text_release(&names);
	return count ? -ENOMEM : 0;
}

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

/* The largest network that begins at first and does not go beyond last. */
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

/* Where either side may begin to decide otherwise: the first address of each range and the one
 * behind its last. Ascending. */
static int find_borders(const struct diff_sets *sets, enum policy_table table,
			struct text *borders)
{
	for (int side = 0; side < SIDES; side++) {
		const struct policy *policy = &sets->policy[side];

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

static void rules_at(const struct diff_sets *sets, enum policy_table table,
		     const struct addr *addr, uint32_t rule[SIDES])
{
	for (int side = 0; side < SIDES; side++)
		rule[side] = (table == POLICY_NETWORKS ? policy_lookup_addr : policy_lookup_resolver)
			     (&sets->policy[side], addr).rule;
}

/* Neighbours with the same rules before and after are one change. */
static void compare_ranges(const struct diff_sets *sets, enum policy_table table,
			   const struct addr *border, size_t count)
{
	char what[RANGE_TEXT];
	struct diff_change change;

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
		if (!compare_place(sets, rule, &change))
			continue;
		print_range(what, &border[i], &last, table);
		add_change(sets, &change, what);
	}
}

static int compare_networks(const struct diff_sets *sets, enum policy_table table)
{
	struct text borders = TEXT_EMPTY;
	int error = find_borders(sets, table, &borders);

	if (!error)
		compare_ranges(sets, table, (const struct addr *)(void *)borders.data,
			       borders.length / sizeof(struct addr));
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
		if (!compare_place(sets, here, &change))
			continue;
		snprintf(what, sizeof(what), end - port > 1 ? "%s/%u-%u" : "%s/%u",
			 protocol == IPPROTO_TCP ? "tcp" : "udp", port, end - 1);
		add_change(sets, &change, what);
	}
	free(rule);
	return 0;
}

/* ---- all of it ---- */

static int compile(struct diff_sets *sets, int side, const struct policy_options *options,
		   struct diag *diag)
{
	void *block;
	size_t size;
	int error = policy_compile(sets->lists[side], sets->count[side], options,
				   &block, &size, diag);

	if (error)
		return error;
	text_put(&sets->diff->blocks, &block, sizeof(block));
	if (text_failed(&sets->diff->blocks)) {
		free(block);
		return -ENOMEM;
	}
	return policy_open(&sets->policy[side], block, size);
}

int diff_effect(struct diff_sets *sets, const struct policy_options *options, struct diag *diag)
{
	int error = 0;

	for (int side = 0; !error && side < SIDES; side++)
		error = compile(sets, side, options, diag);
	if (!error)
		error = compare_names(sets);
	if (!error)
		error = compare_networks(sets, POLICY_NETWORKS);
	if (!error)
		error = compare_networks(sets, POLICY_RESOLVERS);
	if (!error)
		error = compare_ports(sets, IPPROTO_TCP);
	if (!error)
		error = compare_ports(sets, IPPROTO_UDP);
	return !error && text_failed(&sets->diff->changes) ? -ENOMEM : error;
}
