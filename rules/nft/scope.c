/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/scope.h"

#include <stdio.h>
#include <string.h>

bool scope_has(const struct scope *scope, const char *set)
{
	for (size_t i = 0; !scope->all && i < scope->count; i++) {
		if (strcmp(scope->name[i], set) == 0)
			return true;
	}
	return scope->all;
}

void scope_add(struct scope *scope, const char *set)
{
	if (scope_has(scope, set))
		return;
	if (scope->count < SCOPE_SETS)
		snprintf(scope->name[scope->count++], SCOPE_NAME, "%s", set);
	else
		scope->all = true;
}

void scope_add_small(struct scope *scope, const struct table *table)
{
	for (const struct table_set *set = table->sets; set; set = set->next) {
		if (!set->live && set->count <= SCOPE_SMALL)
			scope_add(scope, set->name);
	}
}
