/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/signed/strict.h"

static int parse(const char *text, size_t size, struct diag *diag)
{
	json_t *json = NULL;
	int error;

	diag_init(diag);
	error = strict_parse(&json, text, size, "test.json", diag);
	if (!error)
		json_decref(json);
	return error;
}

static void takes_plain_json(void **state)
{
	static const char *const good[] = {
		"{}", "[]", " {\"a\": 1}\n", "{\"a\": [true, false, null, -5, \"e.E\"]}",
		"{\"true\": 9223372036854775807}", "[\"\\u00e4\\ud83d\\ude00\", \"\\\"\\\\e5\"]",
		"{\"\": \"\"}",
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(parse(good[i], strlen(good[i]), &diag), 0);
}

static void refuses_what_has_two_meanings(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} bad[] = {
#define BAD(text) { text, sizeof(text) - 1 }
		BAD(""), BAD(" "), BAD("1"), BAD("\"a\""), BAD("null"), BAD("{"), BAD("{}{}"),
		BAD("{} x"), BAD("{}\0"), BAD("\xef\xbb\xbf{}"), BAD("{\"a\": 1, \"a\": 1}"),
		BAD("{\"a\": 1, \"\\u0061\": 1}"), BAD("[1.0]"), BAD("[1e0]"), BAD("[1E5]"),
		BAD("[0.5]"), BAD("[9223372036854775808]"), BAD("[-9223372036854775809]"),
		BAD("[01]"), BAD("[\"\\u0000\"]"), BAD("[\"\0\"]"), BAD("[\"\xff\"]"),
		BAD("[\"\xc0\xaf\"]"), BAD("[\"\\ud800\"]"), BAD("[\"\n\"]"), BAD("['a']"),
		BAD("[1,]"), BAD("{\"a\"}"), BAD("[\"\\x\"]"), BAD("[\"a]"), BAD("[\"\\"),
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (parse(bad[i].text, bad[i].size, &diag) != -EINVAL)
			fail_msg("accepted: %s", bad[i].text);
		assert_true(diag.count > 0);
		assert_string_equal(diag.entry[0].source, "test.json");
	}
}

static void says_where(void **state)
{
	struct diag diag;

	(void)state;
	assert_int_equal(parse("{\"a\":\n  1.5}", 12, &diag), -EINVAL);
	assert_int_equal(diag.entry[0].line, 2);
	assert_int_equal(diag.entry[0].column, 4);
}

/* Bytes of the document that a message quotes do not reach a terminal as they are. */
static void messages_are_plain(void **state)
{
	struct diag diag;

	(void)state;
	assert_int_equal(parse("{\"a\": \x1b[31m}", 12, &diag), -EINVAL);
	assert_null(strchr(diag.entry[0].message, '\x1b'));
}

static void depth_ends_at_32(void **state)
{
	struct diag diag;
	char text[66];

	(void)state;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	assert_int_equal(parse(text, 64, &diag), 0);
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	assert_int_equal(parse(text, 66, &diag), -EINVAL);
}

static void canonical_form(void **state)
{
	static const char *const row[][2] = {
		{ "{}", "{}" },
		{ "[ ]", "[]" },
		{ "{\"b\": 1, \"a\": [true, false, null], \"B\": -7}",
		  "{\"B\":-7,\"a\":[true,false,null],\"b\":1}" },
		/* By bytes, not by letters: U+00E4 after z, U+FF5E before U+10000. */
		{ "{\"\\u00e4\": 1, \"z\": 2}", "{\"z\":2,\"\xc3\xa4\":1}" },
		{ "{\"\\ud800\\udc00\": 1, \"\\uff5e\": 2}",
		  "{\"\xef\xbd\x9e\":2,\"\xf0\x90\x80\x80\":1}" },
		/* Only the quote and the backslash are escaped; a newline goes in as it is. */
		{ "[\"a\\\"b\\\\c\\nd\\/\\te\"]", "[\"a\\\"b\\\\c\nd/\te\"]" },
		{ "[\"\", \"\\\\\"]", "[\"\",\"\\\\\"]" },
		{ "[-0, 9223372036854775807]", "[0,9223372036854775807]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct text out = TEXT_EMPTY;
		json_t *json;

		assert_int_equal(strict_parse(&json, row[i][0], strlen(row[i][0]), "t", NULL), 0);
		assert_int_equal(strict_canonical(json, &out), 0);
		assert_string_equal(out.data, row[i][1]);
		text_release(&out);
		json_decref(json);
	}
}

static void canonical_form_has_no_real_numbers(void **state)
{
	struct text out = TEXT_EMPTY;
	json_t *json = json_pack("[f]", 1.0);

	(void)state;
	assert_int_equal(strict_canonical(json, &out), -EINVAL);
	text_release(&out);
	json_decref(json);
}

/* The last test: the budget stays for the rest of the process. */
static void budget(void **state)
{
	struct text text = TEXT_EMPTY;
	struct diag diag;
	char *dump;
	json_t *json;

	(void)state;
	strict_budget(1 << 20);
	text_puts(&text, "[");
	while (text.length < 100000)
		text_puts(&text, "{\"a\": 1},");
	text_puts(&text, "0]");
	for (int i = 0; i < 20; i++)
		assert_int_equal(parse(text.data, text.length, &diag), -ENOMEM);
	/* What was refused was given back: there is room for what fits, again and again. */
	for (int i = 0; i < 10000; i++)
		assert_int_equal(parse("{\"a\": [1, 2, 3, \"012345678\"]}", 29, &diag), 0);
	/* What jansson gives away is freed by free(). */
	json = json_pack("{s:i}", "a", 1);
	dump = json_dumps(json, 0);
	assert_string_equal(dump, "{\"a\": 1}");
	free(dump);
	json_decref(json);
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_plain_json),
		cmocka_unit_test(refuses_what_has_two_meanings),
		cmocka_unit_test(says_where),
		cmocka_unit_test(messages_are_plain),
		cmocka_unit_test(depth_ends_at_32),
		cmocka_unit_test(canonical_form),
		cmocka_unit_test(canonical_form_has_no_real_numbers),
		cmocka_unit_test(budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
