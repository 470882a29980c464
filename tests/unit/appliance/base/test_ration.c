/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/base/ration.h"

static unsigned int take_all(struct ration *ration, int64_t now)
{
	unsigned int taken = 0;

	while (taken < 1000 && ration_take(ration, now))
		taken++;
	return taken;
}

static void a_burst_then_one_an_interval(void **state)
{
	struct ration ration = { .burst = 3, .interval = 100 };

	(void)state;
	assert_int_equal(take_all(&ration, 5000), 3);
	assert_int_equal(take_all(&ration, 5099), 0);
	assert_int_equal(take_all(&ration, 5100), 1);
	assert_int_equal(take_all(&ration, 5199), 0);
	assert_int_equal(take_all(&ration, 5350), 2);
	/* What was left of an interval counts for the next. */
	assert_int_equal(take_all(&ration, 5400), 1);
}

static void never_more_than_the_burst_however_long_it_rested(void **state)
{
	struct ration ration = { .burst = 3, .interval = 100 };

	(void)state;
	assert_int_equal(take_all(&ration, 100), 3);
	assert_int_equal(take_all(&ration, 1000000), 3);
	assert_int_equal(take_all(&ration, 1000001), 0);
}

static void a_steady_trickle_is_let_through(void **state)
{
	struct ration ration = { .burst = 2, .interval = 100 };

	(void)state;
	for (int64_t now = 0; now < 100000; now += 100)
		assert_true(ration_take(&ration, now));
	assert_int_equal(take_all(&ration, 99950), 1);
	assert_int_equal(take_all(&ration, 99999), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_then_one_an_interval),
		cmocka_unit_test(never_more_than_the_burst_however_long_it_rested),
		cmocka_unit_test(a_steady_trickle_is_let_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
