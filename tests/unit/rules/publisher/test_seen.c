/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/seen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"

static struct diag diag;

static int parse(struct seen *seen, const char *text)
{
	diag_init(&diag);
	return seen_parse(seen, text, strlen(text), "alice.seen", &diag);
}

static struct audit audit(const char *role, int64_t version, const char *digest)
{
	struct audit audit = { .roles = 1, .release = version };

	snprintf(audit.role[0].name, sizeof(audit.role[0].name), "%s", role);
	snprintf(audit.role[0].digest, sizeof(audit.role[0].digest), "%s", digest);
	audit.role[0].version = version;
	return audit;
}

static void test_what_it_keeps_comes_back(void **state)
{
	const struct audit first = audit("rules", 5, ONE);
	const struct seen_now now = { .repository = TWO, .audit = &first };
	struct text text = TEXT_EMPTY;
	struct seen seen;
	const char *digest;

	(void)state;
	assert_int_equal(seen_parse(&seen, NULL, 0, "alice.seen", &diag), 0);
	assert_false(seen_knows(&seen, TWO));
	assert_int_equal(seen_learn(&seen, &now), 0);
	assert_int_equal(seen_print(&seen, &text), 0);
	seen_release(&seen);
	assert_int_equal(parse(&seen, text.data), 0);
	assert_true(seen_knows(&seen, TWO));
	assert_int_equal(seen_version(&seen, TWO, "rules", &digest), 5);
	assert_string_equal(digest, ONE);
	assert_int_equal(seen_check(&seen, &now, "r", &diag), 0);
	seen_release(&seen);
	text_release(&text);
}

/* A merge of git, an empty file after a power cut, another file: the message says what to do. */
static void test_damaged_file_comes_back_from_a_backup(void **state)
{
	static const char *const damaged[] = { "", "<<<<<<< HEAD\n{}\n", "{}", "[1.5]" };
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		assert_int_equal(parse(&seen, damaged[i]), -EINVAL);
		assert_non_null(strstr(diag.entry[diag.count - 1].message, "from a backup"));
	}
}

static void test_older_or_another_is_refused(void **state)
{
	const struct audit five = audit("rules", 5, ONE), four = audit("rules", 4, ONE);
	const struct audit other = audit("rules", 5, TWO), six = audit("rules", 6, TWO);
	const struct seen_now now = { .repository = ONE, .audit = &five };
	struct seen seen;

	(void)state;
	diag_init(&diag);
	assert_int_equal(seen_parse(&seen, NULL, 0, "alice.seen", &diag), 0);
	assert_int_equal(seen_learn(&seen, &now), 0);
	assert_int_equal(seen_check(&seen, &(struct seen_now){ ONE, &four, { false } }, "r", &diag),
			 -EEXIST);
	assert_int_equal(seen_check(&seen, &(struct seen_now){ ONE, &other, { false } }, "r",
				    &diag),
			 -EEXIST);
	assert_int_equal(seen_check(&seen, &(struct seen_now){ ONE, NULL, { false } }, "r", &diag),
			 -EEXIST);
	assert_int_equal(seen_check(&seen, &(struct seen_now){ ONE, &six, { false } }, "r", &diag),
			 0);
	/* Of a repository that it has not met it knows nothing. */
	assert_int_equal(seen_check(&seen, &(struct seen_now){ TWO, &four, { false } }, "r", &diag),
			 0);
	seen_release(&seen);
}

/* A key that was withdrawn takes back the versions of its role, and of no other. */
static void test_withdrawn(void **state)
{
	const struct audit ahead = audit("timestamp", 900, ONE), after = audit("timestamp", 3, TWO);
	struct seen_now now = { .repository = ONE, .audit = &after };
	struct seen seen;

	(void)state;
	diag_init(&diag);
	assert_int_equal(seen_parse(&seen, NULL, 0, "alice.seen", &diag), 0);
	assert_int_equal(seen_learn(&seen, &(struct seen_now){ ONE, &ahead, { false } }), 0);
	now.rotated[METADATA_SNAPSHOT] = true;
	assert_int_equal(seen_check(&seen, &now, "r", &diag), -EEXIST);
	now.rotated[METADATA_TIMESTAMP] = true;
	now.audit = &after;
	((struct audit *)(uintptr_t)now.audit)->release = 900;
	assert_int_equal(seen_check(&seen, &now, "r", &diag), 0);
	seen_release(&seen);
}

static void test_two_signatures_under_one_version(void **state)
{
	struct seen_signature signature = { .role = "rules", .version = 6, .digest = ONE,
					    .time = 1795600000 };
	struct seen seen;
	const char *time;

	(void)state;
	diag_init(&diag);
	assert_int_equal(seen_parse(&seen, NULL, 0, "alice.seen", &diag), 0);
	assert_false(seen_signed_other(&seen, ONE, &signature, &time));
	assert_int_equal(seen_sign(&seen, ONE, &signature), 0);
	assert_false(seen_signed_other(&seen, ONE, &signature, &time));
	memset(signature.digest, '2', METADATA_KEYID - 1);
	assert_true(seen_signed_other(&seen, ONE, &signature, &time));
	assert_string_equal(time, "2026-11-25T09:46:40Z");
	assert_false(seen_signed_other(&seen, TWO, &signature, &time));
	seen_release(&seen);
}

/* Half a file, or one of something else, is no reason to trust anew. */
static void test_wrong_files(void **state)
{
	static const char *const wrong[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"repositories\": []}",
		"{\"repositories\": {\"abc\": {\"roles\": {}, \"signed\": {}, \"release\": 0, "
		"\"hold\": 0}}}",
		"{\"repositories\": {\"" ONE "\": {}}}",
		"{\"repositories\": {\"" ONE
		"\": {\"roles\": {}, \"signed\": {}, \"release\": -1, \"hold\": 0}}}",
		"{\"repositories\": {\"" ONE
		"\": {\"roles\": {\"rules\": {\"version\": 1}}, \"signed\": {}, "
		"\"release\": 1, \"hold\": 0}}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct seen seen;

		if (parse(&seen, wrong[i]) == 0)
			fail_msg("\"%s\" is believed", wrong[i]);
		assert_null(seen.document);
		assert_true(diag.count > 0);
	}
}

static void test_record_is_one_line(void **state)
{
	const struct seen_signature signature = { .role = "rules", .version = 6, .digest = ONE,
						  .time = 1795600000 };
	struct text text = TEXT_EMPTY;

	(void)state;
	assert_int_equal(seen_record_print("sign", TWO, &signature,
					   "- a.example: gone\n\"quoted\"\n", &text),
			 0);
	assert_ptr_equal(strchr(text.data, '\n'), text.data + text.length - 1);
	assert_non_null(strstr(text.data, "\"shown\":\"- a.example: gone\\n\\\"quoted\\\"\\n\""));
	assert_non_null(strstr(text.data, "\"time\":\"2026-11-25T09:46:40Z\""));
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_keeps_comes_back),
		cmocka_unit_test(test_older_or_another_is_refused),
		cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_two_signatures_under_one_version),
		cmocka_unit_test(test_damaged_file_comes_back_from_a_backup),
		cmocka_unit_test(test_wrong_files),
		cmocka_unit_test(test_record_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
