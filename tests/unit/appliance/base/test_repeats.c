/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/base/repeats.h"

static void one_line_a_minute_with_a_count(void **state)
{
	struct repeats repeats = { .said = false };
	uint64_t more = 7;
	unsigned int lines = 0;

	(void)state;
	assert_true(repeats_say(&repeats, 5, &more));
	assert_int_equal(more, 0);
	/* One each 16 ms for 72 s. */
	for (int64_t now = 21; now <= 72 * 1000; now += 16)
		lines += repeats_say(&repeats, now, &more);
	assert_int_equal(lines, 1);
	assert_in_range(more, 3700, 3800);
	/* Quiet for long: at once again. */
	assert_true(repeats_say(&repeats, 1000 * 1000, &more));
	assert_in_range(more, 700, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_line_a_minute_with_a_count) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
