/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "appliance/base/cursor.h"
#include "appliance/daemon/unlogged.h"

/* The counters as the rules role sends them. */
static size_t counters(uint8_t body[static 256], uint64_t unlogged)
{
	struct cursor cursor = cursor_writer(body, 256);
	const char block[32] = "block_update", name[32] = "unlogged";

	cursor_put(&cursor, block, sizeof(block));
	cursor_put64(&cursor, 99);
	cursor_put64(&cursor, 9900);
	cursor_put(&cursor, name, sizeof(name));
	cursor_put64(&cursor, unlogged);
	cursor_put64(&cursor, 100 * unlogged);
	return cursor.at;
}

/* A flood of one host left no trace of what it pushed out of the log. */
static void each_is_told_once(void **state)
{
	struct unlogged unlogged = { 0 };
	uint8_t body[256];

	(void)state;
	assert_int_equal(unlogged_since(&unlogged, body, counters(body, 7)), 0);
	assert_int_equal(unlogged_since(&unlogged, body, counters(body, 7)), 0);
	assert_int_equal(unlogged_since(&unlogged, body, counters(body, 1007)), 1000);
	assert_int_equal(unlogged_since(&unlogged, body, counters(body, 1007)), 0);
	/* The table was removed and made anew. */
	assert_int_equal(unlogged_since(&unlogged, body, counters(body, 5)), 5);
}

static void bad_counters_tell_nothing(void **state)
{
	struct unlogged unlogged = { .known = true, .last = 3 };
	uint8_t body[256];
	size_t size = counters(body, 9);

	(void)state;
	assert_int_equal(unlogged_since(&unlogged, body, 0), 0);
	assert_int_equal(unlogged_since(&unlogged, body, 48), 0);
	assert_int_equal(unlogged_since(&unlogged, body, size - 1), 0);
	assert_int_equal(unlogged_since(&unlogged, body, size), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_told_once),
		cmocka_unit_test(bad_counters_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
