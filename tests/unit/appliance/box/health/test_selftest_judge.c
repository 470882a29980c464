/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/box/health/selftest_judge.h"
#include "appliance/command/command.h"

#define RULE "kaspersky:update:downloads.upd.kaspersky.com"
enum { EDE_BLOCKED = 15, EDE_STALE = 3, NXDOMAIN = 3 };

static struct findings findings;

static int setup(void **state)
{
	(void)state;
	memset(&findings, 0, sizeof(findings));
	findings.enforce = true;
	return 0;
}

static const struct finding *last(void)
{
	return &findings.finding[findings.kept - 1];
}

static struct selftest_name name_with(const char *rule, enum probe_kind kind)
{
	struct selftest_name asked = { .name = "a.example", .resolver = "8.8.8.8", .rule = rule,
				       .reply = { .kind = kind } };

	return asked;
}

static void a_name_that_our_rule_blocks(void **state)
{
	struct selftest_name asked = name_with(RULE, PROBE_ANSWER);

	(void)state;
	asked.reply.rcode = NXDOMAIN;
	asked.reply.has_reason = true;
	asked.reply.reason = EDE_BLOCKED;
	strcpy(asked.reply.rule, RULE);
	selftest_judge_name(&findings, &asked);
	assert_int_equal(last()->result, FINDING_OK);
	assert_string_equal(last()->what, "a.example asked of 8.8.8.8");
	assert_string_equal(last()->found, "answer 3, blocked");
	strcpy(asked.reply.rule, "another rule");
	assert_false(selftest_name_passes(&asked));
	strcpy(asked.reply.rule, RULE);
	asked.reply.reason = EDE_STALE;
	selftest_judge_name(&findings, &asked);
	assert_int_equal(last()->result, FINDING_FAILED);
	assert_string_equal(last()->found, "answer 3, with another error");
}

static void an_innocent_name_takes_any_answer(void **state)
{
	static const enum probe_kind bad[] = { PROBE_OTHER, PROBE_REFUSED, PROBE_ARRIVED };
	struct selftest_name asked = name_with(NULL, PROBE_ANSWER);

	(void)state;
	asked.reply.rcode = 2;
	assert_true(selftest_name_passes(&asked));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		asked = name_with(NULL, bad[i]);
		assert_false(selftest_name_passes(&asked));
		asked.rule = RULE;
		assert_false(selftest_name_passes(&asked));
	}
}

static void an_address_that_leaks(void **state)
{
	struct selftest_address tried = { .address = "192.0.2.1", .blocked = true,
					  .reply = { .kind = PROBE_REFUSED } };

	(void)state;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_OK);
	tried.reply.kind = PROBE_OTHER;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_FAILED);
	assert_false(findings.leaks);
	tried.reply.kind = PROBE_ARRIVED;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_FAILED);
	assert_true(findings.leaks);
	assert_int_equal(findings_code(&findings), SELFTEST_LEAKS);
}

static void an_innocent_address_has_to_arrive(void **state)
{
	struct selftest_address tried = { .address = "198.18.0.6",
					  .reply = { .kind = PROBE_ARRIVED } };

	(void)state;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_OK);
	assert_false(findings.leaks);
	tried.reply.kind = PROBE_OTHER;
	strcpy(tried.drop.table, "firewalld");
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_FAILED);
	assert_string_equal(last()->drop.table, "firewalld");
}

static void what_cannot_be_tried(void **state)
{
	struct selftest_address tried = { .address = "a", .state = SELFTEST_NO_IPV6 };

	(void)state;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_SKIPPED);
	tried.state = SELFTEST_NO_FORWARDING;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_SKIPPED);
	tried.must_forward = true;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_FAILED);
	tried.state = SELFTEST_NO_ROUTE;
	selftest_judge_address(&findings, &tried);
	assert_int_equal(last()->result, FINDING_FAILED);
	assert_false(selftest_address_passes(&tried));
}

static void a_policy_without_rules_fails(void **state)
{
	static const struct selftest_policy bad[] = { { false, true, true }, { true, false, true },
						      { true, true, false } };
	const struct selftest_policy good = { true, true, true };

	(void)state;
	selftest_judge_policy(&findings, &good);
	assert_int_equal(last()->result, FINDING_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		selftest_judge_policy(&findings, &bad[i]);
		assert_int_equal(last()->result, FINDING_FAILED);
	}
}

static void what_the_daemon_says(void **state)
{
	json_t *status = json_pack("{s:b, s:s, s:{s:[s], s:[s]}}", "in_force", 1, "mode",
				   "monitor", "guard", "missing", "eth7", "unknown", "docker0");

	(void)state;
	assert_true(selftest_judge_daemon(&findings, status));
	assert_false(findings.enforce);
	assert_int_equal(findings.failed, 0);
	assert_int_equal(findings.kept, 3);
	assert_string_equal(findings.finding[1].found, "eth7 is missing");
	assert_string_equal(findings.finding[2].found, "docker0 is in no setting");
	json_decref(status);
	assert_false(selftest_judge_daemon(&findings, NULL));
	assert_string_equal(last()->found, "no answer");
	assert_int_equal(findings_code(&findings), EXIT_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_that_our_rule_blocks, setup),
		cmocka_unit_test_setup(an_innocent_name_takes_any_answer, setup),
		cmocka_unit_test_setup(an_address_that_leaks, setup),
		cmocka_unit_test_setup(an_innocent_address_has_to_arrive, setup),
		cmocka_unit_test_setup(what_cannot_be_tried, setup),
		cmocka_unit_test_setup(a_policy_without_rules_fails, setup),
		cmocka_unit_test_setup(what_the_daemon_says, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
