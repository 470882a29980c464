/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/daemon/steps.h"

static void clock_steps(void **state)
{
	struct steps steps = { .known = false };
	int64_t step;

	(void)state;
	assert_false(steps_see(&steps, 5000, 100, &step));
	assert_false(steps_see(&steps, 6000, 1100, &step));
	/* NTP: half a second in an hour, second by second. */
	for (int i = 1; i <= 3600; i++)
		assert_false(steps_see(&steps, 6000 + 1000 * i + i / 7, 1100 + 1000 * i, &step));
	assert_true(steps_see(&steps, 1764403200000, 3602100, &step));
	assert_true(step > 1764403100000 - 3607000);
	assert_int_equal(steps.wall_ms, 3602100 + 6000 + 3600 / 7 - 1100);
	assert_false(steps_see(&steps, 1764403201000, 3603100, &step));
	assert_true(steps_see(&steps, 1764403201000 - 3600000, 3603100, &step));
	assert_int_equal(step, -3600000);
}

static void levels(void **state)
{
	(void)state;
	assert_int_equal(steps_level(0, 74), 0);
	assert_int_equal(steps_level(0, 75), 75);
	assert_int_equal(steps_level(75, 73), 75);
	assert_int_equal(steps_level(75, 72), 0);
	assert_int_equal(steps_level(0, 90), 90);
	assert_int_equal(steps_level(90, 88), 90);
	assert_int_equal(steps_level(90, 87), 75);
	assert_int_equal(steps_level(90, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_steps), cmocka_unit_test(levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
