/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/evidence/weights.h"
#include "tests/unit/appliance/evidence/shipped.h"

static void the_shipped_file_is_good(void **state)
{
	const struct weights *weights = shipped_weights();

	(void)state;
	assert_true(weights->signs > 40);
	assert_int_equal(weights->threshold[THRESHOLD_REMOVED_DAYS], 30);
	/* a reason completes a sentence */
	for (size_t i = 0; i < weights->signs; i++)
		assert_in_range(strlen(weights->sign[i].reason), 10, WEIGHTS_REASON - 1);
}

/* Every rule that is shipped has its sign, and every sign stands for a rule. */
static void every_shipped_rule_has_a_sign(void **state)
{
	static const char *const files[] = { "kaspersky", "oem", "resolvers" };
	const struct weights *weights = shipped_weights();
	bool used[WEIGHTS_SIGNS] = { false };
	static struct diag diag;

	(void)state;
	diag_init(&diag);
	for (size_t i = 0; i < 3; i++) {
		struct rule_list list;
		struct arena arena;
		char path[64], *text;
		size_t size;

		snprintf(path, sizeof(path), "rules/lists/%s.rules", files[i]);
		text = shipped_file(path, &size);
		arena_init(&arena, SAMPLE_BUDGET);
		assert_int_equal(rule_list_parse(&list, &arena, path, text, size, &diag), 0);
		for (size_t j = 0; j < list.count; j++) {
			const int sign = weights_lookup(weights, list.rules[j].id);

			if (sign < 0)
				print_error("no sign: %s\n", list.rules[j].id);
			assert_true(sign >= 0);
			used[sign] = true;
		}
		arena_release(&arena);
		free(text);
	}
	for (size_t i = 0; i < weights->signs; i++) {
		const char *match = weights->sign[i].match;

		if (!used[i] && strncmp(match, "cordon:", 7) != 0 && strcmp(match, "oem:*") != 0)
			print_error("no rule: %s\n", match);
		assert_true(used[i] || strncmp(match, "cordon:", 7) == 0 ||
			    strcmp(match, "oem:*") == 0);
	}
}

static void the_first_match_decides(void **state)
{
	const struct weights *weights = shipped_weights();
	int sign = weights_lookup(weights,
				  "kaspersky:infrastructure:=gc.kis.v2.scr.kaspersky-labs.com");

	(void)state;
	assert_int_equal(weights->sign[sign].class, SIGN_VISIT);
	sign = weights_lookup(weights, "kaspersky:infrastructure:kaspersky-labs.com");
	assert_int_equal(weights->sign[sign].class, SIGN_TRACE);
	sign = weights_lookup(weights, "kaspersky:update:=s07.upd.kaspersky.com");
	assert_int_equal(weights->sign[sign].class, SIGN_PRODUCT);
	assert_string_equal(sign_class_print(SIGN_SHARED), "shared");
	assert_int_equal(weights_lookup(weights, ""), -1);
	assert_int_equal(weights_lookup(weights, "own"), -1);
}

struct bad {
	const char *text;
	unsigned int line, column;
};

/* Each alone is refused there; the thresholds that are missing come after it. */
static void damage_is_named_by_its_place(void **state)
{
	static const struct bad bad[] = {
		{ "threshold\tproduct\t60\n", 1, 1 },
		{ "# c\nthreshold\tproduct\t6x\treason\n", 2, 19 },
		{ "threshold\tproduct\t10001\treason\n", 1, 19 },
		{ "threshold\tproduct\t99999999999999999999\treason\n", 1, 19 },
		{ "threshold\tproduct\t\treason\n", 1, 19 },
		{ "threshold\tnothing\t1\treason\n", 1, 11 },
		{ "threshold\tproduct\t1\tr\nthreshold\tproduct\t1\tr\n", 2, 11 },
		{ "threshold\tproduct\t1\t\n", 1, 21 },
		{ "threshold\tproduct\t1\ta\033b\n", 1, 22 },
		{ "sign\ta\tproduct\t-\t1\t2\n", 1, 1 },
		{ "sign\ta\tproduct\t-\t1\t2\tr\tmore\n", 1, 1 },
		{ "sign\ta b\tproduct\t-\t1\t2\tr\n", 1, 7 },
		{ "sign\ta\tgood\t-\t1\t2\tr\n", 1, 8 },
		{ "sign\ta\tproduct\t\t1\t2\tr\n", 1, 16 },
		{ "sign\ta\tproduct\tabcdefghijklmnopqrstuvwx\t1\t2\tr\n", 1, 16 },
		{ "sign\ta\tproduct\t-\t1\t-2\tr\n", 1, 20 },
		{ "else\n", 1, 1 },
		{ "sign", 1, 1 },
		{ "\r\n", 1, 1 },
	};
	static struct weights weights;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		static struct diag diag;

		diag_init(&diag);
		assert_int_equal(weights_parse(&weights, "w.tsv", bad[i].text, strlen(bad[i].text),
					       &diag), -EINVAL);
		assert_int_equal(diag.entry[0].line, bad[i].line);
		assert_int_equal(diag.entry[0].column, bad[i].column);
		assert_string_equal(diag.entry[0].source, "w.tsv");
	}
	assert_int_equal(weights_parse(&weights, "w.tsv", "sign\0\0", 6, NULL), -EINVAL);
}

static void a_missing_threshold_and_too_many_signs_are_refused(void **state)
{
	static struct weights weights;
	static struct diag diag;
	struct text text = TEXT_EMPTY;
	size_t size;
	char *shipped = shipped_file("appliance/evidence/weights.tsv", &size);
	char *line = strstr(shipped, "\nthreshold\tengine");

	(void)state;
	assert_non_null(line);
	line[1] = '#';
	diag_init(&diag);
	assert_int_equal(weights_parse(&weights, "w", shipped, size, &diag), -EINVAL);
	assert_int_equal(diag.count, 1);
	assert_non_null(strstr(diag.entry[0].message, "engine"));
	line[1] = 't';
	text_put(&text, shipped, size);
	for (int i = 0; i < WEIGHTS_SIGNS; i++)
		text_puts(&text, "sign\ta\tproduct\t-\t1\t2\tr\n");
	diag_init(&diag);
	assert_int_equal(weights_parse(&weights, "w", text.data, text.length, &diag), -EINVAL);
	assert_non_null(strstr(diag.entry[0].message, "too many"));
	text_release(&text);
	free(shipped);
}

/* A pattern of many asterisks and a text that it nearly matches take no time. */
static void a_hostile_match_is_cheap(void **state)
{
	static struct weights weights = { .signs = 1 };
	char text[4096];

	(void)state;
	for (size_t i = 0; i + 2 < WEIGHTS_MATCH; i += 2)
		memcpy(weights.sign[0].match + i, "*a", 2);
	weights.sign[0].match[WEIGHTS_MATCH - 2] = 'b';
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(weights_lookup(&weights, text), -1);
	text[sizeof(text) - 2] = 'b';
	assert_int_equal(weights_lookup(&weights, text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_file_is_good),
		cmocka_unit_test(every_shipped_rule_has_a_sign),
		cmocka_unit_test(the_first_match_decides),
		cmocka_unit_test(damage_is_named_by_its_place),
		cmocka_unit_test(a_missing_threshold_and_too_many_signs_are_refused),
		cmocka_unit_test(a_hostile_match_is_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
