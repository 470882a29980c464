/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/base/clock.h"

static void is_printed(int64_t wall_ms, const char *expected)
{
	char text[CLOCK_TEXT];

	assert_string_equal(clock_print(wall_ms, text), expected);
}

static void prints_rfc_3339(void **state)
{
	(void)state;
	is_printed(0, "1970-01-01T00:00:00.000Z");
	is_printed(1795475699123, "2026-11-23T23:14:59.123Z");
	is_printed(951782400001, "2000-02-29T00:00:00.001Z");
	is_printed(253402300799999, "9999-12-31T23:59:59.999Z");
	is_printed(253402300800000, "1970-01-01T00:00:00.000Z");
	is_printed(-1, "1970-01-01T00:00:00.000Z");
	is_printed(INT64_MAX, "1970-01-01T00:00:00.000Z");
	is_printed(INT64_MIN, "1970-01-01T00:00:00.000Z");
}

static void clocks_run(void **state)
{
	int64_t before = clock_uptime_ms();

	(void)state;
	assert_true(before > 0);
	assert_true(clock_uptime_ms() >= before);
	assert_true(clock_wall_ms() / 1000 - clock_wall() <= 1);
}

static void boot_id(void **state)
{
	char id[CLOCK_BOOT_ID], again[CLOCK_BOOT_ID];

	(void)state;
	clock_boot_id(id);
	clock_boot_id(again);
	assert_string_equal(id, again);
	assert_int_equal(strlen(id), CLOCK_BOOT_ID - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_rfc_3339),
		cmocka_unit_test(clocks_run),
		cmocka_unit_test(boot_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
