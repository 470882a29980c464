/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/settings/set_log.h"

static const char log_text[] =
	"2026-01-02T03:04:05.678Z taken 0011223344556677 settings of the stick sda1 are taken\n"
	"2026-01-02T03:04:06.000Z wrong 8899aabbccddeeff errors refused 0011223344556677 here\n"
	"2026-01-03T03:04:05.678Z refused 8899aabbccddeeff they would change mode\n"
	"2026-01-04T03:04:05.678Z kept - the new settings stay\n";

static void word_and_digest_are_fields(void **state)
{
	(void)state;
	assert_true(set_log_has(log_text, "taken", "0011223344556677"));
	assert_true(set_log_has(log_text, "refused", "8899aabbccddeeff"));
	assert_true(set_log_has(log_text, "kept", "-"));
	assert_false(set_log_has(log_text, "taken", "8899aabbccddeeff"));
	assert_false(set_log_has(log_text, "taken", "0011"));
	assert_false(set_log_has("", "taken", "0011"));
}

/* A text for people may hold any words, and decides nothing. */
static void the_text_is_no_field(void **state)
{
	(void)state;
	assert_false(set_log_has(log_text, "refused", "0011223344556677"));
	assert_false(set_log_has("time word digits taken 00\n", "taken", "00"));
}

static void the_last_refusal_counts(void **state)
{
	char line[128];

	(void)state;
	set_log_find_refusal(log_text, line, sizeof(line));
	assert_string_equal(line, "2026-01-03T03:04:05Z: they would change mode");
	set_log_find_refusal("t refused 00 first\nt refused - second", line, sizeof(line));
	assert_string_equal(line, "tZ: second");
	set_log_find_refusal("t taken 00 was refused 00 once\n", line, sizeof(line));
	assert_string_equal(line, "");
	set_log_find_refusal("\n \n  refused\nrefused\n", line, sizeof(line));
	assert_string_equal(line, "");
}

static size_t lines(void)
{
	size_t size, count = 0;
	char *text = box_read(SET_LOG_PATH, SET_LOG_MAX, &size);

	for (const char *at = text; at && (at = strchr(at, '\n')); at++)
		count++;
	free(text);
	return count;
}

static void the_same_word_of_a_set_is_noted_once(void **state)
{
	const uint8_t one[DIGEST_SIZE] = { 1 }, two[DIGEST_SIZE] = { 2 };

	(void)state;
	folder_above(SET_LOG_PATH);
	set_log_note("refused", one, "why\nand how");
	set_log_note("refused", one, "another text");
	assert_int_equal(lines(), 1);
	set_log_note("taken", one, "");
	set_log_note("refused", two, "");
	assert_int_equal(lines(), 3);
	/* Without a digest it is an event, which may happen again. */
	set_log_note("reverted", NULL, "");
	set_log_note("reverted", NULL, "");
	assert_int_equal(lines(), 5);
}

/* A long text is one line, and the log stays below its limit with its newest lines. */
static void it_is_cut_at_whole_lines(void **state)
{
	char text[1000], *log;
	size_t size;

	(void)state;
	folder_above(SET_LOG_PATH);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		set_log_note("reverted", NULL, text);
	set_log_note("kept", NULL, "the last one");
	log = box_read(SET_LOG_PATH, SET_LOG_MAX, &size);
	assert_non_null(log);
	assert_in_range(size, SET_LOG_MAX / 8, SET_LOG_MAX / 2 + 2000);
	assert_memory_equal(log + 24, " reverted - x", 13);
	assert_true(set_log_has(log, "kept", "-"));
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(word_and_digest_are_fields),
		cmocka_unit_test(the_text_is_no_field),
		cmocka_unit_test(the_last_refusal_counts),
		cmocka_unit_test_setup_teardown(the_same_word_of_a_set_is_noted_once, folder_make,
						folder_drop),
		cmocka_unit_test_setup_teardown(it_is_cut_at_whole_lines, folder_make, folder_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
