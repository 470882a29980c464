/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "system/health.h"

static struct text out;

static const struct health good = {
	.answers = true, .in_force = true, .mode = "enforce", .update_on = true, .freshness = "fresh",
	.now = 100, .supported_until = 200, .clock_set = true, .has_watchdog = true, .watchdog_fed = true,
	.provisioned = true,
};

/* The good one with something else. */
#define WITH(...) ({ struct health with = good; __VA_ARGS__; with; })

static enum health_level judged(const struct health *health)
{
	text_release(&out);
	return health_print(health, &out);
}

static int teardown(void **state)
{
	(void)state;
	text_release(&out);
	return 0;
}

static void a_good_box_is_healthy(void **state)
{
	(void)state;
	assert_int_equal(judged(&good), HEALTH_GOOD);
	assert_string_equal(out.data, "healthy\n");
}

/* One thing is wrong: the level, and the beginning of the only line. */
static void one(struct health health, enum health_level level, const char *said)
{
	assert_int_equal(judged(&health), level);
	if (strncmp(out.data, said, strlen(said)) != 0)
		fail_msg("expected \"%s...\", found \"%s\"", said, out.data);
	assert_ptr_equal(strchr(out.data, '\n') + 1, out.data + out.length);
	assert_non_null(strchr(out.data, ';'));	/* and what to do */
}

static void says_what_is_wrong_and_what_to_do(void **state)
{
	struct health bare;

	(void)state;
	one(WITH(with.answers = false), HEALTH_BAD, "NOT HEALTHY: cordond does not answer; ");
	one(WITH(with.in_force = false), HEALTH_BAD, "NOT HEALTHY: the policy is not in force; ");
	one(WITH(with.down = "dns"), HEALTH_BAD, "NOT HEALTHY: a part of cordond does not run (dns); ");
	one(WITH(with.selftest_failed = true), HEALTH_BAD, "NOT HEALTHY: the self-test failed; ");
	one(WITH(with.boot_wrong = true), HEALTH_BAD, "NOT HEALTHY: this start ");
	one(WITH(with.mode = "monitor"; with.mode_until = "noon"), HEALTH_BAD,
	    "NOT HEALTHY: nothing is blocked, only watched (noon); ");
	one(WITH(with.mode = "disarmed"), HEALTH_BAD, "NOT HEALTHY: nothing is blocked; ");
	one(WITH(with.freshness = "stale"), HEALTH_BAD, "NOT HEALTHY: the rule lists are old (stale); ");
	one(WITH(with.freshness = "ahead"), HEALTH_BAD,
	    "NOT HEALTHY: the newest timestamp is of a time that has not come; ");
	one(WITH(with.supported_until = 99), HEALTH_BAD, "NOT HEALTHY: this image is supported no longer; ");
	one(WITH(with.watchdog_fed = false; with.watchdog_why = "no"), HEALTH_BAD,
	    "NOT HEALTHY: the watchdog is not fed (no); ");
	one(WITH(with.update_on = false), HEALTH_NOTICE, "healthy, but no signed updates come; ");
	one(WITH(with.update_refusal = "x"), HEALTH_NOTICE, "healthy, but an offered release was refused (x); ");
	one(WITH(with.refused = "x"), HEALTH_NOTICE, "healthy, but the last change was refused (x); ");
	one(WITH(with.refused = "x\ny\n"), HEALTH_NOTICE, "healthy, but the last change was refused (x); ");
	one(WITH(with.image_failed = "x.efi"), HEALTH_NOTICE, "healthy, but three starts of the other image did not come to their end");
	one(WITH(with.events_lost = 1), HEALTH_NOTICE, "healthy, but the log is not complete; ");
	one(WITH(with.clock_set = false), HEALTH_NOTICE, "healthy, but the clock is not set; ");
	one(WITH(with.no_carrier = "eth0"; with.wan_waits = true), HEALTH_BAD,
	    "NOT HEALTHY: nothing leads outside: the WAN has no cable in, or the other end is off "
	    "(eth0); ");
	one(WITH(with.no_route = "IPv4"), HEALTH_BAD, "NOT HEALTHY: there is no default route (IPv4); ");
	one(WITH(with.lease_stale = "DHCP"), HEALTH_BAD,
	    "NOT HEALTHY: the lease of the WAN is not confirmed (DHCP); ");
	one(WITH(with.image_on_trial = true), HEALTH_NOTICE, "healthy, but this image is on trial; ");
	one(WITH(with.provisioned = false), HEALTH_NOTICE, "healthy, but nobody has set this box up; ");
	one(WITH(with.settings_on_trial = true), HEALTH_NOTICE, "healthy, but settings are on trial; ");
	one(WITH(with.settings_wait = true), HEALTH_NOTICE, "healthy, but settings were refused and wait; ");
	one(WITH(with.settings_put_aside = true), HEALTH_BAD, "NOT HEALTHY: the settings could not be used; ");
	one(WITH(with.settings_wrong = "x"), HEALTH_NOTICE, "healthy, but settings were wrong and not taken (x); ");
	one(WITH(with.link_missing = "eth5 of lan"), HEALTH_BAD,
	    "NOT HEALTHY: an interface of network.conf is not there (eth5 of lan); ");
	one(WITH(with.lease_refused = "x"; with.wan_waits = true), HEALTH_BAD,
	    "NOT HEALTHY: the WAN does not use what DHCP gave it (x); ");
	one(WITH(with.wan_waits = true), HEALTH_NOTICE, "healthy, but the WAN has no address yet; ");
	/* A build without a watchdog, an image that does not say until when, do no harm. */
	bare = WITH(with.has_watchdog = false; with.watchdog_fed = false; with.supported_until = 0);
	assert_int_equal(judged(&bare), HEALTH_GOOD);
}

static void the_worst_comes_first_and_no_more_than_three(void **state)
{
	struct health health = { .provisioned = false, .settings_wait = true };

	(void)state;
	assert_int_equal(judged(&health), HEALTH_BAD);
	assert_non_null(strstr(out.data, "NOT HEALTHY: cordond"));
	assert_non_null(strstr(out.data, "\nand nobody has set this box up; "));
	health = WITH(with.provisioned = false; with.settings_wait = true; with.clock_set = false;
		      with.image_on_trial = true; with.supported_until = 1);
	assert_int_equal(judged(&health), HEALTH_BAD);
	assert_int_equal(strncmp(out.data, "NOT HEALTHY: this image is supported", 36), 0);
	assert_non_null(strstr(out.data, "\nand 2 more\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_good_box_is_healthy, teardown),
		cmocka_unit_test_teardown(says_what_is_wrong_and_what_to_do, teardown),
		cmocka_unit_test_teardown(the_worst_comes_first_and_no_more_than_three, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
