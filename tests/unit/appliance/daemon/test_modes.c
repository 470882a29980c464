/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/daemon/modes.h"

/* The floor is what a box that woke in 1970 goes by: the day of its build. */
enum { FLOOR = 1790000000, REAL = 1800000000, HOUR = 3600, DAY = 86400 };

static char path[] = "/tmp/modes-XXXXXX";
static int folder;
static struct diag diag;

static struct mode_clock unset(const char *boot, int64_t uptime)
{
	struct mode_clock clock = { .now = FLOOR + uptime, .uptime = uptime };

	strcpy(clock.boot, boot);
	return clock;
}

static struct mode_clock set(const char *boot, int64_t uptime)
{
	struct mode_clock clock = { .now = REAL + uptime, .uptime = uptime, .set = true };

	strcpy(clock.boot, boot);
	return clock;
}

static struct mode_record monitor(const struct mode_clock *clock, int64_t seconds)
{
	return (struct mode_record){ .mode = MODE_MONITOR, .since = clock->now,
				     .until = clock->now + seconds, .reason = "r", .by = "b" };
}

static int64_t left(const struct mode_record *record, const struct mode_clock *now)
{
	return record->until - now->now;
}

static void test_clock_is_set(void **state)
{
	struct mode_clock clock = unset("a", 20), now = unset("a", 50);
	struct mode_record record = monitor(&clock, 14 * DAY);

	(void)state;
	assert_false(mode_move(&record, &clock, &now));
	assert_int_equal(left(&record, &now), 14 * DAY - 30);
	now = set("a", 60);
	assert_true(mode_move(&record, &clock, &now));
	assert_false(mode_ended(&record, now.now));
	assert_int_equal(left(&record, &now), 14 * DAY - 40);
	now = set("a", 120);
	assert_false(mode_move(&record, &clock, &now));
	assert_int_equal(left(&record, &now), 14 * DAY - 100);
	now.now += 14 * DAY;
	assert_false(mode_move(&record, &clock, &now));
	assert_true(mode_ended(&record, now.now));
}

/* A verified signature moves the floor. */
static void test_floor_moves(void **state)
{
	struct mode_clock clock = unset("a", 20), now = unset("a", 50);
	struct mode_record record = monitor(&clock, HOUR);

	(void)state;
	now.now += 30 * DAY;
	assert_true(mode_move(&record, &clock, &now));
	assert_int_equal(left(&record, &now), HOUR - 30);
}

/* Many small steps are no step, and nothing of them is lost. */
static void test_rounding(void **state)
{
	struct mode_clock clock = unset("a", 0), now;
	struct mode_record record = monitor(&clock, HOUR);

	(void)state;
	for (int64_t uptime = 1; uptime <= HOUR; uptime++) {
		now = unset("a", uptime);
		now.now += uptime % 2;
		assert_false(mode_ended(&record, now.now - 1));
		assert_false(mode_move(&record, &clock, &now));
	}
	assert_true(mode_ended(&record, now.now));
}

static void test_other_boot(void **state)
{
	struct mode_clock clock = set("a", 1000), now = unset("b", 10);
	struct mode_record record = monitor(&clock, DAY);

	(void)state;
	/* It wakes in 1970, a while after the last save. */
	now = set("a", 1000 + HOUR);
	assert_false(mode_move(&record, &clock, &now));
	now = unset("b", 10);
	assert_true(mode_move(&record, &clock, &now));
	assert_false(mode_ended(&record, now.now));
	assert_int_equal(left(&record, &now), DAY - HOUR);
	now = set("b", 110);
	now.now += 30 * DAY;
	assert_true(mode_move(&record, &clock, &now));
	assert_int_equal(left(&record, &now), DAY - HOUR - 100);
	/* Where both clocks are set the time in which it was off counts. */
	now = set("c", 10);
	now.now += 40 * DAY;
	assert_false(mode_move(&record, &clock, &now));
	assert_true(mode_ended(&record, now.now));
}

static void test_set_back(void **state)
{
	struct mode_clock clock = set("a", 10), now = set("a", 20);
	struct mode_record record = monitor(&clock, DAY);

	(void)state;
	now.now -= DAY;
	assert_false(mode_move(&record, &clock, &now));
	assert_true(mode_ended(&record, now.now));
}

static void test_enforce_stays(void **state)
{
	struct mode_record record = { .mode = MODE_ENFORCE, .since = FLOOR };
	struct mode_clock clock = unset("a", 20), now = set("a", 30);

	(void)state;
	assert_false(mode_move(&record, &clock, &now));
	assert_int_equal(record.since, FLOOR);
	assert_false(mode_ended(&record, 0));
	assert_int_equal(clock.now, now.now);
}

