/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <unistd.h>

#include "appliance/daemon/change.h"
#include "appliance/daemon/log.h"
#include "appliance/ipc/message.h"

/* The decisions of a change of policy, without a process: roles are what the test says they are. */

#define LIST "list: site\nversion: 1\n[update]\nblocked.example evidence=\"a test\"\n"

enum { START = 1000 };

static struct change change;
static struct change_roles roles;

/* A sealed block as a compiler hands it over. */
static int compiled(void)
{
	size_t size;
	void *block = sample_block(LIST, NULL, &size);
	int fd = message_seal("policy", block, size);

	free(block);
	assert_true(fd >= 0);
	return fd;
}

static void switch_to_next(void)
{
	change_compiling(&change, START);
	assert_int_equal(change_switch(&change, compiled(), false, START), 0);
	assert_int_equal(change.state, CHANGE_SWITCHING);
}

static int begin(void **state)
{
	(void)state;
	change_init(&change);
	roles = (struct change_roles){ .journal_wanted = true };
	roles.rules.exists = roles.rules.ready = roles.rules.allowed = true;
	roles.dns = roles.journal = roles.rules;
	change_want(&change, CAUSE_START);
	change_chosen(&change, SOURCE_FOLDER);
	change_read(&change, START);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	generation_release(&change.current);
	generation_release(&change.next);
	return 0;
}

static void take(struct change_role *role)
{
	role->sent = role->applied = change.next.number;
}

static void in_force(void)
{
	switch_to_next();
	take(&roles.rules);
	take(&roles.dns);
	take(&roles.journal);
	assert_true(change_is_taken(&change, &roles));
	change_commit(&change, "done\n");
	change_end(&change);
}

static void rules_come_first(void **state)
{
	(void)state;
	switch_to_next();
	assert_ptr_equal(change_for_rules(&change, &roles), &change.next);
	assert_null(change_for_others(&change, &roles, &roles.journal));
	assert_false(change_lets_dns(&change, &roles));
	roles.rules.sent = change.next.number;
	roles.rules.owes = true;
	assert_null(change_for_rules(&change, &roles));
	take(&roles.rules);
	roles.rules.owes = false;
	assert_true(change_lets_dns(&change, &roles));
	assert_ptr_equal(change_for_others(&change, &roles, &roles.dns), &change.next);
	assert_false(change_is_taken(&change, &roles));
	take(&roles.dns);
	take(&roles.journal);
	assert_true(change_is_taken(&change, &roles));
}

static void no_block_waits_for_a_journal_or_a_socket(void **state)
{
	(void)state;
	switch_to_next();
	take(&roles.rules);
	roles.dns = (struct change_role){ .exists = false, .allowed = false };
	roles.journal.ready = false;
	assert_true(change_is_taken(&change, &roles));
	roles.dns.allowed = true;	/* it may start: its answer counts */
	assert_false(change_is_taken(&change, &roles));
}

static void a_role_that_was_started_anew_gets_what_is_in_force(void **state)
{
	(void)state;
	in_force();
	roles.dns.sent = roles.dns.applied = 0;
	assert_ptr_equal(change_for_others(&change, &roles, &roles.dns), &change.current);
	change_want(&change, CAUSE_RELOAD);
	change_chosen(&change, SOURCE_FOLDER);
	switch_to_next();
	/* Until the rules role has the next one. */
	assert_ptr_equal(change_for_others(&change, &roles, &roles.dns), &change.current);
	roles.dns.sent = change.current.number;
	assert_null(change_for_others(&change, &roles, &roles.dns));
	take(&roles.rules);
	assert_ptr_equal(change_for_others(&change, &roles, &roles.dns), &change.next);
}

static void a_start_goes_from_source_to_source(void **state)
{
	(void)state;
	change_refuse(&change, "no such folder\n", false, false);
	assert_int_equal(change.state, CHANGE_SOURCE);
	assert_int_equal(change.source, SOURCE_LAST_POLICY);	/* no last lists */
	change_refuse(&change, "no policy was kept\n", true, false);
	assert_int_equal(change.state, CHANGE_OVER);
	assert_false(change.done);
	assert_true(change.first);
	assert_string_equal(change.fallback, "no such folder\n");
	change_end(&change);
	assert_string_equal(change.last_error, "no such folder\n");
	assert_false(change_runs(&change));
}

static void last_lists_come_before_the_last_policy(void **state)
{
	(void)state;
	change_refuse(&change, "bad\n", false, true);
	assert_int_equal(change.source, SOURCE_LAST_LISTS);
}

