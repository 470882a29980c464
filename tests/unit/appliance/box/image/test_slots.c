/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/box/image/slots.h"

#define OLD "cordon-0.1.0-00112233.efi"
#define NEW "cordon-0.2.0-89abcdef.efi"

static struct slots slots;

static int parsed(const char *lines)
{
	char block[SLOTS_BLOCK + 1];

	memset(block, '#', sizeof(block));
	memcpy(block, lines, strlen(lines));
	return slots_parse(&slots, block, SLOTS_BLOCK);
}

#define HEAD "# GRUB Environment Block\n"

static void reads_and_writes(void **state)
{
	char block[SLOTS_BLOCK];
	static struct slots back;

	(void)state;
	assert_int_equal(parsed(HEAD "primary=b\nleft=2\na=" OLD "\nb=" NEW "\ntrial=b\n"), 0);
	assert_int_equal(slots.primary, SLOT_B);
	assert_int_equal(slots.left, 2);
	assert_string_equal(slots.name[SLOT_A], OLD);
	assert_string_equal(slots.name[SLOT_B], NEW);
	assert_true(slots_on_trial(&slots, SLOT_B));
	assert_false(slots_on_trial(&slots, SLOT_A));
	slots_print(&slots, block);
	assert_memory_equal(block, HEAD "primary=b\n", sizeof(HEAD "primary=b\n") - 1);
	assert_int_equal(block[SLOTS_BLOCK - 1], '#');
	assert_int_equal(slots_parse(&back, block, sizeof(block)), 0);
	assert_memory_equal(&slots, &back, sizeof(slots));
}

/* The disk writes one sector as a whole, not two. */
static void lies_in_one_sector(void **state)
{
	char block[SLOTS_BLOCK], name[SLOTS_NAME];

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name, "cordon-", 7);
	memcpy(name + sizeof(name) - 5, ".efi", 5);
	assert_true(slots_check_name(name));
	slots_install(&slots, SLOT_A, name);
	slots_install(&slots, SLOT_B, name);
	memcpy(slots.failed, name, sizeof(name));
	slots_print(&slots, block);
	for (size_t i = 512; i < sizeof(block); i++)
		assert_int_equal(block[i], '#');
}

static void passes_over_what_is_broken(void **state)
{
	(void)state;
	assert_int_equal(parsed(""), -EBADMSG);
	assert_int_equal(slots.primary, SLOT_A);
	assert_int_equal(slots.left, SLOTS_TRIES);
	assert_int_equal(slots.trial, SLOT_NONE);
	assert_int_equal(slots_parse(&slots, HEAD, sizeof(HEAD) - 1), -EBADMSG);
	assert_int_equal(parsed(HEAD "primary=c\nleft=7\na=../" OLD "\nb=" NEW
				     "x\ntrial=c\nfoo\n=\nx=y"),
			 0);
	assert_int_equal(slots.primary, SLOT_A);
	assert_int_equal(slots.left, SLOTS_TRIES);
	assert_string_equal(slots.name[SLOT_A], "");
	assert_string_equal(slots.name[SLOT_B], "");
	assert_int_equal(slots.trial, SLOT_NONE);
	assert_int_equal(parsed(HEAD "left=\nleft=0\n"), 0);
	assert_int_equal(slots.left, 0);
}

static void names(void **state)
{
	(void)state;
	assert_true(slots_check_name(OLD));
	assert_false(slots_check_name(""));
	assert_false(slots_check_name("cordon-.efi"));
	assert_false(slots_check_name("grubenv"));
	assert_false(slots_check_name("cordon-1.efi.bak"));
	assert_false(slots_check_name("cordon-a/b.efi"));
	assert_false(slots_check_name("cordon-a*.efi"));
	assert_false(slots_check_name("cordon-a b.efi"));
}

static void what_runs(void **state)
{
	char name[SLOTS_NAME];

	(void)state;
	assert_true(slots_image("ro cordon.image=" NEW " console=ttyS0\n", name));
	assert_string_equal(name, NEW);
	assert_true(slots_image("cordon.image=" OLD "\n", name));
	assert_false(slots_image("xcordon.image=" OLD, name));
	assert_true(slots_image("xcordon.image=" OLD " cordon.image=" NEW, name));
	assert_string_equal(name, NEW);
	assert_false(slots_image("ro quiet\n", name));
	assert_false(slots_image("cordon.image=", name));
	assert_false(slots_image("cordon.image=../x.efi", name));
	assert_int_equal(parsed(HEAD "a=" OLD "\nb=" NEW "\n"), 0);
	assert_int_equal(slots_running(&slots, NEW), SLOT_B);
	assert_int_equal(slots_running(&slots, OLD), SLOT_A);
	assert_int_equal(slots_running(&slots, "cordon-x.efi"), SLOT_NONE);
	assert_int_equal(slots_running(&slots, ""), SLOT_NONE);
}

