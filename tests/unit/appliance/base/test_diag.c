/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/base/diag.h"

static void prints_place_and_message(void **state)
{
	struct text out = TEXT_EMPTY;
	static struct diag diag;

	(void)state;
	diag_init(&diag);
	diag_error(&diag, "a.rules", 3, 7, "expected %s", "a name");
	diag_error(&diag, "a.rules", 4, 0, "no column");
	diag_error(&diag, "lists", 0, 0, "no line");
	diag_error(&diag, "lists", 0, 0, "no line");
	diag_print(&diag, &out);
	assert_string_equal(out.data, "a.rules:3:7: error: expected a name\n"
				      "a.rules:4: error: no column\n"
				      "lists: error: no line\n");
	text_release(&out);
}

static void hostile_words_cannot_steer_a_terminal(void **state)
{
	struct text out = TEXT_EMPTY;
	static struct diag diag;

	(void)state;
	diag_init(&diag);
	diag_error(&diag, "a\nb", 0, 0, "found \"%s\"", "\x1b[2J\r\x7f\xc3\xa4");
	diag_print(&diag, &out);
	diag_init(&diag);
	diag_error(&diag, "\x9bm", 0, 0, "found \"%s\"", "\xc2\x9b" "2J");
	diag_print(&diag, &out);
	assert_string_equal(out.data,
			    "a b: error: found \"?[2J ?\xc3\xa4\"\n?m: error: found \"?2J\"\n");
	text_release(&out);
}

static void counts_what_it_does_not_keep(void **state)
{
	struct text out = TEXT_EMPTY;
	static struct diag diag;
	size_t lines = 0;

	(void)state;
	diag_init(&diag);
	for (unsigned int i = 0; i < 1000; i++)
		diag_error(&diag, "f", i + 1, 0, "wrong");
	diag_print(&diag, &out);
	for (const char *at = out.data; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, DIAG_KEEP + 1);
	assert_non_null(strstr(out.data, "\nand 968 more errors\n"));
	text_release(&out);
}

static void cuts_long_texts(void **state)
{
	char longer[1000];
	static struct diag diag;

	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[999] = '\0';
	diag_init(&diag);
	diag_error(&diag, longer, 1, 1, "%s", longer);
	assert_int_equal(strlen(diag.entry[0].source), DIAG_SOURCE - 1);
	assert_int_equal(strlen(diag.entry[0].message), DIAG_MESSAGE - 1);
	diag_error(NULL, "f", 1, 1, "nobody listens");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_place_and_message),
		cmocka_unit_test(hostile_words_cannot_steer_a_terminal),
		cmocka_unit_test(counts_what_it_does_not_keep),
		cmocka_unit_test(cuts_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