static void a_refusal_leaves_what_is_in_force(void **state)
{
	uint64_t number;

	(void)state;
	in_force();
	number = change.current.number;
	change_want(&change, CAUSE_RELOAD);
	change_chosen(&change, SOURCE_FOLDER);
	switch_to_next();
	change_refuse(&change, "too large\n", true, true);
	assert_int_equal(change.state, CHANGE_OVER);
	assert_int_equal(change.current.number, number);
	assert_int_equal(change.next.number, 0);
	change_end(&change);
	assert_string_equal(change.last_error, "too large\n");
}

static void a_change_meanwhile_follows(void **state)
{
	(void)state;
	change_want(&change, CAUSE_MODE);
	change_want(&change, CAUSE_RELOAD);
	change_want(&change, CAUSE_MODE_END);	/* the reload covers it */
	in_force();
	assert_int_equal(change.state, CHANGE_ASKED);
	assert_int_equal(change.cause, CAUSE_RELOAD);
	assert_false(change.again);
}

static void two_deaths_of_a_role_refuse_the_policy(void **state)
{
	(void)state;
	switch_to_next();
	roles.rules.sent = change.next.number;
	assert_false(change_died(&change, &roles.rules));	/* it owed nothing */
	roles.rules.owes = true;
	assert_false(change_died(&change, &roles.rules));
	assert_true(change_died(&change, &roles.rules));
}

static void nothing_is_waited_for_without_end(void **state)
{
	const int64_t late = START + 24 * 3600 * 1000;

	(void)state;
	assert_int_equal(change_late(&change, &roles, START), CHANGE_WAIT_ON);
	assert_int_equal(change_late(&change, &roles, late), CHANGE_COMPILER_LATE);
	switch_to_next();
	assert_int_equal(change_late(&change, &roles, late), CHANGE_WAIT_ON);	/* it is busy */
	roles.rules.ready = false;
	assert_int_equal(change_late(&change, &roles, late), CHANGE_NO_RULES);
	roles.rules.ready = true;
	take(&roles.rules);
	roles.dns.ready = false;
	assert_int_equal(change_late(&change, &roles, late), CHANGE_WITHOUT_DNS);
	roles.dns.ready = true;
	take(&roles.dns);
	roles.journal.owes = true;
	roles.journal.patience = late + 1;
	assert_int_equal(change_late(&change, &roles, late), CHANGE_WAIT_ON);
	assert_int_equal(change_late(&change, &roles, late + 1), CHANGE_WITHOUT_JOURNAL);
}

static void without_rules_the_one_in_force_stays(void **state)
{
	(void)state;
	in_force();
	change_want(&change, CAUSE_RELOAD);
	change_chosen(&change, SOURCE_FOLDER);
	switch_to_next();
	roles.rules.ready = false;
	assert_int_equal(change_late(&change, &roles, START * START), CHANGE_WITHOUT_RULES);
}

static void tries_by_itself_grow_apart(void **state)
{
	(void)state;
	in_force();
	change_retry(&change, CAUSE_START, START);
	assert_int_equal(change.retry_at, START + 2000);
	change_tick(&change, START + 1999);
	assert_false(change_runs(&change));
	change_tick(&change, START + 2000);
	assert_true(change_runs(&change));
	assert_int_equal(change.cause, CAUSE_START);
	for (int i = 0; i < 20; i++)
		change_retry(&change, CAUSE_START, START);
	assert_int_equal(change.retry_at, START + 300 * 1000);
}

static void a_damaged_block_is_no_policy(void **state)
{
	int fd = message_seal("policy", "no block", 8);

	(void)state;
	change_compiling(&change, START);
	assert_true(change_switch(&change, fd, false, START) < 0);
	close(fd);
	assert_int_equal(change.state, CHANGE_COMPILING);
	assert_int_equal(change.next.number, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		CASE(rules_come_first),
		CASE(no_block_waits_for_a_journal_or_a_socket),
		CASE(a_role_that_was_started_anew_gets_what_is_in_force),
		CASE(a_start_goes_from_source_to_source),
		CASE(last_lists_come_before_the_last_policy),
		CASE(a_refusal_leaves_what_is_in_force),
		CASE(a_change_meanwhile_follows),
		CASE(two_deaths_of_a_role_refuse_the_policy),
		CASE(nothing_is_waited_for_without_end),
		CASE(without_rules_the_one_in_force_stays),
		CASE(tries_by_itself_grow_apart),
		CASE(a_damaged_block_is_no_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
