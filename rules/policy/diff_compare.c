/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/policy/diff_internal.h"

enum { TEXT_BUDGET = 512 << 20 };

static const struct rule_list *find_list(const struct rule_list *lists, size_t count,
					 const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(lists[i].name, name) == 0)
			return &lists[i];
	}
	return NULL;
}

static int compare_effect(struct diff_sets *sets, const struct policy_options *options,
			  struct diag *diag)
{
	int error = diff_effect(sets, options, diag);

	return error ? error : diff_packets(sets);
}

/* The lists that are on by default, together. */
static int compare_defaults(struct diff *diff, const struct rule_list *const sets[SIDES],
			    const size_t counts[SIDES], const struct policy_options *options,
			    struct diag *diag)
{
	struct diff_sets chosen = { .diff = diff };

	for (int side = 0; side < SIDES; side++) {
		struct rule_list *lists = arena_array(&diff->arena, counts[side] + 1,
						      sizeof(*lists));

		if (!lists)
			return -ENOMEM;
		for (size_t i = 0; i < counts[side]; i++) {
			if (sets[side][i].on_by_default)
				lists[chosen.count[side]++] = sets[side][i];
		}
		chosen.lists[side] = lists;
	}
	return compare_effect(&chosen, options, diag);
}

/* One list that is off by default, old against new: what it does where it is chosen. */
static int compare_chosen(struct diff *diff, const struct diff_list *entry,
			  const struct rule_list *const list[SIDES],
			  const struct policy_options *options, struct diag *diag)
{
	struct diff_sets chosen = { .diff = diff, .list = entry->name };

	for (int side = 0; side < SIDES; side++) {
		chosen.lists[side] = list[side];
		chosen.count[side] = list[side] ? 1 : 0;
	}
	return compare_effect(&chosen, options, diag);
}

/* ---- the lists as they are written ---- */

/* ports= and leads-to=, in the order in which they are written. */
static int compare_reach(const struct rule *a, const struct rule *b)
{
	int order = (a->port_count > b->port_count) - (a->port_count < b->port_count);

	if (order == 0)
		order = (a->network_count > b->network_count) -
			(a->network_count < b->network_count);
	for (size_t i = 0; order == 0 && i < a->port_count; i++) {
		order = (int)a->port[i].protocol - (int)b->port[i].protocol;
		if (order == 0)
			order = (int)a->port[i].first - (int)b->port[i].first;
	}
	for (size_t i = 0; order == 0 && i < a->network_count; i++) {
		order = addr_compare(&a->network[i].addr, &b->network[i].addr);
		if (order == 0)
			order = (int)a->network[i].length - (int)b->network[i].length;
	}
	return order;
}

static int compare_ids(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;
	int order = strcmp(x->id, y->id);

	if (order == 0)
		order = (int)x->confidence - (int)y->confidence;
	if (order == 0)
		order = compare_reach(x, y);
	return order ? order : strcmp(x->evidence, y->evidence);
}

/* Pointers to the rules of a list, sorted by id. NULL when out of memory. */
static const struct rule **sort_rules(const struct rule_list *list)
{
	size_t count = list ? list->count : 0;
	const struct rule **rules = calloc(count + 1, sizeof(*rules));

	for (size_t i = 0; rules && i < count; i++)
		rules[i] = &list->rules[i];
	if (rules && count)
		qsort(rules, count, sizeof(*rules), compare_ids);
	return rules;
}

static void count_rules(struct diff_list *entry, const struct rule **old, size_t olds,
			const struct rule **new, size_t news)
{
	size_t i = 0, j = 0;

	while (i < olds || j < news) {
		int order = i == olds ? 1 : j == news ? -1 : strcmp(old[i]->id, new[j]->id);

		entry->removed += order < 0;
		entry->added += order > 0;
		if (order == 0)
			entry->rewritten += compare_ids(&old[i], &new[j]) != 0;
		i += order <= 0;
		j += order >= 0;
	}
}

static int describe_list(struct diff *diff, struct diff_list *entry,
			 const struct rule_list *const list[SIDES])
{
	const struct rule_list *any = list[NEW] ? list[NEW] : list[OLD];
	const struct rule **rules[SIDES] = { sort_rules(list[OLD]), sort_rules(list[NEW]) };
	bool complete = rules[OLD] && rules[NEW];

	*entry = (struct diff_list){ .name = arena_text(&diff->arena, any->name,
							strlen(any->name)) };
	for (int side = 0; side < SIDES; side++) {
		if (!list[side])
			continue;
		entry->version[side] = arena_text(&diff->arena, list[side]->version,
						  strlen(list[side]->version));
		entry->authority[side] = arena_text(&diff->arena, list[side]->authority,
						    strlen(list[side]->authority));
		entry->on_by_default[side] = list[side]->on_by_default;
		complete = complete && entry->version[side] && entry->authority[side];
	}
	if (complete)
		count_rules(entry, rules[OLD], list[OLD] ? list[OLD]->count : 0, rules[NEW],
			    list[NEW] ? list[NEW]->count : 0);
	free(rules[OLD]);
	free(rules[NEW]);
	return complete && entry->name ? 0 : -ENOMEM;
}

