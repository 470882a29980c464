/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "appliance/base/text.h"

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

static void nothing_steers_a_terminal(void **state)
{
	static const struct {
		const char *found, *shown;
	} cases[] = {
		{ "plain, \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "plain, \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\x1b[2J\r\n\t\x7f", "?[2J   ?" },
		{ "two\nlines\n", "two lines" },
		{ "\xc2\x9b"
		  "2J",
		  "?2J" }, /* CSI as a character, */
		{ "\x9b"
		  "2J",
		  "?2J" }, /* and as a byte of its own */
		{ "a\x80\x9f", "a??" },
		{ "\xc2\xa0\xe4", "\xc2\xa0\xe4" },
		{ "\xc3\x9b", "\xc3\x9b" }, /* a letter that ends in such a byte */
		{ "\xe0\x82\x9b", "\xe0??" }, /* too long a form of it */
		{ "\xe2\x82", "\xe2?" }, /* cut */
		{ "\xe2\x80\xae\xe2\x81\xa6x", "??x" }, /* turned around */
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char copy[64];

		snprintf(copy, sizeof(copy), "%s", cases[i].found);
		assert_int_equal(text_is_plain(copy, strlen(copy), ""),
				 strcmp(copy, cases[i].shown) == 0);
		text_mask(copy);
		assert_string_equal(copy, cases[i].shown);
	}
	assert_true(text_is_plain("\ta\r", 3, "\t\r"));
	assert_false(text_is_plain("a\0b", 3, "\t\r"));
	text_put_masked(&text, "a\tb\n\xc2\x9b\0", 7, "\t\n");
	text_put_masked(&text, "\t\n", 2, "");
	assert_string_equal(text.data, "a\tb\n??  ");
	text_release(&text);
}

/* A name's letters are what they look like. */
static void names_are_visible_ascii(void **state)
{
	struct text text = TEXT_EMPTY;
	char out[6];

	(void)state;
	text_put_name(&text, "ro\xd0\xbet x\x1b\x7f~");
	assert_string_equal(text.data, "ro??t?x??~");
	assert_string_equal(text_name(out, sizeof(out), "a\tcdefgh"), "a?cde");
	assert_string_equal(text_name(out, sizeof(out), ""), "");
	text_release(&text);
}

/* A reason that does not fit ends behind a word, and says that there was more. */
static void what_does_not_fit_is_cut_behind_a_word(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "", "" },
		{ "nineteen bytes here", "nineteen bytes here" },
		{ "error: first\nthen 2\n", "error: first then 2" },
		{ "twenty bytes are here", "twenty bytes..." },
		{ "it is the second word", "it is the second..." },
		{ "0123456789012345678901234", "0123456789012345..." },
		{ "a 012345678901234567890123", "a 01234567890123..." },
		{ "12345678901234\xe2\x82\xac\xe2\x82\xac""67", "12345678901234..." },
		{ "\x1b[31m red and more of it", "?[31m red and..." },
	};
	char out[20];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		text_fit(out, sizeof(out), cases[i].text, strlen(cases[i].text));
		assert_string_equal(out, cases[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(prints),
		cmocka_unit_test(failure_is_kept),
		cmocka_unit_test(nothing_steers_a_terminal),
		cmocka_unit_test(names_are_visible_ascii),
		cmocka_unit_test(what_does_not_fit_is_cut_behind_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
