/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/policy.h"
#include "rules/signed/release.h"

/*
 * Does a compiled candidate do what its release promises? The canaries of release.json, and its
 * limit on the number of rules (the share of addresses is a limit of policy_compile). Publisher and
 * appliance ask the same. A name that must block has to meet a rule of a category that blocks by
 * default: what local settings make of the category is the appliance's business.
 */
int canary_check(const struct release *release, const struct policy *policy, struct diag *diag)
	__attribute__((warn_unused_result));	/* -EINVAL with every reason in diag */
