/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rules/nft/table.h"

/*
 * The sets that a comparison looks into. Table, chains, rules and the properties of sets are always
 * compared, which takes milliseconds. The elements of large sets take longer, and can wait.
 */
enum {
	SCOPE_SETS = 64,
	SCOPE_NAME = 64,	/* none of our sets has a longer name */
	SCOPE_SMALL = 512	/* elements of a set that is always compared */
};

struct scope {
	bool all;
	char name[SCOPE_SETS][SCOPE_NAME];
	size_t count;
};

/* Is this set part of the scope? */
bool scope_has(const struct scope *scope, const char *set);
/* If there is no room for one more, the scope becomes all sets. */
void scope_add(struct scope *scope, const char *set);
/* Adds the sets of at most SCOPE_SMALL elements. */
void scope_add_small(struct scope *scope, const struct table *table);
