/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rules/nft/table.h"

/*
 * Into which sets a comparison looks: table, chains, rules and what sets are like are always
 * compared, and take milliseconds; the elements of large sets take longer, and can wait.
 */
enum {
	SCOPE_SETS = 64,
	SCOPE_NAME = 64,	/* no set of ours has a longer name */
	SCOPE_SMALL = 512	/* elements of a set that is always looked into */
};

struct scope {
	bool all;
	char name[SCOPE_SETS][SCOPE_NAME];
	size_t count;
};

bool scope_has(const struct scope *scope, const char *set);
/* With no room for one more, all become part of it. */
void scope_add(struct scope *scope, const char *set);
/* Adds the sets of at most SCOPE_SMALL elements. */
void scope_add_small(struct scope *scope, const struct table *table);
