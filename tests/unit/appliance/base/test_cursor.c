/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/base/cursor.h"

static void round_trip(void **state)
{
	uint8_t bytes[18], out[3];
	struct cursor cursor = cursor_writer(bytes, sizeof(bytes));

	(void)state;
	cursor_put8(&cursor, 0x12);
	cursor_put16(&cursor, 0x3456);
	cursor_put32(&cursor, 0x789abcde);
	cursor_put64(&cursor, 0x0123456789abcdef);
	cursor_put(&cursor, "xyz", 3);
	assert_false(cursor.failed);
	assert_int_equal(cursor.at, sizeof(bytes));
	assert_memory_equal(bytes, "\x12\x34\x56\x78\x9a\xbc\xde", 7);
	cursor = cursor_reader(bytes, sizeof(bytes));
	assert_int_equal(cursor_get8(&cursor), 0x12);
	assert_int_equal(cursor_get16(&cursor), 0x3456);
	assert_int_equal(cursor_get32(&cursor), 0x789abcde);
	assert_true(cursor_get64(&cursor) == 0x0123456789abcdef);
	assert_int_equal(cursor_left(&cursor), 3);
	cursor_get(&cursor, out, 3);
	assert_memory_equal(out, "xyz", 3);
	assert_int_equal(cursor_left(&cursor), 0);
	assert_false(cursor.failed);
}

static void reading_beyond_the_end(void **state)
{
	const uint8_t bytes[3] = { 1, 2, 3 };
	struct cursor cursor = cursor_reader(bytes, sizeof(bytes));
	uint8_t out[2] = { 9, 9 };

	(void)state;
	assert_ptr_equal(cursor_take(&cursor, 2), bytes);
	assert_int_equal(cursor_get16(&cursor), 0);
	assert_true(cursor.failed);
	assert_int_equal(cursor_left(&cursor), 0);
	/* The byte that is left is out of reach now. */
	assert_int_equal(cursor_get8(&cursor), 0);
	assert_null(cursor_take(&cursor, 0));
	cursor_get(&cursor, out, 2);
	assert_int_equal(out[0] | out[1], 0);
	cursor = cursor_reader(bytes, sizeof(bytes));
	assert_null(cursor_take(&cursor, SIZE_MAX));
}

static void writing_beyond_the_end(void **state)
{
	uint8_t bytes[4] = { 7, 7, 7, 7 };
	struct cursor cursor = cursor_writer(bytes, 3);

	(void)state;
	cursor_put16(&cursor, 0x0101);
	cursor_put16(&cursor, 0x0202);
	cursor_put8(&cursor, 3);
	assert_true(cursor.failed);
	assert_memory_equal(bytes, "\1\1\7\7", 4);
	cursor = cursor_writer(NULL, 0);
	cursor_put(&cursor, NULL, 0);
	assert_false(cursor.failed);
	cursor_put8(&cursor, 1);
	assert_true(cursor.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(reading_beyond_the_end),
		cmocka_unit_test(writing_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
