/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/daemon/oom.h"

static void counts_are_found(void **state)
{
	(void)state;
	assert_int_equal(oom_parse("nr_free_pages 1\noom_kill 17\nx 2\n"), 17);
	assert_int_equal(oom_parse("low 0\nhigh 0\noom 5\noom_kill 3\noom_group_kill 9\n"), 3);
	assert_int_equal(oom_parse("oom_killer 4\n"), 0);
	assert_int_equal(oom_parse(""), 0);
	assert_int_equal(oom_parse("oom_kill "), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(counts_are_found) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
