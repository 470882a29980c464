/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/diff_internal.h"

#include <string.h>

/* The rule's pattern: the part of its id that follows LIST:CATEGORY:. */
static const char *pattern_of(const struct policy_rule *rule)
{
	const char *colon = strchr(rule->id, ':');

	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon ? colon + 1 : rule->id;
}

/* ports= and leads-to=: where the clients of a name may go, and where a resolver is refused. */
static bool reaches_alike(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a->port_count != b->port_count || a->network_count != b->network_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		if (a->port[i].protocol != b->port[i].protocol ||
		    a->port[i].first != b->port[i].first)
			return false;
	}
	for (size_t i = 0; i < a->network_count; i++) {
		if (addr_compare(&a->network[i].addr, &b->network[i].addr) != 0 ||
		    a->network[i].length != b->network[i].length)
			return false;
	}
	return true;
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
	       old->confidence == new->confidence && reaches_alike(old, new) &&
	       (strcmp(pattern_of(old), pattern_of(new)) != 0 ||
		strcmp(old->evidence, new->evidence) == 0);
}

bool diff_place(const struct diff_sets *sets, const uint32_t rule[SIDES],
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

void diff_add(const struct diff_sets *sets, struct diff_change *change, const char *what)
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
