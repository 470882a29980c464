/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/box/health/boot.h"

static struct text out;

static const char *report(const char *times, const char *forwarded)
{
	struct boot boot;

	text_release(&out);
	boot_parse(&boot, times, forwarded);
	boot_print(&boot, &out);
	text_puts(&out, boot_proven(&boot) ? " +" : " -");
	return out.data;
}

#define STARTED "userland 0.81\nsettings 1.20\npolicy 1.94\nlinks 2.11\nforwarding 2.30\n"

static void says_how_a_start_went(void **state)
{
	(void)state;
	assert_string_equal(report(STARTED, "4 0\n6 0\n"),
			    "policy in force at 1.9 s, links up at 2.1 s, "
			    "forwarding at 2.3 s; packets forwarded before: 0 +");
	/* A second time, after new settings, is no part of the start. */
	assert_string_equal(
		report(STARTED "policy 900.00\n", "4 0\n6 0\n"),
		"policy in force at 1.9 s, "
		"links up at 2.1 s, forwarding at 2.3 s; packets forwarded before: 0 +");
	assert_string_equal(report("policy 1.94\n", NULL),
			    "policy in force at 1.9 s, links up not yet, "
			    "forwarding not yet; packets forwarded before: not counted -");
	text_release(&out);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	assert_non_null(strstr(report(STARTED, "4 1\n6 2\n"), "before: 3; WRONG: packets passed"));
	assert_non_null(strstr(report("policy 3.0\nlinks 2.0\nforwarding 4.0\n", "4 0\n6 0\n"),
			       "WRONG: forwarding or links came before the policy -"));
	assert_non_null(strstr(report(STARTED, "4 0\n"), "not counted -"));
	assert_non_null(strstr(report(STARTED, "4 x\n6 0\n"), "not counted -"));
	assert_non_null(strstr(report("policy nan\nlinks -1\nforwarding 1e300\n", ""),
			       "not yet, links up not"));
	text_release(&out);
}

static void reads_the_kernels_counters(void **state)
{
	static const char snmp[] = "Ip: Forwarding DefaultTTL InReceives ForwDatagrams InDelivers\n"
				   "Ip: 1 64 12345 77 9\nIcmp: ForwDatagrams\nIcmp: 5\n";
	static const char snmp6[] = "Ip6InReceives                   \t12\n"
				    "Ip6OutForwDatagrams             \t8\n";
	uint64_t count;

	(void)state;
	assert_true(boot_counter(&count, snmp, "Ip", "ForwDatagrams"));
	assert_int_equal(count, 77);
	assert_true(boot_counter(&count, snmp6, "", "Ip6OutForwDatagrams"));
	assert_int_equal(count, 8);
	assert_false(boot_counter(&count, snmp, "Ip", "Forw"));
	assert_false(boot_counter(&count, "Ip: A ForwDatagrams\nIp: 1\n", "Ip", "ForwDatagrams"));
	assert_false(boot_counter(&count, "Ip: ForwDatagrams\n", "Ip", "ForwDatagrams"));
	assert_false(boot_counter(&count, "", "", "Ip6OutForwDatagrams"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_how_a_start_went),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(reads_the_kernels_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
