/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rules/policy/policy.h"

/*
 * What the policy says about one thing, in the form that people write: a name, an address,
 * ADDRESS:tcp/PORT (an IPv6 address bare or in brackets), a prefix, tcp/PORT, or the id of a rule,
 * as the log prints it; then the verdict is that of this rule alone, whichever rule wins.
 */
struct explanation {
	struct verdict verdict;	/* for a prefix, the weakest within it */
	bool is_prefix;
	bool partial;		/* prefixes: the action differs inside */
};

/* 0, or -EINVAL if query (NUL-terminated) is none of these. */
int explain(const struct policy *policy, const char *query, struct explanation *explanation);
