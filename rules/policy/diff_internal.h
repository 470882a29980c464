/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/arena.h"
#include "rules/policy/diff.h"
#include "rules/policy/policy.h"

/*
 * The differences, as diff_effect.c finds and diff_print.c prints them. Texts belong to the arena
 * or to the compiled blocks.
 */

enum { OLD, NEW, SIDES };

struct diff_list {
	const char *name;
	const char *version[SIDES];		/* NULL: the set has no such list */
	const char *authority[SIDES];
	bool on_by_default[SIDES];
	size_t added, removed, rewritten;	/* rules, whether they decide anything or not */
};

enum diff_kind { DIFF_BLOCKED, DIFF_UNBLOCKED, DIFF_CHANGED };

struct diff_change {
	enum diff_kind kind;
	const char *list;		/* off by default: only where this list is chosen; NULL:
					 * all */
	enum category category;		/* under which it is shown */
	const char *what;		/* name, network or port, as people write it */
	bool decided[SIDES];		/* false: no rule, and rule[] is empty */
	struct policy_rule rule[SIDES];	/* what decides, old and new */
};

struct diff {
	struct arena arena;
	struct text lists;		/* struct diff_list, those that changed */
	struct text changes;		/* struct diff_change, in the order in which they are
					 * shown */
	struct text blocks;		/* void *, the compiled sets */
	struct diff_counts counts;
};

/* The arrays in diff->lists and diff->changes; they stay valid while diff is not added to. */
static inline const struct diff_list *diff_lists(const struct diff *diff, size_t *count)
{
	*count = diff->lists.length / sizeof(struct diff_list);
	return (const struct diff_list *)(const void *)diff->lists.data;
}

/* As diff_lists, for the changes. */
static inline const struct diff_change *diff_changes(const struct diff *diff, size_t *count)
{
	*count = diff->changes.length / sizeof(struct diff_change);
	return (const struct diff_change *)(const void *)diff->changes.data;
}

/* Two sets of lists, each compiled and compared as a whole. */
struct diff_sets {
	struct diff *diff;
	const char *list;	/* NULL: those that are on by default */
	const struct rule_list *lists[SIDES];
	size_t count[SIDES];
	struct policy policy[SIDES];	/* diff_effect fills it */
};

/*
 * Adds every difference in effect to diff->changes, in no particular order. -EINVAL with diag if a
 * set does not compile; -ENOMEM.
 */
int diff_effect(struct diff_sets *sets, const struct policy_options *options, struct diag *diag)
	__attribute__((warn_unused_result));

/* rule: an index into each policy, POLICY_NO_RULE for none. False: nothing changes here. */
bool diff_place(const struct diff_sets *sets, const uint32_t rule[SIDES],
		struct diff_change *change);

/*
 * Adds a change that diff_place found, with a copy of what. Out of memory marks diff->changes as
 * failed.
 */
void diff_add(const struct diff_sets *sets, struct diff_change *change, const char *what);

/* Adds the changes for packets: by address, by address as a resolver, and by port. 0 or -ENOMEM. */
int diff_packets(const struct diff_sets *sets) __attribute__((warn_unused_result));
