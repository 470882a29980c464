/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clocks that are wrong: the time of a run is fixed, and comes from the floor when the clock is
 * behind. */
#include "tests/attacks/forge.h"

#include <errno.h>

#include "rules/signed/freshness.h"

enum { BUILD = FORGE_NOW - 100 * FORGE_DAY };

/* What the daemon does with a clock: this is the time that a run gets. */
static int64_t now(const struct freshness *freshness, int64_t wall, int64_t uptime_ms)
{
	const struct clock_reading reading = { .wall = wall, .uptime_ms = uptime_ms };
	bool behind;

	return freshness_now(freshness, &reading, &behind);
}

/* An earlier run knew this time. */
static struct freshness known(int64_t when)
{
	json_t *kept = json_pack("{s:I, s:{}}", "floor", (json_int_t)when, "online");
	struct freshness freshness;

	freshness_init(&freshness, BUILD, kept, 0);
	json_decref(kept);
	return freshness;
}

static void attack_25_wakes_in_1970(void **state)
{
	struct forge *forge = *state;
	struct freshness freshness = known(FORGE_NOW);

	/* A list that had expired when the newest signature that is known was made. */
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
	const struct freshness_claim claim = { .published = FORGE_NOW - 100,
					       .signed_at = FORGE_NOW };
	const struct clock_reading reading = { .wall = FORGE_NOW };
	struct freshness freshness = known(BUILD);

	forge_expire(forge, "timestamp", FORGE_NOW + FORGE_DAY);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_true(freshness_learn(&freshness, &claim, &reading));
	/* Two days of uptime later the clock says that it is last year. */
	forge->options.now = now(&freshness, FORGE_NOW - 365 * FORGE_DAY, 2 * FORGE_DAY * 1000L);
	forge_refuses(forge, -ESTALE);
}

/* A clock that runs ahead refuses until it is set right, and leaves nothing behind. */
static void attack_25_runs_ahead(void **state)
{
	struct forge *forge = *state;
	struct freshness freshness = known(FORGE_NOW);

	forge->options.now = now(&freshness, FORGE_NOW + 3650 * (int64_t)FORGE_DAY, 1000);
	forge_refuses(forge, -ESTALE);
	forge->options.now = now(&freshness, FORGE_NOW + 60, 60000);
	forge_accepts(forge);
}

/*
 * The online key is stolen, and its thief signs a time 83 days ahead, just before people's first
 * expiry. People give another key: the honest timestamp, which expires in a week, has to be taken
 * then.
 */
static void attack_25_stolen_online_key_moves_time(void **state)
{
	struct forge *forge = *state;
	const struct forge_key *fresh = forge_p256(40);
	struct freshness_claim claim = { .published = FORGE_NOW - 20 * FORGE_DAY,
					 .signed_at = FORGE_NOW + 83 * (int64_t)FORGE_DAY,
					 .key = "thief" };
	const struct clock_reading reading = { .wall = 0 };
	struct freshness freshness = known(BUILD);

	for (int i = 0; i < 10; i++) {
		freshness_learn(&freshness, &claim, &reading);
		claim.signed_at += FORGE_DAY;
	}
	assert_true(now(&freshness, 0, 0) <= claim.published + FORGE_DAY);
	/* An appliance with a clock that is right: no timestamp makes it wrong. */
	forge->options.now = now(&freshness, FORGE_NOW, 0);
	assert_int_equal(forge->options.now, FORGE_NOW);
	forge_accepts(forge);
	forge_grant(forge, "timestamp", &fresh, 1, 1);
	forge_publish(forge, "root");
	forge_expire(forge, "timestamp", FORGE_NOW + 7 * FORGE_DAY);
	forge_publish(forge, "timestamp");
	freshness_withdraw(&freshness);
	forge->options.now = now(&freshness, 0, 0);
	assert_int_equal(forge->options.now, claim.published);
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
		FORGE_TEST(attack_25_stolen_online_key_moves_time),
		FORGE_TEST(attack_25_jumps_during_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
