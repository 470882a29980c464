/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "rules/policy/suffixes.h"

static bool public(const char *text)
{
	struct name name;

	assert_int_equal(name_parse(&name, text, strlen(text), NULL), 0);
	return suffix_is_public(name.wire);
}

static void rules_wildcards_and_exceptions(void **state)
{
	static const char *const yes[] = {
		"com", "co.uk", "zw", "no-such-top-level", "zushi.kanagawa.jp", /* a plain rule */
		"any.ck", "any.kobe.jp"						/* "*.ck" */
	};
	static const char *const no[] = {
		"example.com", "example.co.uk", "co.example", "coo.uk", "a.any.ck",
		"www.ck", "city.kobe.jp"					/* "!www.ck" */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		assert_true(public(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		assert_false(public(no[i]));
}

static void every_rule_is_found(void **state)
{
	const char *rule = public_suffixes, *end = public_suffixes + public_suffixes_size;
	const char *before = "";
	char text[NAME_TEXT];
	size_t rules = 0;

	(void)state;
	assert_int_equal(end[-1], '\0');
	for (; rule < end; rule += strlen(rule) + 1, rules++) {
		assert_true(strcmp(before, rule) < 0);
		snprintf(text, sizeof(text), "x%s", rule + 1);
		if (*rule == '!')
			assert_false(public(rule + 1));
		else
			assert_true(public(*rule == '*' ? text : rule));
		before = rule;
	}
	assert_true(rules > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_wildcards_and_exceptions),
		cmocka_unit_test(every_rule_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
