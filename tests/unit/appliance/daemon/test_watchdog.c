/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "appliance/daemon/watchdog.h"

enum { START = 5000, MINUTE = 60 * 1000 };

static const struct watchdog_signs well = { .in_force = true, .dns = START, .rules = START };

static void test_complaint(void **state)
{
	struct watchdog_signs signs = well;

	(void)state;
	assert_null(watchdog_complaint(&signs, START));
	assert_null(watchdog_complaint(&signs, START + WATCHDOG_ANSWER_MS));
	assert_string_equal(watchdog_complaint(&signs, START + WATCHDOG_ANSWER_MS + 1),
			    "the dns role does not answer");
	signs.dns += MINUTE;
	assert_string_equal(watchdog_complaint(&signs, START + MINUTE),
			    "the rules role does not answer");
	signs.rules = 0;	/* started anew, and not heard yet */
	assert_string_equal(watchdog_complaint(&signs, START + MINUTE),
			    "the rules role does not answer");
	signs = well;
	signs.in_force = false;
	assert_string_equal(watchdog_complaint(&signs, START), "no policy is in force");
}

static void test_grace(void **state)
{
	struct watchdog watchdog = { .grace_end = watchdog_grace(0, START) };
	const int64_t end = START + WATCHDOG_GRACE_MS;

	(void)state;
	assert_true(watchdog_judge(&watchdog, "no policy is in force", START));
	assert_true(watchdog_judge(&watchdog, "no policy is in force", end - 1));
	assert_false(watchdog_judge(&watchdog, "no policy is in force", end));
	assert_string_equal(watchdog.complaint, "no policy is in force");
	assert_true(watchdog_judge(&watchdog, NULL, end + MINUTE));
	assert_null(watchdog.complaint);
}

/* A daemon that is started again and again gets one grace, not one each time. */
static void test_grace_is_kept(void **state)
{
	(void)state;
	assert_int_equal(watchdog_grace(START, START + MINUTE), START + WATCHDOG_GRACE_MS);
	/* Kept by another boot, or damaged. */
	assert_int_equal(watchdog_grace(START + 1, START), START + WATCHDOG_GRACE_MS);
	assert_int_equal(watchdog_grace(-7, START), START + WATCHDOG_GRACE_MS);
}

static void test_patience(void **state)
{
	struct watchdog watchdog = { .grace_end = START };

	(void)state;
	assert_true(watchdog_judge(&watchdog, NULL, START));
	assert_true(watchdog_judge(&watchdog, "x", START + WATCHDOG_PATIENCE_MS - 1));
	assert_false(watchdog_judge(&watchdog, "x", START + WATCHDOG_PATIENCE_MS));
	assert_false(watchdog_judge(&watchdog, "y", START + MINUTE));
	/* It mended, and the patience begins anew. */
	assert_true(watchdog_judge(&watchdog, NULL, START + MINUTE));
	assert_true(watchdog_judge(&watchdog, "x", START + MINUTE + WATCHDOG_PATIENCE_MS - 1));
	assert_false(watchdog_judge(&watchdog, "x", START + MINUTE + WATCHDOG_PATIENCE_MS));
}

/* ---- the device: another one that takes any byte ---- */

static char folder[] = "/tmp/watchdog-XXXXXX";
static int run;

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/watchdog-XXXXXX");
	assert_non_null(mkdtemp(folder));
	run = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(run >= 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlinkat(run, "unready", 0);
	close(run);
	return rmdir(folder);
}

static bool unready(void)
{
	return faccessat(run, "unready", F_OK, 0) == 0;
}

static void test_device(void **state)
{
	struct watchdog watchdog;

	(void)state;
	watchdog_init(&watchdog, "/dev/null", run, START);
	assert_true(watchdog.fed && watchdog.fd >= 0);
	assert_int_equal(watchdog.timeout, 0);
	assert_true(unready());
	watchdog_tick(&watchdog, &well, START + 1);
	assert_true(watchdog.fed);
	assert_false(unready());
	watchdog_tick(&watchdog, &well, START + WATCHDOG_ANSWER_MS + 1);
	assert_true(watchdog.fed);
	assert_non_null(watchdog.complaint);
	watchdog_tick(&watchdog, &well, START + WATCHDOG_GRACE_MS);
	assert_false(watchdog.fed);
	watchdog_leave(&watchdog, false);
	close(watchdog.fd);
}

/* A daemon that dies before it did its job does not feed by being started. */
static void test_started_again(void **state)
{
	struct watchdog watchdog;

	(void)state;
	for (int64_t now = START; now < START + WATCHDOG_GRACE_MS; now += MINUTE) {
		watchdog_init(&watchdog, "/dev/null", run, now);
		assert_true(watchdog.fed);
		close(watchdog.fd);
	}
	watchdog_init(&watchdog, "/dev/null", run, START + WATCHDOG_GRACE_MS);
	assert_false(watchdog.fed);
	assert_int_equal(watchdog.fd, -1);
	/* Until it does its job. */
	watchdog_tick(&watchdog, &well, START + 1);
	assert_true(watchdog.fed);
	assert_false(unready());
	close(watchdog.fd);
}

static void test_no_device(void **state)
{
	struct watchdog watchdog;

	(void)state;
	watchdog_init(&watchdog, "", run, START);
	watchdog_tick(&watchdog, &well, START);
	assert_false(watchdog.fed || unready());
	watchdog_init(&watchdog, "/dev/no-such-device", run, START);
	assert_int_equal(watchdog.error, -ENOENT);
	watchdog_tick(&watchdog, &well, START);
	assert_false(watchdog.fed);
	watchdog_init(&watchdog, folder, run, START);
	assert_int_not_equal(watchdog.error, 0);
	watchdog_leave(&watchdog, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complaint),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_grace_is_kept),
		cmocka_unit_test(test_patience),
		cmocka_unit_test_setup_teardown(test_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_started_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_device, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