static void a_trial_that_succeeds(void **state)
{
	(void)state;
	assert_int_equal(parsed(HEAD "primary=a\nleft=2\na=" OLD "\nfailed=" NEW "\n"), 0);
	slots_clear(&slots, SLOT_B);
	assert_int_equal(slots.primary, SLOT_A);
	assert_int_equal(slots.left, 3);
	slots_install(&slots, SLOT_B, NEW);
	assert_int_equal(slots.primary, SLOT_B);
	assert_int_equal(slots.left, 3);
	assert_true(slots_on_trial(&slots, SLOT_B));
	assert_string_equal(slots.failed, "");
	slots.left = 2;
	assert_false(slots_confirm(&slots, NEW, SLOT_A));
	assert_int_equal(slots.primary, SLOT_B);
	assert_int_equal(slots.left, 3);
	assert_int_equal(slots.trial, SLOT_NONE);
	assert_string_equal(slots.name[SLOT_A], OLD);
}

static void a_trial_that_fails(void **state)
{
	(void)state;
	/* As GRUB leaves it, or when the artefact of b does not even start. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(parsed(i ? HEAD "primary=a\nleft=2\na=" OLD "\nb=" NEW
						 "\ntrial=b\n" :
					    HEAD "primary=b\nleft=2\na=" OLD "\nb=" NEW
						 "\ntrial=b\n"),
				 0);
		assert_true(slots_confirm(&slots, OLD, SLOT_A));
		assert_int_equal(slots.primary, SLOT_A);
		assert_int_equal(slots.left, 3);
		assert_int_equal(slots.trial, SLOT_NONE);
		assert_string_equal(slots.failed, NEW);
		assert_false(slots_confirm(&slots, OLD, SLOT_A));
		assert_string_equal(slots.failed, NEW);
	}
	/* It comes back, and stands. */
	assert_true(slots_rollback(&slots, SLOT_A));
	assert_true(slots_on_trial(&slots, SLOT_B));
	assert_false(slots_confirm(&slots, NEW, SLOT_A));
	assert_string_equal(slots.failed, "");
	/* GRUB wrote who used up the tries, without any trial. */
	assert_int_equal(parsed(HEAD "primary=a\na=" OLD "\nb=" NEW "\nfailed=" NEW "\n"), 0);
	assert_false(slots_confirm(&slots, OLD, SLOT_A));
	assert_string_equal(slots.failed, NEW);
}

static void nothing_to_roll_back_to(void **state)
{
	(void)state;
	assert_int_equal(parsed(HEAD "primary=a\na=" OLD "\n"), 0);
	assert_false(slots_rollback(&slots, SLOT_A));
	assert_int_equal(slots.primary, SLOT_A);
}

static void a_block_that_was_lost(void **state)
{
	(void)state;
	assert_int_equal(parsed(""), -EBADMSG);
	assert_false(slots_confirm(&slots, NEW, SLOT_B));
	assert_int_equal(slots.primary, SLOT_B);
	assert_string_equal(slots.name[SLOT_B], NEW);
	assert_string_equal(slots.name[SLOT_A], "");
	assert_int_equal(slots_running(&slots, NEW), SLOT_B);
}

/* The self-test of an image on trial failed: the one before it is not on trial, so that two bad
 * ones do not hand the box to each other for ever. */
static void rollback_of_a_trial_is_no_trial(void **state)
{

	(void)state;
	slots = (struct slots){ .primary = SLOT_A, .left = SLOTS_TRIES, .trial = SLOT_NONE };
	snprintf(slots.name[SLOT_A], SLOTS_NAME, "cordon-1.efi");
	slots_install(&slots, SLOT_B, "cordon-2.efi");
	assert_true(slots_on_trial(&slots, SLOT_B));
	assert_true(slots_rollback(&slots, SLOT_B));
	assert_int_equal(slots.primary, SLOT_A);
	assert_int_equal(slots.left, SLOTS_TRIES);
	assert_false(slots_on_trial(&slots, SLOT_A));
	assert_true(slots_confirm(&slots, "cordon-1.efi", SLOT_A));
	assert_string_equal(slots.failed, "cordon-2.efi");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rollback_of_a_trial_is_no_trial),
		cmocka_unit_test(reads_and_writes), cmocka_unit_test(lies_in_one_sector),
		cmocka_unit_test(passes_over_what_is_broken), cmocka_unit_test(names),
		cmocka_unit_test(what_runs), cmocka_unit_test(a_trial_that_succeeds),
		cmocka_unit_test(a_trial_that_fails), cmocka_unit_test(nothing_to_roll_back_to),
		cmocka_unit_test(a_block_that_was_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
