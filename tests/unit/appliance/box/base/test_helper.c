/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/helper.h"

enum { SOON_MS = 300, LATE_MS = 20000, LIMIT = 100 };

/* What a child that says this, waits so long and ends with code, is to its parent. */
static int ask(const char *answer, int64_t wait_ms, int code, struct text *out)
{
	const int64_t end = clock_uptime_ms() + (wait_ms > SOON_MS ? SOON_MS : LATE_MS);
	const struct timespec pause = { .tv_sec = wait_ms / 1000,
					.tv_nsec = wait_ms % 1000 * 1000000 };
	int ends[2], finished;
	pid_t pid = helper_start(ends);

	if (pid == 0) {
		(void)!write(ends[1], answer, strlen(answer));
		nanosleep(&pause, NULL);
		_exit(code);
	}
	assert_true(pid > 0);
	helper_receive(ends[0], end, LIMIT, out);
	close(ends[0]);
	finished = helper_finish(pid, end);
	/* One that was not killed ends after LATE_MS. */
	if (finished < 0)
		(void)waitpid(pid, NULL, 0);
	return finished;
}

static void the_answer_is_whole(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_int_equal(ask("the answer", 0, 7, &out), 7);
	assert_string_equal(out.data, "the answer");
	text_release(&out);
}

static void no_answer_is_an_empty_one(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_int_equal(ask("", 0, 0, &out), 0);
	assert_int_equal(out.length, 0);
	text_release(&out);
}

static void an_answer_over_the_limit_is_none(void **state)
{
	struct text out = TEXT_EMPTY;
	char large[3 * LIMIT];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_int_equal(ask(large, 0, 0, &out), 0);
	assert_int_equal(out.length, 0);
	text_release(&out);
}

static void a_child_that_hangs_is_killed(void **state)
{
	const int64_t begin = clock_uptime_ms();
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_int_equal(ask("half an answer", LATE_MS, 0, &out), -1);
	assert_int_equal(out.length, 0);
	assert_true(clock_uptime_ms() - begin < LATE_MS / 2);
	text_release(&out);
}

static void a_child_that_a_signal_ends_has_no_exit_code(void **state)
{
	int ends[2];
	pid_t pid = helper_start(ends);

	(void)state;
	if (pid == 0) {
		raise(SIGKILL);
		_exit(0);
	}
	assert_true(pid > 0);
	close(ends[0]);
	assert_int_equal(helper_finish(pid, clock_uptime_ms() + LATE_MS), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_whole),
		cmocka_unit_test(no_answer_is_an_empty_one),
		cmocka_unit_test(an_answer_over_the_limit_is_none),
		cmocka_unit_test(a_child_that_hangs_is_killed),
		cmocka_unit_test(a_child_that_a_signal_ends_has_no_exit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
