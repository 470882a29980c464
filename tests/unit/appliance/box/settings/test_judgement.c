/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/judgement_words.h"

#define DECIDES(verdict, ...)                                                                      \
	assert_int_equal(judgement_decide(&(struct judgement_facts){ __VA_ARGS__ }), verdict)

static void errors_come_first(void **state)
{
	(void)state;
	DECIDES(JUDGEMENT_WRONG, .wrong = true);
	DECIDES(JUDGEMENT_WRONG, .wrong = true, .confirmed = true, .approved = true, .changes = 1);
	DECIDES(JUDGEMENT_WRONG, .wrong = true, .provisioned = true, .changes = 1, .protected = 1);
}

static void without_a_change_nothing_happens(void **state)
{
	(void)state;
	DECIDES(JUDGEMENT_SAME, .changes = 0);
	DECIDES(JUDGEMENT_SAME, .provisioned = true);
	DECIDES(JUDGEMENT_SAME, .provisioned = true, .approved = true);
}

static void what_is_free_is_taken(void **state)
{
	(void)state;
	DECIDES(JUDGEMENT_TAKE, .provisioned = true, .changes = 3);
}

/* The person who sets the box up decides everything. */
static void the_first_set_is_taken(void **state)
{
	(void)state;
	DECIDES(JUDGEMENT_TAKE, .changes = 3, .protected = 3);
	DECIDES(JUDGEMENT_TAKE, .changes = 3, .protected = 3, .other_root = true);
}

static void what_is_protected_takes_secret_or_signature(void **state)
{
	(void)state;
	DECIDES(JUDGEMENT_REFUSE, .provisioned = true, .changes = 3, .protected = 1);
	DECIDES(JUDGEMENT_TAKE, .provisioned = true, .changes = 3, .protected = 1,
		.confirmed = true);
	DECIDES(JUDGEMENT_TAKE, .provisioned = true, .changes = 3, .protected = 1,
		.approved = true);
}

/* A threshold of one repository's keys must not hand the box to another one. */
static void no_signature_suffices_for_another_root(void **state)
{
	(void)state;
	DECIDES(JUDGEMENT_REFUSE, .provisioned = true, .changes = 1, .protected = 1,
		.approved = true, .other_root = true);
	DECIDES(JUDGEMENT_TAKE, .provisioned = true, .changes = 1, .protected = 1,
		.approved = true, .other_root = true, .confirmed = true);
}

/* ---- words ---- */

/* One change of the mode, and one free one. */
static const struct provision_changes changes = {
	.item = { { PROVISION_MODE, "[mode] state" }, { PROVISION_FREE, "[dns] workers" } },
	.items = 2,
	.count = 2,
	.protected = 1,
};

static void has(char *text, const char *part)
{
	assert_non_null(text);
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
	free(text);
}

static void has_not(char *text, const char *part)
{
	assert_non_null(text);
	assert_null(strstr(text, part));
	free(text);
}

static void a_refusal_says_what_and_what_to_do(void **state)
{
	(void)state;
	has(judgement_words_refused("the stick sda1", &changes, false, false),
	    "settings of the stick sda1 are refused: they would change mode ([mode] state).\n");
	has(judgement_words_refused("x", &changes, false, false), "settings.json");
	has(judgement_words_refused("x", &changes, false, false), "cordon settings accept.\n");
	has(judgement_words_refused("x", &changes, false, false),
	    "A set is whole: [dns] workers was not taken either.\n");
	has(judgement_words_refused("x", &changes, true, false), "leave the file admin-secret");
	has_not(judgement_words_refused("x", &changes, false, true), "settings.json");
	has(judgement_words_refused("x", &changes, false, true), "whatever the signature");
}

static void a_taken_set_says_what_changed(void **state)
{
	(void)state;
	has(judgement_words_taken("a folder", &changes, true),
	    "settings of a folder are taken: mode ([mode] state), [dns] workers\n");
	has_not(judgement_words_taken("a folder", &changes, true), "secret");
	has(judgement_words_taken("a folder", &changes, false),
	    "no administrator's secret is set");
}

static void a_wrong_set_gives_its_errors(void **state)
{
	(void)state;
	has(judgement_words_wrong("a folder", "cordon.conf:3: error: unknown key\n"),
	    "settings of a folder are wrong, and nothing of them was taken:\n"
	    "cordon.conf:3: error: unknown key\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_come_first),
		cmocka_unit_test(without_a_change_nothing_happens),
		cmocka_unit_test(what_is_free_is_taken),
		cmocka_unit_test(the_first_set_is_taken),
		cmocka_unit_test(what_is_protected_takes_secret_or_signature),
		cmocka_unit_test(no_signature_suffices_for_another_root),
		cmocka_unit_test(a_refusal_says_what_and_what_to_do),
		cmocka_unit_test(a_taken_set_says_what_changed),
		cmocka_unit_test(a_wrong_set_gives_its_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
