/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/command/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka.h"

/* The words of a line, in brackets. */
static const char *split(const char *text)
{
	static char line[READER_LINE], out[READER_LINE];
	char *word[READER_WORDS + 1];
	int words;

	snprintf(line, sizeof(line), "%s", text);
	words = reader_split(line, word);
	if (words < 0)
		return words == -E2BIG ? "too many" : "not closed";
	assert_null(word[words]);
	out[0] = '\0';
	for (int i = 0; i < words; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "[%s]", word[i]);
	return out;
}

static void lines_become_words(void **state)
{
	(void)state;
	assert_string_equal(split(""), "");
	assert_string_equal(split(" \t\n"), "");
	assert_string_equal(split("log"), "[log]");
	assert_string_equal(split("  cordon log\t--json \r\n"), "[cordon][log][--json]");
	assert_string_equal(split("log --name 'a b' x"), "[log][--name][a b][x]");
	assert_string_equal(split("log \"it's\" ''"), "[log][it's][]");
	assert_string_equal(split("a'b c'd"), "[ab cd]");
	assert_string_equal(split("log 'a"), "not closed");
	assert_string_equal(split("log \"a'"), "not closed");
	/* What a shell would take for more than text. */
	assert_string_equal(split("log; reboot && a|b $(c) `d` >e \\ *"),
			    "[log;][reboot][&&][a|b][$(c)][`d`][>e][\\][*]");
}

static void words_are_counted(void **state)
{
	char text[4 * READER_WORDS] = "";

	(void)state;
	for (int i = 0; i < READER_WORDS; i++)
		strcat(text, "a ");
	assert_int_equal(strlen(split(text)), 3 * READER_WORDS);
	strcat(text, "a");
	assert_string_equal(split(text), "too many");
}

static bool may(const char *text)
{
	static char line[READER_LINE];
	char *word[READER_WORDS + 1];
	int words, first;

	snprintf(line, sizeof(line), "%s", text);
	words = reader_split(line, word);
	assert_true(words >= 0);
	return reader_may(word, words, &first);
}

static void only_what_asks(void **state)
{
	(void)state;
	assert_true(may("cordon log --json") && may("log") && may("hosts") && may("host x"));
	assert_true(may("why 1:2") && may("top") && may("status --json"));
	assert_true(may("update status") && may("cordon update history --json"));
	assert_false(may("") || may("cordon") || may("cordon cordon log") || may("sh"));
	assert_false(may("update") || may("update now") || may("update from /x"));
	assert_false(may("mode monitor") || may("disarm --for 1h") || may("settings show"));
	assert_false(may("--state /x log") || may("/usr/bin/cordon log") || may("console"));
	assert_false(may("log; reboot") || may("logs") || may("names load x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_words),
		cmocka_unit_test(words_are_counted),
		cmocka_unit_test(only_what_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
