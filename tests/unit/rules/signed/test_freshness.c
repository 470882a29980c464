/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "signed/freshness.h"

enum { BUILD = 1795000000, HOUR = 3600, DAY = 86400 };

static void a_set_clock_is_the_time(void **state)
{
	struct freshness freshness;
	bool behind = true;

	(void)state;
	freshness_init(&freshness, BUILD, 0, 5000);
	assert_int_equal(freshness_now(&freshness, BUILD + DAY, 6000, &behind), BUILD + DAY);
	assert_false(behind);
}

static void a_box_that_wakes_in_1970_goes_on_from_the_floor(void **state)
{
	struct freshness freshness;
	bool behind;

	(void)state;
	freshness_init(&freshness, BUILD, BUILD + 10 * DAY, 1000);
	assert_int_equal(freshness_now(&freshness, 0, 1000, &behind), BUILD + 10 * DAY);
	assert_true(behind);
	/* Uptime passes, also over a suspend. */
	assert_int_equal(freshness_now(&freshness, 60, 1000 + 3600 * 1000, &behind),
			 BUILD + 10 * DAY + HOUR);
}

static void a_verified_signature_raises_the_floor_and_never_lowers_it(void **state)
{
	struct freshness freshness;

	(void)state;
	freshness_init(&freshness, BUILD, 0, 0);
	freshness_learn(&freshness, BUILD + DAY, 10000);
	assert_int_equal(freshness_floor(&freshness, 10000), BUILD + DAY);
	freshness_learn(&freshness, BUILD + HOUR, 20000);
	assert_int_equal(freshness_floor(&freshness, 20000), BUILD + DAY + 10);
	freshness_learn(&freshness, 0, 20000);
	assert_int_equal(freshness_floor(&freshness, 20000), BUILD + DAY + 10);
}

/* A clock set to 2040 refuses until it is right again, and leaves nothing behind. */
static void a_clock_that_runs_ahead_leaves_nothing_behind(void **state)
{
	struct freshness freshness;
	bool behind;
	int64_t ahead = BUILD + 5000LL * DAY;

	(void)state;
	freshness_init(&freshness, BUILD, 0, 0);
	assert_int_equal(freshness_now(&freshness, ahead, 1000, &behind), ahead);
	assert_int_equal(freshness_now(&freshness, BUILD + HOUR, 2000, &behind), BUILD + HOUR);
	assert_false(behind);
	assert_int_equal(freshness_floor(&freshness, 2000), BUILD + 2);
}

static void states(void **state)
{
	(void)state;
	assert_int_equal(freshness_judge(BUILD, 0, 0, DAY), FRESHNESS_NONE);
	assert_int_equal(freshness_judge(BUILD + HOUR, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_FRESH);
	assert_int_equal(freshness_judge(BUILD + DAY - 1, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_FRESH);
	assert_int_equal(freshness_judge(BUILD + DAY, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_STALE);
	assert_int_equal(freshness_judge(BUILD + 7 * DAY, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_REFUSED);
	/* A publisher that signs no time cannot be called fresh. */
	assert_int_equal(freshness_judge(BUILD, 0, BUILD + 7 * DAY, DAY), FRESHNESS_STALE);
	assert_string_equal(freshness_print(FRESHNESS_REFUSED), "refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_clock_is_the_time),
		cmocka_unit_test(a_box_that_wakes_in_1970_goes_on_from_the_floor),
		cmocka_unit_test(a_verified_signature_raises_the_floor_and_never_lowers_it),
		cmocka_unit_test(a_clock_that_runs_ahead_leaves_nothing_behind),
		cmocka_unit_test(states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
