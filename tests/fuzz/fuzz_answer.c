/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer.h"
#include "tests/fuzz/fuzz.h"

/* An upstream's message, judged for a question that it may or may not belong to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy *policy = fuzz_fixed_policy();
	struct query query = { .type = TYPE_A, .class = 1 };
	struct verdict asked;
	struct answer answer;

	if (size > WIRE_TCP_MAX)
		return 0;
	if (size < WIRE_HEADER ||
	    name_from_wire(&query.name, data + WIRE_HEADER, size - WIRE_HEADER) < 0)
		query.name = (struct name){ .length = 1 };
	query.end = WIRE_HEADER + query.name.length + 4U;
	asked = policy_lookup_name(policy, query.name.wire);
	wire_matches(data, size, 0x1234, &query);
	if (answer_judge(policy, data, size, &query, &asked, &answer) == 0)
		require(answer.pinholes <= ANSWER_PINHOLES &&
			answer.verdict.action < ACTION_COUNT);
	return 0;
}
