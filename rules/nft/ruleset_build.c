/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/ruleset.h"

#include "rules/nft/build.h"

struct ruleset *ruleset_build(struct arena *arena, const struct settings *settings,
			      const struct policy *policy, enum ruleset_mode mode,
			      const struct ruleset_outside *outside)
{
	struct ruleset *ruleset = arena_alloc(arena, sizeof(*ruleset));
	struct build build = {
		.settings = settings, .policy = mode == RULESET_ENFORCE ? policy : NULL,
		.outside = outside, .mode = mode,
	};

	if (!ruleset)
		return NULL;
	build.table = &ruleset->table;
	table_init(build.table, arena, "cordon");
	build_counters(&build);
	build_sets(&build);
	build_capture(&build);
	build_forward(&build);
	if (mode == RULESET_ENFORCE)
		build_judge(&build);
	build_gateway(&build);
	return ruleset->table.failed ? NULL : ruleset;
}
