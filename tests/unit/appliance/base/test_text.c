/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "base/text.h"

static void grows(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	assert_null(text.data);
	for (int i = 0; i < 1000; i++) {
		text_put(&text, "ab\0c", 4);
		assert_int_equal(text.data[text.length], 0);
	}
	assert_int_equal(text.length, 4000);
	assert_memory_equal(text.data + 3996, "ab\0c", 4);
	text_release(&text);
	assert_null(text.data);
}

static void prints(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	text_put(&text, NULL, 0);
	assert_string_equal(text.data, "");
	text_puts(&text, "a");
	text_printf(&text, "%s-%d", "b", 7);
	text_printf(&text, "%*d", 255 - 5, 1);
	assert_int_equal(text.length, 255 - 1);
	text_puts(&text, "xy");
	assert_int_equal(strncmp(text.data, "ab-7 ", 5), 0);
	assert_string_equal(text.data + 253, "1xy");
	assert_false(text_failed(&text));
	text_release(&text);
}

static void failure_is_kept(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	text_puts(&text, "kept");
	text_put(&text, "", SIZE_MAX);
	assert_true(text_failed(&text));
	text_puts(&text, "dropped");
	text_printf(&text, "%s", "dropped");
	assert_string_equal(text.data, "kept");
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(prints),
		cmocka_unit_test(failure_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
