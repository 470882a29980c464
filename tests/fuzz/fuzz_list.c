/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/explain.h"
#include "tests/fuzz/fuzz.h"

/* A rule list, as far as it goes: parsed, compiled, opened, asked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const queries[] = {
		"a.com", "x.tip.bad.com", ".", "77.74.176.1", "0.0.0.0/0", "::/0",
		"8.8.8.8:tcp/853", "tcp/1-65535",
	};
	struct policy policy;
	void *block = fuzz_policy(&policy, (const char *)data, size);

	for (size_t i = 0; block && i < sizeof(queries) / sizeof(*queries); i++) {
		struct explanation explanation;
		struct policy_rule rule;

		require(explain(&policy, queries[i], &explanation) == 0);
		require(explanation.verdict.action == ACTION_NONE ||
			policy_rule(&policy, explanation.verdict.rule, &rule));
	}
	free(block);
	return 0;
}
