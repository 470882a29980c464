/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <netinet/in.h>
#include <linux/netfilter.h>
#include <string.h>

#include "appliance/box/health/findings.h"
#include "appliance/command/command.h"

static struct findings findings;

static int setup(void **state)
{
	(void)state;
	memset(&findings, 0, sizeof(findings));
	findings.enforce = true;
	return 0;
}

static void only_a_failure_fails(void **state)
{
	(void)state;
	assert_int_equal(findings_code(&findings), EXIT_YES);
	findings_note(&findings, FINDING_SKIPPED, "a", "IPv6", "it is off");
	findings_note(&findings, FINDING_WARNING, "b", "there", "eth7 is missing");
	findings_judge(&findings, true, "c", "refused", "refused");
	assert_int_equal(findings_code(&findings), EXIT_YES);
	findings_judge(&findings, false, "d", "refused", "no answer");
	assert_int_equal(findings_code(&findings), EXIT_NO);
	assert_int_equal(findings.failed, 1);
}

/* Whatever else failed: the start of an image closes forwarding by this. */
static void a_leak_has_a_code_of_its_own(void **state)
{
	(void)state;
	findings_judge(&findings, false, "a name", "blocked", "answer 0");
	findings.leaks = true;
	findings_judge(&findings, false, "an address", "refused", "forwarded");
	assert_int_equal(findings_code(&findings), SELFTEST_LEAKS);
	assert_int_not_equal(SELFTEST_LEAKS, EXIT_NO);
	assert_int_not_equal(SELFTEST_LEAKS, EXIT_USAGE);
	assert_int_not_equal(SELFTEST_LEAKS, EXIT_BUSY);
	assert_int_not_equal(SELFTEST_LEAKS, EXIT_ATTENTION);
	findings_init(&findings);
	assert_int_equal(findings_code(&findings), EXIT_YES);
	assert_true(findings.enforce);
}

/* Those that find no place count all the same. */
static void more_than_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < FINDINGS_KEEP; i++)
		findings_judge(&findings, true, "a", "b", "c");
	findings_judge(&findings, false, "last", "b", "c");
	assert_int_equal(findings.kept, FINDINGS_KEEP);
	assert_int_equal(findings.count, FINDINGS_KEEP + 1);
	assert_int_equal(findings_code(&findings), EXIT_NO);
}

static void words_for_people(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	findings_judge(&findings, true, "77.74.176.10, tcp/443", "refused", "refused");
	findings_judge(&findings, false, "192.0.2.1\x1b", "refused", "forwarded");
	findings_print(&findings, &out);
	assert_string_equal(out.data, "ok       77.74.176.10, tcp/443: refused\n"
			    "failed   192.0.2.1?: forwarded, expected: refused\n"
			    "1 of 2 checks FAILED: do not trust this gateway; see cordon status\n");
	text_release(&out);
}

static void fields_for_programs(void **state)
{
	const char *check, *result;
	int passed, leaks, enforce;
	json_t *object;

	(void)state;
	findings_judge(&findings, true, "a", "b", "c");
	object = findings_json(&findings);
	assert_int_equal(json_unpack_ex(object, NULL, JSON_STRICT,
					"{s:b, s:b, s:b, s:[{s:s, s:s, s:s, s:s, s:n}]}",
					"passed", &passed, "leaks", &leaks, "enforce", &enforce,
					"checks",
					"check", &check, "result", &result, "expected", &check,
					"found", &check, "dropped_by"),
			 0);
	assert_true(passed && !leaks && enforce);
	assert_string_equal(result, "ok");
	json_decref(object);
}

static const struct trace_drop docker = { .family = NFPROTO_IPV4, .table = "filter",
					  .chain = "FORWARD", .policy = true };

static void the_chain_that_dropped_it(void **state)
{
	const json_t *check, *drop;
	struct text out = TEXT_EMPTY;
	json_t *object;

	(void)state;
	findings_judge(&findings, false, "198.18.0.6, tcp/443", "forwarded", "no answer");
	findings_drop(&findings, &docker);
	findings_print(&findings, &out);
	assert_non_null(strstr(out.data, "198.18.0.6, tcp/443: no answer (dropped by table ip "
			       "filter, policy of chain FORWARD), expected: forwarded\n"));
	text_release(&out);
	object = findings_json(&findings);
	check = json_array_get(json_object_get(object, "checks"), 0);
	drop = json_object_get(check, "dropped_by");
	assert_string_equal(json_string_value(json_object_get(drop, "table")), "ip filter");
	assert_string_equal(json_string_value(json_object_get(drop, "chain")), "FORWARD");
	assert_true(json_is_true(json_object_get(drop, "policy")));
	json_decref(object);
}

/* A finding that was not kept leaves the last one that was alone. */
static void a_drop_of_what_is_not_kept(void **state)
{
	(void)state;
	findings_drop(&findings, &docker);
	for (size_t i = 0; i <= FINDINGS_KEEP; i++)
		findings_judge(&findings, false, "a", "b", "c");
	findings_drop(&findings, &docker);
	assert_string_equal(findings.finding[FINDINGS_KEEP - 1].drop.table, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_a_failure_fails, setup),
		cmocka_unit_test_setup(a_leak_has_a_code_of_its_own, setup),
		cmocka_unit_test_setup(more_than_are_kept, setup),
		cmocka_unit_test_setup(words_for_people, setup),
		cmocka_unit_test_setup(fields_for_programs, setup),
		cmocka_unit_test_setup(the_chain_that_dropped_it, setup),
		cmocka_unit_test_setup(a_drop_of_what_is_not_kept, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
