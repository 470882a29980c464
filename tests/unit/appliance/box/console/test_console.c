/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/box/console/console.h"

static void a_letter_is_a_choice(void **state)
{
	static const char letters[] = "sltakfru";
	char line[2] = "";

	(void)state;
	assert_int_equal(console_choose(""), CONSOLE_STATUS);
	for (int i = 0; i < CONSOLE_CHOICES - 1; i++) {
		line[0] = letters[i];
		assert_int_equal(console_choose(line), CONSOLE_SETUP + i);
	}
}

/* "reboot" must not restart the box, nor "factory" reset it. */
static void a_word_is_none(void **state)
{
	static const char *const row[] = { "x", "S", " ", "?", "reboot", "ff", "s ", "factory" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		assert_int_equal(console_choose(row[i]), CONSOLE_CHOICES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_is_a_choice),
		cmocka_unit_test(a_word_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
