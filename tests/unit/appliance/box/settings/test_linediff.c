/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/settings/linediff.h"

static struct text out;

static const char *difference(const char *old, const char *new)
{
	text_release(&out);
	return linediff("x.conf", old, new, &out) ? out.data : NULL;
}

static void writes_what_changed(void **state)
{
	(void)state;
	assert_null(difference("a\nb\n", "a\nb\n"));
	assert_null(difference(NULL, NULL));
	assert_string_equal(difference("a\nb\nc\n", "a\nB\nc\n"),
			    "--- x.conf\n+++ x.conf\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
	assert_string_equal(difference(NULL, "a\n"),
			    "--- x.conf (none)\n+++ x.conf\n@@ -0,0 +1,1 @@\n+a\n");
	assert_string_equal(difference("a\n", ""), "--- x.conf\n+++ x.conf\n@@ -1,1 +0,0 @@\n-a\n");
	assert_string_equal(
		difference("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n6\n7\n8\n9\nten\n"),
		"--- x.conf\n+++ x.conf\n@@ -2,8 +2,8 @@\n 2\n 3\n 4\n-5\n 6\n 7\n 8\n 9\n+ten\n");
	text_release(&out);
}

static void leaves_out_what_is_far(void **state)
{
	char old[512] = "", new[512] = "";
	const char *text, *second;

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(old + strlen(old), 8, "%d\n", i);
		snprintf(new + strlen(new), 8, "%s%d\n", i == 2 || i == 30 ? "x" : "", i);
	}
	text = difference(old, new);
	assert_non_null(strstr(text, "@@ -1,6 +1,6 @@\n 0\n 1\n-2\n+x2\n 3\n 4\n 5\n@@"));
	second = strstr(text, "@@ -28,7 +28,7 @@\n 27\n 28\n 29\n-30\n+x30\n 31\n 32\n 33\n");
	assert_non_null(second);
	text_release(&out);
}

static void shows_no_control_characters(void **state)
{
	(void)state;
	assert_non_null(strstr(difference("", "\033[2Jx\n"), "+?[2Jx\n"));
	assert_non_null(strstr(difference("", "\t\xc2\x9bJ\x9bJ\n"), "+\t?J?J\n"));
	text_release(&out);
}

static void copes_with_large_ones(void **state)
{
	enum { LINES = 30000 };
	char *old = malloc(2 * LINES + 1), *new = malloc(2 * LINES + 1);

	(void)state;
	assert_true(old && new);
	for (int i = 0; i < LINES; i++) {
		memcpy(old + 2 * i, "a\n", 2);
		memcpy(new + 2 * i, i % 2 ? "b\n" : "a\n", 2);
	}
	old[2 * LINES] = new[2 * LINES] = '\0';
	assert_non_null(difference(old, new));
	free(old);
	free(new);
	text_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_changed),
		cmocka_unit_test(leaves_out_what_is_far),
		cmocka_unit_test(shows_no_control_characters),
		cmocka_unit_test(copes_with_large_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