static bool list_changed(const struct diff_list *entry)
{
	return !entry->version[OLD] || !entry->version[NEW] ||
	       strcmp(entry->version[OLD], entry->version[NEW]) != 0 ||
	       strcmp(entry->authority[OLD], entry->authority[NEW]) != 0 ||
	       entry->on_by_default[OLD] != entry->on_by_default[NEW] || entry->added ||
	       entry->removed || entry->rewritten;
}

static int compare_list(struct diff *diff, const struct rule_list *const list[SIDES],
			const struct policy_options *options, struct diag *diag)
{
	struct diff_list entry;
	int error = describe_list(diff, &entry, list);

	if (error || !list_changed(&entry))
		return error;
	text_put(&diff->lists, &entry, sizeof(entry));
	if ((!list[OLD] || list[OLD]->on_by_default) && (!list[NEW] || list[NEW]->on_by_default))
		return 0;
	return compare_chosen(diff, &entry, list, options, diag);
}

/* ---- all of it ---- */

/* The order of the output: changes that apply everywhere first, then by category, kind and name. */
static int compare_changes(const void *a, const void *b)
{
	const struct diff_change *x = a, *y = b;
	int order = (x->list != NULL) - (y->list != NULL);

	if (order == 0 && x->list)
		order = strcmp(x->list, y->list);
	if (order == 0)
		order = (int)x->category - (int)y->category;
	if (order == 0)
		order = (int)x->kind - (int)y->kind;
	return order ? order : strcmp(x->what, y->what);
}

static int compare_sets(struct diff *diff, const struct rule_list *const sets[SIDES],
			const size_t counts[SIDES], const struct policy_options *options,
			struct diag *diag)
{
	int error = compare_defaults(diff, sets, counts, options, diag);

	for (size_t i = 0; !error && i < counts[NEW]; i++) {
		const char *name = sets[NEW][i].name;
		const struct rule_list *pair[SIDES] = { find_list(sets[OLD], counts[OLD], name),
							&sets[NEW][i] };

		error = compare_list(diff, pair, options, diag);
	}
	for (size_t i = 0; !error && i < counts[OLD]; i++) {
		const struct rule_list *pair[SIDES] = { &sets[OLD][i], NULL };

		if (!find_list(sets[NEW], counts[NEW], pair[OLD]->name))
			error = compare_list(diff, pair, options, diag);
	}
	if (!error && (text_failed(&diff->lists) || text_failed(&diff->changes)))
		error = -ENOMEM;
	return error;
}

int diff_new(struct diff **out, const struct rule_list *old, size_t olds,
	     const struct rule_list *new, size_t news, const struct policy_options *options,
	     struct diag *diag)
{
	const struct rule_list *const sets[SIDES] = { old, new };
	const size_t counts[SIDES] = { olds, news };
	struct policy_options defaults;
	struct diff *diff = calloc(1, sizeof(*diff));
	int error;

	if (!diff)
		return -ENOMEM;
	policy_options_init(&defaults);
	arena_init(&diff->arena, TEXT_BUDGET);
	error = compare_sets(diff, sets, counts, options ? options : &defaults, diag);
	if (error) {
		diff_free(diff);
		return error;
	}
	if (diff->changes.length)
		qsort(diff->changes.data, diff->changes.length / sizeof(struct diff_change),
		      sizeof(struct diff_change), compare_changes);
	*out = diff;
	return 0;
}

void diff_free(struct diff *diff)
{
	if (!diff)
		return;
	for (size_t i = 0; i < diff->blocks.length / sizeof(void *); i++)
		free(((void **)(void *)diff->blocks.data)[i]);
	text_release(&diff->blocks);
	text_release(&diff->changes);
	text_release(&diff->lists);
	arena_release(&diff->arena);
	free(diff);
}

bool diff_changed(const struct diff *diff)
{
	return diff->lists.length || diff->changes.length;
}

void diff_count(const struct diff *diff, struct diff_counts *counts)
{
	*counts = diff->counts;
}
