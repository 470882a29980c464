/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/box/settings/intake_plan.h"

enum { OUTCOMES = INTAKE_CONFLICT + 1 };

static void the_verdict_and_the_disk_decide(void **state)
{
	(void)state;
	assert_int_equal(intake_plan_outcome(JUDGEMENT_TAKE, true), INTAKE_TAKEN);
	assert_int_equal(intake_plan_outcome(JUDGEMENT_SAME, true), INTAKE_SAME);
	assert_int_equal(intake_plan_outcome(JUDGEMENT_TAKE, false), INTAKE_UNKEPT);
	assert_int_equal(intake_plan_outcome(JUDGEMENT_SAME, false), INTAKE_UNKEPT);
	assert_int_equal(intake_plan_outcome(JUDGEMENT_REFUSE, false), INTAKE_REFUSED);
	assert_int_equal(intake_plan_outcome(JUDGEMENT_WRONG, false), INTAKE_WRONG);
}

/* Nothing found is no error and not done; every other outcome is one or the other. */
static void an_outcome_is_done_or_an_error(void **state)
{
	(void)state;
	assert_false(intake_plan_is_done(INTAKE_NONE) || intake_plan_failed(INTAKE_NONE));
	for (int i = INTAKE_NONE + 1; i < OUTCOMES; i++)
		assert_int_not_equal(intake_plan_is_done((enum intake_outcome)i),
				     intake_plan_failed((enum intake_outcome)i));
	assert_true(intake_plan_is_done(INTAKE_KNOWN));
	assert_true(intake_plan_failed(INTAKE_UNKEPT));
}

/* The EFI partition can be read by a thief; but without a data partition it is the only copy. */
static void files_that_are_done_go_if_they_are_kept_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(intake_plan_boot(INTAKE_TAKEN, true, false), INTAKE_REMOVE);
	assert_int_equal(intake_plan_boot(INTAKE_KNOWN, true, true), INTAKE_REMOVE);
	assert_int_equal(intake_plan_boot(INTAKE_TAKEN, false, false), INTAKE_STAY);
	assert_int_equal(intake_plan_boot(INTAKE_SAME, false, true), INTAKE_STAY);
}

/* What was refused must not go: its author has no other copy, perhaps. */
static void files_that_are_not_done_stay(void **state)
{
	(void)state;
	for (int i = 0; i < OUTCOMES; i++) {
		const enum intake_outcome outcome = (enum intake_outcome)i;

		if (intake_plan_is_done(outcome))
			continue;
		assert_in_range(intake_plan_boot(outcome, true, true), INTAKE_LEAVE, INTAKE_NOTE);
		assert_in_range(intake_plan_boot(outcome, false, true), INTAKE_LEAVE, INTAKE_NOTE);
	}
}

static void errors_are_noted_and_old_notes_end(void **state)
{
	(void)state;
	assert_int_equal(intake_plan_boot(INTAKE_NONE, true, false), INTAKE_LEAVE);
	assert_int_equal(intake_plan_boot(INTAKE_NONE, true, true), INTAKE_NOTE);
	assert_int_equal(intake_plan_boot(INTAKE_UNREADABLE, true, false), INTAKE_NOTE);
	assert_int_equal(intake_plan_boot(INTAKE_UNKEPT, true, false), INTAKE_LEAVE);
	assert_int_equal(intake_plan_stick(INTAKE_REFUSED, false), INTAKE_NOTE);
	assert_int_equal(intake_plan_stick(INTAKE_WRONG, false), INTAKE_NOTE);
	assert_int_equal(intake_plan_stick(INTAKE_TAKEN, true), INTAKE_NOTE);
	assert_int_equal(intake_plan_stick(INTAKE_TAKEN, false), INTAKE_LEAVE);
	assert_int_equal(intake_plan_stick(INTAKE_KNOWN, false), INTAKE_LEAVE);
}

/* The text of a set that is good and could not be written is no error of its files. */
static void only_wrong_files_have_errors(void **state)
{
	(void)state;
	assert_true(intake_plan_has_errors(INTAKE_REFUSED));
	assert_true(intake_plan_has_errors(INTAKE_WRONG));
	assert_true(intake_plan_has_errors(INTAKE_UNREADABLE));
	assert_false(intake_plan_has_errors(INTAKE_UNKEPT));
	assert_false(intake_plan_has_errors(INTAKE_TAKEN));
	assert_false(intake_plan_has_errors(INTAKE_NONE));
}

static void sticks_must_agree(void **state)
{
	const uint8_t digest[3][DIGEST_SIZE] = { { 1 }, { 1 }, { 2 } };

	(void)state;
	assert_false(intake_plan_differ(digest, 0));
	assert_false(intake_plan_differ(digest, 1));
	assert_false(intake_plan_differ(digest, 2));
	assert_true(intake_plan_differ(digest, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_and_the_disk_decide),
		cmocka_unit_test(an_outcome_is_done_or_an_error),
		cmocka_unit_test(files_that_are_done_go_if_they_are_kept_elsewhere),
		cmocka_unit_test(files_that_are_not_done_stay),
		cmocka_unit_test(errors_are_noted_and_old_notes_end),
		cmocka_unit_test(only_wrong_files_have_errors),
		cmocka_unit_test(sticks_must_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
