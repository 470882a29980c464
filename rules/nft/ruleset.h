/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"
#include "policy/policy.h"
#include "settings/settings.h"

/*
 * Policy and settings to the table `inet cordon`, as data: a pure function, no netlink. The same
 * data is printed as nft text and turned into one netlink transaction (kernel.h).
 */
enum ruleset_mode {
	RULESET_ENFORCE,
	RULESET_DISARMED	/* DNS to the gateway itself still answered, WAN closed, nothing else */
};

struct ruleset;

/* NULL when the arena's budget is spent. Belongs to the arena; keeps no pointer into policy. */
struct ruleset *ruleset_build(struct arena *arena, const struct settings *settings,
			      const struct policy *policy, enum ruleset_mode mode)
	__attribute__((warn_unused_result));

/* Text that `nft -c -f -` takes; loading it gives what kernel_apply gives. */
void ruleset_print(const struct ruleset *ruleset, struct text *out);
