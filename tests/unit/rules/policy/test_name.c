/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/policy/name.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void names(void **state)
{
	static const struct { const char *text, *printed; int labels, length; } good[] = {
		{ "upd.Kaspersky.COM", "upd.kaspersky.com", 3, 19 }, { "a.", "a", 1, 3 },
		{ ".", ".", 0, 1 }, { "_dns._udp.x-y", "_dns._udp.x-y", 3, 15 },
		{ A63 "." A63 "." A63 "."
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  NULL, 4, 255 },
		{ "a\\.b.c", "a\\.b.c", 2, 7 }, { "\\065\\255\\000.c", "a\\255\\000.c", 2, 7 },
		{ "\\\\", "\\\\", 1, 3 },
		{ "a\\.", "a\\.", 1, 4 }, { "a\\..", "a\\.", 1, 4 },
	};
	struct name name;
	char text[NAME_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(name_parse(&name, good[i].text, strlen(good[i].text), NULL), 0);
		assert_int_equal(name.labels, good[i].labels);
		assert_int_equal(name.length, good[i].length);
		assert_string_equal(name_print(name.wire, text),
				    good[i].printed ? good[i].printed : good[i].text);
	}
}

static void every_error_has_its_column(void **state)
{
	static const struct { const char *text; int error; unsigned int column; } bad[] = {
		{ "", -EINVAL, 1 }, { "..", -EINVAL, 1 }, { "a..b", -EINVAL, 3 },
		{ ".a", -EINVAL, 1 }, { "a b", -EINVAL, 2 }, { "a\\", -EINVAL, 2 },
		{ "a\\2", -EINVAL, 2 }, { "a\\256", -EINVAL, 2 }, { "a\\25x", -EINVAL, 2 },
		{ "a\\ b", -EINVAL, 2 }, { "*.a", -EINVAL, 1 }, { "a/b", -EINVAL, 2 },
		{ "a\xc3\xa4", -EINVAL, 2 }, { "a..", -EINVAL, 3 },
		{ A63 "a.b", -E2BIG, 65 }, { "x." A63 "a", -E2BIG, 66 },
		{ A63 "." A63 "." A63 "." A63, -E2BIG, 255 },
	};
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		unsigned int column = 0;

		assert_int_equal(name_parse(&name, bad[i].text, strlen(bad[i].text), &column),
				 bad[i].error);
		assert_int_equal(column, bad[i].column);
	}
}

static void most_labels(void **state)
{
	char text[256];
	struct name name;
	uint8_t wire[256];

	(void)state;
	for (size_t i = 0; i < 127; i++)
		memcpy(text + 2 * i, "a.", 2);
	assert_int_equal(name_parse(&name, text, 254, NULL), 0);
	assert_int_equal(name.labels, NAME_LABELS_MAX);
	assert_int_equal(name.length, NAME_WIRE_MAX);
	text[254] = 'a';
	assert_int_equal(name_parse(&name, text, 255, NULL), -E2BIG);
	memset(wire, 1, sizeof(wire));
	assert_int_equal(name_from_wire(&name, wire, sizeof(wire)), -EBADMSG);
}

static void wire_form(void **state)
{
	struct name name;
	char text[NAME_TEXT];

	(void)state;
	assert_int_equal(name_from_wire(&name, (const uint8_t *)"\3UpD\2Ru\0trailing", 16), 0);
	assert_int_equal(name.length, 8);
	assert_int_equal(name.labels, 2);
	assert_string_equal(name_print(name.wire, text), "upd.ru");
	assert_int_equal(name_from_wire(&name, (const uint8_t *)"\3UpD\2Ru", 7), -EBADMSG);
	assert_int_equal(name_from_wire(&name, (const uint8_t *)"\3Up", 3), -EBADMSG);
	assert_int_equal(name_from_wire(&name, (const uint8_t *)"\xc0\x0c", 2), -EBADMSG);
	assert_int_equal(name_from_wire(&name, (const uint8_t *)"\x40", 1), -EBADMSG);
	assert_int_equal(name_from_wire(&name, (const uint8_t *)"", 0), -EBADMSG);
	assert_int_equal(name_from_wire(&name, (const uint8_t *)"\0", 1), 0);
	assert_int_equal(name.length, 1);
}

/* Any well-formed wire name is printed, and read back as the same. */
static void printed_and_read_back(void **state)
{
	unsigned int random = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[300];
		struct name name, back;
		char text[NAME_TEXT];

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(random >> 24);
			if (i % 8 == 0)
				bytes[i] &= 0x3f;
		}
		if (name_from_wire(&name, bytes, sizeof(bytes)) < 0)
			continue;
		name_print(name.wire, text);
		assert_true(strlen(text) < NAME_TEXT);
		assert_int_equal(name_parse(&back, text, strlen(text), NULL), 0);
		assert_int_equal(back.length, name.length);
		assert_memory_equal(back.wire, name.wire, name.length);
	}
}

static struct name parsed(const char *text)
{
	struct name name;

	assert_int_equal(name_parse(&name, text, strlen(text), NULL), 0);
	return name;
}

static void prefixes(void **state)
{
	struct name name = parsed("a.bc.d"), suffix = parsed("bc.d");

	(void)state;
	assert_int_equal(name_prefix(&name, &suffix), 2);
	assert_int_equal(name_prefix(&name, &name), 0);
	assert_int_equal(name_prefix(&suffix, &name), -1);
	suffix = parsed(".");
	assert_int_equal(name_prefix(&name, &suffix), 7);
	suffix = parsed("c.d");
	assert_int_equal(name_prefix(&name, &suffix), -1);
	/* Equal bytes, but in the middle of a label. */
	name = parsed("x\\001a");
	suffix = parsed("a");
	assert_int_equal(name_prefix(&name, &suffix), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(every_error_has_its_column),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(most_labels),
		cmocka_unit_test(wire_form),
		cmocka_unit_test(printed_and_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
