/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/diff_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

/*
 * The rule for those names below this one that no deeper rule names. It is found by looking up an
 * invented child. A child that happens to be in a rule shows by its depth; then the next one is
 * tried.
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
	at_changed = diff_place(sets, full, &at);
	below_changed = diff_place(sets, under, &below);
	if (at_changed && below_changed && full[OLD] == under[OLD] && full[NEW] == under[NEW]) {
		diff_add(sets, &at, name);
		return;
	}
	if (at_changed) {
		snprintf(what, sizeof(what), "=%s", name);
		diff_add(sets, &at, what);
	}
	if (below_changed) {
		snprintf(what, sizeof(what), "*.%s", name);
		diff_add(sets, &below, what);
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

/* Compares each name that a rule of either side mentions, once. No other name can differ. */
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
	return !error && text_failed(&sets->diff->changes) ? -ENOMEM : error;
}
