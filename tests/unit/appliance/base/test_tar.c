/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/tar.h"

static uint8_t block[TAR_BLOCK];
static struct tar_header header;

static void put(size_t at, const char *text)
{
	memcpy(block + at, text, strlen(text));
}

static void seal(void)
{
	unsigned int sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

static int make(const char *name, const char *size, char kind)
{
	memset(block, 0, sizeof(block));
	put(0, name);
	put(124, size);
	block[156] = (uint8_t)kind;
	put(257, "ustar");
	seal();
	return tar_header_parse(&header, block);
}

static void reads_kinds_names_and_sizes(void **state)
{
	(void)state;
	assert_int_equal(make("a/b", "00000001750", '0'), 0);
	assert_int_equal(header.kind, TAR_FILE);
	assert_int_equal(header.size, 1000);
	assert_string_equal(header.name, "a/b");
	assert_int_equal(make("a/", "00000000010", '5'), 0);
	assert_int_equal(header.kind, TAR_FOLDER);
	assert_int_equal(header.size, 0);
	assert_int_equal(make("link", "00000000010", '2'), 0);
	assert_int_equal(header.kind, TAR_OTHER);
	assert_int_equal(header.size, 0);
	assert_int_equal(make("sparse", "00000000010", 'S'), 0);
	assert_int_equal(header.kind, TAR_OTHER);
	assert_int_equal(header.size, 8);
	assert_int_equal(make("b", "0", '0'), 0);
	put(345, "folder/of");
	seal();
	assert_int_equal(tar_header_parse(&header, block), 0);
	assert_string_equal(header.name, "folder/of/b");
	memset(block, 0, sizeof(block));
	assert_int_equal(tar_header_parse(&header, block), 0);
	assert_int_equal(header.kind, TAR_END);
}

/* A name and a prefix that fill their fields have no NUL behind them. */
static void full_fields_end_where_they_end(void **state)
{
	char name[101], prefix[156];

	(void)state;
	memset(name, 'n', 100);
	memset(prefix, 'p', 155);
	name[100] = prefix[155] = '\0';
	assert_int_equal(make(name, "777777777777", '0'), 0);
	put(345, prefix);
	seal();
	assert_int_equal(tar_header_parse(&header, block), 0);
	assert_int_equal(strlen(header.name), 256);
	assert_true(header.size == 077777777777777ULL >> 6);
}

static void refuses_what_is_no_header(void **state)
{
	(void)state;
	assert_int_equal(make("a", "", '0'), -EBADMSG);
	assert_int_equal(make("a", "-1", '0'), -EBADMSG);
	assert_int_equal(make("a", "12x", '0'), -EBADMSG);
	assert_int_equal(make("a", "\x80\x7f", '0'), -EBADMSG);	/* a binary number */
	assert_int_equal(make("a", "1", '0'), 0);
	block[3] ^= 1;
	assert_int_equal(tar_header_parse(&header, block), -EBADMSG);
}

static void reads_the_path_of_an_extended_header(void **state)
{
	static const struct {
		const char *content, *name;
		int error;
	} row[] = {
		{ "", "", 0 },
		{ "12 path=a/b\n", "a/b", 0 },
		{ "13 mtime=1.5\n12 path=a/b\n", "a/b", 0 },
		{ "12 path=a/b\n12 path=c/d\n", "c/d", 0 },
		{ "13 path=a/b\n", "", -EBADMSG },
		{ "11 path=a/b\n", "", -EBADMSG },
		{ "0 path=a/b\n", "", -EBADMSG },
		{ "2 \n", "", -EBADMSG },
		{ "path=a/b\n", "", -EBADMSG },
		{ "999999999999999999999999 path=a\n", "", -EBADMSG },
		{ "17 size=99999999\n", "", -EBADMSG },
	};
	char name[TAR_NAME], content[2 * TAR_NAME];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_int_equal(tar_extended_name(row[i].content, strlen(row[i].content), name),
				 row[i].error);
		if (!row[i].error)
			assert_string_equal(name, row[i].name);
	}
	assert_int_equal(tar_extended_name("12 path=a\0b\n", 12, name), -ENAMETOOLONG);
	snprintf(content, sizeof(content), "%d path=%0*d\n", TAR_NAME + 10, TAR_NAME, 0);
	assert_int_equal(tar_extended_name(content, strlen(content), name), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_kinds_names_and_sizes),
		cmocka_unit_test(full_fields_end_where_they_end),
		cmocka_unit_test(refuses_what_is_no_header),
		cmocka_unit_test(reads_the_path_of_an_extended_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
