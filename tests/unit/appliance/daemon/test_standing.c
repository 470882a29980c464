/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <fcntl.h>
#include <unistd.h>

#include "appliance/daemon/standing.h"

/* Which mode stands: asked for, in force, waiting, put back. The state folder is a fresh one. */

enum { NOW = 1800000000 };

static struct daemon home;
static struct standing standing;
static char path[32];

static struct mode_clock at(int64_t now, int64_t uptime)
{
	return (struct mode_clock){ .now = now, .uptime = uptime, .set = true, .boot = "boot" };
}

static int begin(void **state)
{
	const struct mode_clock clock = at(NOW, 100);

	(void)state;
	strcpy(path, "/tmp/standing-XXXXXX");
	assert_non_null(mkdtemp(path));
	home = (struct daemon){ .state_path = path,
				.state = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	settings_init(&home.settings);
	standing_init(&standing, &home, &clock);
	return home.state < 0;
}

static int finish(void **state)
{
	char command[64];

	(void)state;
	close(home.state);
	snprintf(command, sizeof(command), "rm -r %s", path);
	return system(command);
}

static struct mode_record monitor(int64_t until)
{
	struct mode_record record = { .mode = MODE_MONITOR, .since = NOW, .until = until };

	strcpy(record.reason, "a test");
	strcpy(record.by, "tester");
	return record;
}

static void a_mode_that_was_asked_for_is_kept(void **state)
{
	const struct mode_record record = monitor(NOW + 3600);
	const struct mode_clock later = at(NOW + 10, 110);
	struct standing again;
	struct diag diag;

	(void)state;
	diag_init(&diag);
	standing_put(&standing, &record);
	assert_int_equal(standing_keep(&standing), 0);
	standing_init(&again, &home, &later);
	assert_int_equal(standing_load(&again, &later, false, &diag), 0);
	assert_int_equal(again.mode.mode, MODE_MONITOR);
	assert_int_equal(again.mode.until, NOW + 3600);
	assert_false(again.waits);
}

static void one_that_is_read_late_waits(void **state)
{
	const struct mode_record record = monitor(NOW + 3600);
	const struct mode_clock later = at(NOW + 10, 110);
	struct diag diag;

	(void)state;
	diag_init(&diag);
	standing_put(&standing, &record);
	assert_int_equal(standing_keep(&standing), 0);
	assert_int_equal(standing_load(&standing, &later, true, &diag), 0);
	assert_int_equal(standing.mode.mode, MODE_ENFORCE);
	assert_true(standing.waits);
	standing_try(&standing);
	assert_int_equal(standing.mode.mode, MODE_MONITOR);
	assert_false(standing.waits);
	/* The try fails: it waits again. */
	standing_put_back(&standing, false);
	assert_int_equal(standing.mode.mode, MODE_ENFORCE);
	assert_true(standing.waits);
}

static void a_mode_that_cannot_come_into_force_is_put_back(void **state)
{
	const struct mode_record record = monitor(NOW + 3600);

	(void)state;
	standing_put(&standing, &record);
	standing_put_back(&standing, true);
	assert_int_equal(standing.mode.mode, MODE_ENFORCE);
	assert_false(standing.waits);
	standing_settle(&standing);
	assert_false(standing.took_waiting);
}

static void the_last_policy_enforces(void **state)
{
	const struct mode_record record = monitor(NOW + 3600);

	(void)state;
	standing_enforce(&standing);
	assert_false(standing.waits);
	standing_put(&standing, &record);
	standing_enforce(&standing);
	assert_int_equal(standing.mode.mode, MODE_ENFORCE);
	assert_true(standing.waits);
	assert_int_equal(standing.waiting.mode, MODE_MONITOR);
}

static void a_mode_ends_by_itself_and_not_before(void **state)
{
	const struct mode_record record = monitor(NOW + 60);

	(void)state;
	standing_put(&standing, &record);
	assert_false(standing_expire(&standing, NOW + 59));
	assert_int_equal(standing.mode.mode, MODE_MONITOR);
	assert_true(standing_expire(&standing, NOW + 60));
	assert_int_equal(standing.mode.mode, MODE_ENFORCE);
	assert_false(standing_expire(&standing, NOW + 61));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		CASE(a_mode_that_was_asked_for_is_kept),
		CASE(one_that_is_read_late_waits),
		CASE(a_mode_that_cannot_come_into_force_is_put_back),
		CASE(the_last_policy_enforces),
		CASE(a_mode_ends_by_itself_and_not_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
