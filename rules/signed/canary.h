/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/policy.h"
#include "rules/signed/release.h"

/*
 * Does a compiled candidate do what its release promises? Checks the canaries of release.json and
 * its limit on the number of rules (policy_compile limits the share of addresses). Publisher and
 * appliance make the same check. A name that must be blocked has to match a rule in a category that
 * blocks by default; what local settings make of the category is up to the appliance. 0 or -EINVAL
 * with diag.
 */
int canary_check(const struct release *release, const struct policy *policy, struct diag *diag)
	__attribute__((warn_unused_result));	/* -EINVAL with every reason in diag */
