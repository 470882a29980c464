/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/signed/archive.h"

static struct archive archive, back;

static void sample(struct text *out)
{
	archive.count = 0;
	assert_int_equal(archive_add(&archive, "root.json", "{}", 2), 0);
	assert_int_equal(archive_add(&archive, "2.root.json", "", 0), 0);
	assert_int_equal(archive_add(&archive, "kaspersky.rules", "list: a\n\0b", 10), 0);
	archive_print(&archive, out);
	assert_false(text_failed(out));
}

static void files_come_back_as_they_were(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	sample(&text);
	assert_int_equal(archive_parse(&back, text.data, text.length), 0);
	assert_int_equal(back.count, 3);
	assert_int_equal(archive_lookup(&back, "kaspersky.rules")->size, 10);
	assert_memory_equal(archive_lookup(&back, "kaspersky.rules")->data, "list: a\n\0b", 10);
	assert_int_equal(archive_lookup(&back, "2.root.json")->size, 0);
	assert_null(archive_lookup(&back, "1.root.json"));
	text_release(&text);
}

static void a_cut_anywhere_is_refused(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	sample(&text);
	for (size_t length = 0; length < text.length; length++) {
		char *copy = malloc(length + 1);

		memcpy(copy, text.data, length);
		assert_int_equal(archive_parse(&back, copy, length), -EBADMSG);
		assert_true(length ? archive_extent(copy, length) > length :
				     archive_extent(copy, 0) == 0);
		free(copy);
	}
	assert_int_equal(archive_extent(text.data, text.length), text.length);
	assert_int_equal(archive_extent("CORDON2\n\0\0", 10), 0);
	text_puts(&text, "x");
	assert_int_equal(archive_extent(text.data, text.length), text.length - 1);
	assert_int_equal(archive_parse(&back, text.data, text.length), -EBADMSG);
	text_release(&text);
}

static void names_cannot_leave_the_archive(void **state)
{
	static const char *const names[] = { "", ".", "..", ".hidden", "a/b", "../x", "a\\b", "a b",
					     "a\n", "\xc3\xa4", "a:b" };
	char longest[ARCHIVE_NAME + 1];

	(void)state;
	archive.count = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(archive_add(&archive, names[i], "", 0) < 0);
	memset(longest, 'a', ARCHIVE_NAME);
	longest[ARCHIVE_NAME] = '\0';
	assert_int_equal(archive_add(&archive, longest, "", 0), -ENAMETOOLONG);
	assert_int_equal(archive_add(&archive, longest + 1, "", 0), 0);
	assert_int_equal(archive_add(&archive, longest + 1, "", 0), -EEXIST);
}

static void a_name_twice_is_refused(void **state)
{
	static const char twice[] = "CORDON1\n\0\2\1a\0\0\0\0\1a\0\0\0\0";
	static const char once[] = "CORDON1\n\0\2\1a\0\0\0\0\1b\0\0\0\0";

	(void)state;
	assert_int_equal(archive_parse(&back, twice, sizeof(twice) - 1), -EBADMSG);
	assert_int_equal(archive_parse(&back, once, sizeof(once) - 1), 0);
}

static void sizes_that_lie_are_refused(void **state)
{
	static const char big[] = "CORDON1\n\0\1\1a\377\377\377\377x";
	static const char many[] = "CORDON1\n\377\377\1a\0\0\0\0";

	(void)state;
	assert_int_equal(archive_parse(&back, big, sizeof(big) - 1), -EBADMSG);
	assert_int_equal(archive_parse(&back, many, sizeof(many) - 1), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_come_back_as_they_were),
		cmocka_unit_test(a_cut_anywhere_is_refused),
		cmocka_unit_test(names_cannot_leave_the_archive),
		cmocka_unit_test(a_name_twice_is_refused),
		cmocka_unit_test(sizes_that_lie_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
