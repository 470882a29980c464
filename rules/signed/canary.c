/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/canary.h"

#include <errno.h>

#include "rules/policy/explain.h"

static void must_block(const struct policy *policy, const char *query, struct diag *diag)
{
	struct explanation explanation;

	if (explain(policy, query, &explanation) < 0)
		diag_error(diag, "canaries", 0, 0, "\"%s\": expected a name or an address", query);
	else if (explanation.verdict.action == ACTION_NONE ||
		 category_default_action(explanation.verdict.category) != ACTION_BLOCK)
		diag_error(diag, "canaries", 0, 0, "%s must be blocked, but the lists do not block "
			   "it; if that is intended, name other canaries (cordon repo add "
			   "--canary-block)", query);
}

static void must_pass(const struct policy *policy, const char *query, struct diag *diag)
{
	struct explanation explanation;
	struct policy_rule rule;

	if (explain(policy, query, &explanation) < 0)
		diag_error(diag, "canaries", 0, 0, "\"%s\": expected a name or an address", query);
	else if (explanation.verdict.action != ACTION_NONE &&
		 explanation.verdict.intended == ACTION_BLOCK)
		diag_error(diag, "canaries", 0, 0, "%s must pass, but %s blocks it", query,
			   policy_rule(policy, explanation.verdict.rule, &rule) ? rule.id :
			   "a rule");
}

int canary_check(const struct release *release, const struct policy *policy, struct diag *diag)
{
	size_t errors = diag->count;

	if (release->max_rules && policy_rules(policy) > release->max_rules)
		diag_error(diag, "limits", 0, 0, "%u rules, but the release allows at most %llu",
			   policy_rules(policy), (unsigned long long)release->max_rules);
	for (size_t i = 0; i < release->blocks; i++)
		must_block(policy, release->block[i], diag);
	for (size_t i = 0; i < release->passes; i++)
		must_pass(policy, release->pass[i], diag);
	return diag->count == errors ? 0 : -EINVAL;
}
