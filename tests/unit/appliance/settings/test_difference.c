/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/text.h"
#include "appliance/settings/difference.h"

static int add(void *context, const struct changed_key *difference)
{
	text_printf(context, "%s: %s -> %s\n", difference->key,
		    difference->old ? difference->old : "none",
		    difference->new ? difference->new : "none");
	return 0;
}

static void differs(const char *old, const char *new, const char *wanted)
{
	struct text out = TEXT_EMPTY;

	assert_int_equal(difference_find(old, new, add, &out), 0);
	assert_string_equal(out.data ? out.data : "", wanted);
	text_release(&out);
}

static void changes(void **state)
{
	(void)state;
	differs("", "", "");
	differs("a = 1\n", "# a comment\n  a=1\r\n", "");
	differs("a = 1\nb = 2\n", "a = 3\nc = 4\n", "a: 1 -> 3\nc: none -> 4\nb: 2 -> none\n");
	differs("lan = x\nlan = y\n", "lan = x\n", "lan: x, y -> x\n");
	differs("[one]\nk = 1\n", "[two]\nk = 1\n", "two.k: none -> 1\none.k: 1 -> none\n");
	differs("a = \n", "a = x\n", "a:  -> x\n");
	differs("word\n", "", "word:  -> none\n");
	differs("[broken\na=1\n", "[broken\na=2\n", "broken.a: 1 -> 2\n");
}

static void secrets_stay(void **state)
{
	(void)state;
	differs("admin-secret = one\nPPPoE-Password = two\n",
		"admin-secret = three\nPPPoE-Password = four\n",
		"admin-secret: (secret) -> (secret)\nPPPoE-Password: (secret) -> (secret)\n");
}

static void values_are_bounded_and_inert(void **state)
{
	char new[2000] = "a = \x1b[2J";

	(void)state;
	memset(new + strlen(new), 'x', 1000);
	struct text out = TEXT_EMPTY;
	assert_int_equal(difference_find("", new, add, &out), 0);
	assert_null(strchr(out.data, '\x1b'));
	assert_true(out.length < 2 * DIFFERENCE_VALUE);
	text_release(&out);
}

static void many_keys(void **state)
{
	struct text text = TEXT_EMPTY, out = TEXT_EMPTY;

	(void)state;
	for (int i = 0; i < DIFFERENCE_KEYS + 5; i++)
		text_printf(&text, "k%d = 1\n", i);
	assert_int_equal(difference_find(text.data, text.data, add, &out), 0);
	assert_null(out.data);
	assert_int_equal(difference_find("", text.data, add, &out), 0);
	assert_non_null(strstr(out.data, "...: "));
	text_release(&text);
	text_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes), cmocka_unit_test(secrets_stay),
		cmocka_unit_test(values_are_bounded_and_inert), cmocka_unit_test(many_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
