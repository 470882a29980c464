/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clocks that are wrong: the time of a run is fixed, and comes from the floor when the clock is
 * behind. */
#include "tests/attacks/forge.h"

#include <errno.h>

#include "signed/freshness.h"

enum { BUILD = FORGE_NOW - 100 * FORGE_DAY };

/* What the daemon does with a clock: this is the time that a run gets. */
static int64_t now(const struct freshness *freshness, int64_t wall, int64_t uptime_ms)
{
	bool behind;

	return freshness_now(freshness, wall, uptime_ms, &behind);
}

static void attack_25_wakes_in_1970(void **state)
{
	struct forge *forge = *state;
	struct freshness freshness;

	/* A list that had expired when the newest signature that is known was made. */
	freshness_init(&freshness, BUILD, FORGE_NOW, 0);
	forge_expire(forge, "timestamp", FORGE_NOW - FORGE_DAY);
	forge_publish(forge, "timestamp");
	forge->options.now = now(&freshness, 0, 1000);
	assert_true(forge->options.now >= FORGE_NOW);
	forge_refuses(forge, -ESTALE);
	/* And one that is fresh is taken: 1970 bricks nothing. */
	forge_expire(forge, "timestamp", FORGE_NOW + FORGE_DAY);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
}

static void attack_25_set_back_behind_what_was_accepted(void **state)
{
	struct forge *forge = *state;
	struct freshness freshness;

	forge_expire(forge, "timestamp", FORGE_NOW + FORGE_DAY);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	freshness_init(&freshness, BUILD, 0, 0);
	freshness_learn(&freshness, FORGE_NOW, 0);
	/* Two days of uptime later the clock says that it is last year. */
	forge->options.now = now(&freshness, FORGE_NOW - 365 * FORGE_DAY, 2 * FORGE_DAY * 1000L);
	forge_refuses(forge, -ESTALE);
}

/* A clock that runs ahead refuses until it is set right, and leaves nothing behind. */
static void attack_25_runs_ahead(void **state)
{
	struct forge *forge = *state;
	struct freshness freshness;

	freshness_init(&freshness, BUILD, FORGE_NOW, 0);
	forge->options.now = now(&freshness, FORGE_NOW + 3650 * (int64_t)FORGE_DAY, 1000);
	forge_refuses(forge, -ESTALE);
	forge->options.now = now(&freshness, FORGE_NOW + 60, 60000);
	forge_accepts(forge);
}

/* The time is taken once: a source that takes a day to answer meets the time of the beginning. */
static struct client_options *running;

static int jump(struct forge *forge, const char *path, size_t limit, void **data, size_t *size)
{
	(void)path;
	(void)limit;
	(void)data;
	(void)size;
	running = &forge->options;
	running->now += FORGE_DAY;
	return 1;
}

static void attack_25_jumps_during_a_run(void **state)
{
	struct forge *forge = *state;

	forge_expire(forge, "targets", FORGE_NOW + FORGE_DAY);
	forge_publish_all(forge);
	forge->answer = jump;
	forge_accepts(forge);
	assert_true(running->now > FORGE_NOW + 3 * FORGE_DAY);
	assert_int_equal(forge_refresh(forge), -ESTALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(attack_25_wakes_in_1970),
		FORGE_TEST(attack_25_set_back_behind_what_was_accepted),
		FORGE_TEST(attack_25_runs_ahead),
		FORGE_TEST(attack_25_jumps_during_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
