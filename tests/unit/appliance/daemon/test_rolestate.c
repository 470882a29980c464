/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/daemon/rolestate.h"

static const struct role_facts fine = { .running = true,
					.ready = true,
					.can_start = true,
					.work_ms = -1,
					.silent_ms = -1,
					.age_ms = 9000 };

#define WITH(...) ({ struct role_facts with = fine; __VA_ARGS__; with; })

static void is(struct role_facts facts, enum role_state state, int64_t since)
{
	int64_t found;

	assert_string_equal(role_state_print(role_state(&facts, &found)), role_state_print(state));
	assert_int_equal(found, since);
}

static void states_are_told_apart(void **state)
{
	(void)state;
	is(fine, ROLE_STATE_RUNNING, 9000);
	is(WITH(with.ready = false), ROLE_STATE_STARTING, 9000);
	is(WITH(with.ready = false; with.failures = 2), ROLE_STATE_RESTARTING, 0);
	is(WITH(with.running = with.ready = false), ROLE_STATE_RESTARTING, 0);
	is(WITH(with.running = with.ready = with.can_start = false), ROLE_STATE_WAITING, 0);
	is(WITH(with.work_ms = 4000), ROLE_STATE_BUSY, 4000);
	is(WITH(with.silent_ms = 4000), ROLE_STATE_SILENT, 4000);
	/* While it works on a policy nobody expects an answer. */
	is(WITH(with.work_ms = 4000; with.silent_ms = 4000), ROLE_STATE_BUSY, 4000);
	is(WITH(with.work_ms = 100; with.silent_ms = 100), ROLE_STATE_RUNNING, 9000);
}

static void deaths_are_forgotten(void **state)
{
	struct role_deaths deaths = { .count = 0 };

	(void)state;
	role_died(&deaths, false, 1000);
	role_died(&deaths, true, 2000);
	assert_int_equal(deaths.count, 2);
	assert_int_equal(deaths.for_memory, 1);
	role_lived(&deaths, 2000 + ROLE_WINDOW_MS - 1);
	assert_int_equal(deaths.count, 2);
	role_died(&deaths, false, 2000 + ROLE_WINDOW_MS);
	assert_int_equal(deaths.count, 1);
	assert_int_equal(deaths.for_memory, 0);
	role_lived(&deaths, 2000 + 2 * ROLE_WINDOW_MS);
	assert_int_equal(deaths.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_told_apart),
		cmocka_unit_test(deaths_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