/* ---- the file ---- */

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/modes-XXXXXX");
	assert_non_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder >= 0);
	diag_init(&diag);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlinkat(folder, "mode", 0);
	unlinkat(folder, "mode.damaged", 0);
	unlinkat(folder, "first-start", 0);
	close(folder);
	return rmdir(path);
}

static void load(struct mode_record *record, struct mode_clock *clock, int from, struct diag *into)
{
	assert_int_equal(mode_load(record, clock, from, into), 0);
}

/* With no descriptor left the mode was "damaged", became another one, and its file was removed. */
static void test_cannot_be_read_now(void **state)
{
	struct mode_clock clock = unset("a", 20), read;
	struct mode_record record = monitor(&clock, HOUR), loaded;
	struct rlimit limit, none;

	(void)state;
	assert_int_equal(mode_save(&record, &clock, folder), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(mode_load(&loaded, &read, folder, &diag), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(diag.count, 0);
	load(&loaded, &read, folder, &diag);
	assert_int_equal(loaded.mode, MODE_MONITOR);
}

static void test_damaged_is_set_aside(void **state)
{
	struct mode_clock read;
	struct mode_record loaded;

	(void)state;
	assert_int_equal(file_replace(folder, "mode", "{\"mode\":", 8, 0600), 0);
	load(&loaded, &read, folder, &diag);
	assert_int_equal(loaded.mode, MODE_ENFORCE);
	assert_int_equal(diag.count, 1);
	assert_int_equal(faccessat(folder, "mode", F_OK, 0), -1);
	assert_int_equal(faccessat(folder, "mode.damaged", F_OK, 0), 0);
}

static void test_saved(void **state)
{
	struct mode_clock clock = unset("a", 20), read, now = set("a", 500);
	struct mode_record record = monitor(&clock, HOUR), loaded;

	(void)state;
	assert_int_equal(mode_save(&record, &clock, folder), 0);
	load(&loaded, &read, folder, &diag);
	assert_int_equal(diag.count, 0);
	assert_int_equal(loaded.until, record.until);
	assert_int_equal(read.now, clock.now);
	assert_int_equal(read.uptime, 20);
	assert_false(read.set);
	assert_string_equal(read.boot, "a");
	/* Started again after the clock was set. */
	assert_true(mode_move(&loaded, &read, &now));
	assert_int_equal(left(&loaded, &now), HOUR - 480);
	record.mode = MODE_ENFORCE;
	assert_int_equal(mode_save(&record, &clock, folder), 0);
	load(&loaded, &read, folder, &diag);
	assert_int_equal(loaded.mode, MODE_ENFORCE);
	assert_int_equal(read.now, 0);
}

static void test_of_an_older_version(void **state)
{
	static const char text[] =
		"{\"mode\":\"monitor\",\"since\":1800000000,\"until\":1800003600,"
		"\"categories\":0,\"reason\":\"r\",\"by\":\"b\"}";
	struct mode_clock clock, now = unset("b", 10);
	struct mode_record record;

	(void)state;
	assert_int_equal(file_replace(folder, "mode", text, strlen(text), 0600), 0);
	load(&record, &clock, folder, &diag);
	assert_int_equal(diag.count, 0);
	assert_int_equal(record.mode, MODE_MONITOR);
	assert_false(mode_move(&record, &clock, &now));
	assert_true(mode_ended(&record, now.now));
	assert_int_equal(file_replace(folder, "mode", "{", 1, 0600), 0);
	load(&record, &clock, folder, &diag);
	assert_int_equal(diag.count, 1);
	assert_int_equal(record.mode, MODE_ENFORCE);
}

static void test_first_start(void **state)
{
	struct settings settings;
	struct mode_record record = { .mode = MODE_ENFORCE };
	struct mode_clock clock = unset("a", 20), now = set("a", 60);

	(void)state;
	settings_init(&settings);
	settings.monitor_first = 14 * DAY;
	assert_true(mode_first_start(&record, &settings, folder, clock.now));
	assert_int_equal(record.mode, MODE_MONITOR);
	assert_true(mode_move(&record, &clock, &now));
	assert_int_equal(left(&record, &now), 14 * DAY - 40);
	record = (struct mode_record){ .mode = MODE_ENFORCE };
	assert_false(mode_first_start(&record, &settings, folder, clock.now));
	assert_int_equal(record.mode, MODE_ENFORCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_is_set),
		cmocka_unit_test(test_floor_moves),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_other_boot),
		cmocka_unit_test(test_set_back),
		cmocka_unit_test(test_enforce_stays),
		cmocka_unit_test_setup_teardown(test_cannot_be_read_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_is_set_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_an_older_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_start, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
