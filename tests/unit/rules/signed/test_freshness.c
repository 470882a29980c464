/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sentences of signed/freshness.h, in their order. */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "rules/signed/freshness.h"

enum { BUILD = 1795000000, HOUR = 3600, DAY = 86400 };

static char key_a[METADATA_KEYID], key_b[METADATA_KEYID];

static int begin(void **state)
{
	(void)state;
	memset(key_a, 'a', sizeof(key_a) - 1);
	memset(key_b, 'b', sizeof(key_b) - 1);
	return 0;
}

/* A local clock that nobody keeps, seconds of uptime after the start. */
static struct clock_reading local(int64_t wall, int64_t uptime)
{
	return (struct clock_reading){ .wall = wall, .uptime_ms = uptime * 1000 };
}

static struct clock_reading ntp(int64_t wall, int64_t uptime)
{
	return (struct clock_reading){ .wall = wall, .uptime_ms = uptime * 1000,
				       .synchronized = true };
}

static struct freshness built(void)
{
	struct freshness freshness;

	freshness_init(&freshness, BUILD, NULL, 0);
	return freshness;
}

static bool learn(struct freshness *freshness, int64_t published, int64_t signed_at,
		  struct clock_reading reading)
{
	const struct freshness_claim claim = { .published = published, .signed_at = signed_at,
					       .key = key_a };

	return freshness_learn(freshness, &claim, &reading);
}

static int64_t now(const struct freshness *freshness, struct clock_reading reading)
{
	bool behind;

	return freshness_now(freshness, &reading, &behind);
}

static bool behind(const struct freshness *freshness, struct clock_reading reading)
{
	bool behind;

	(void)freshness_now(freshness, &reading, &behind);
	return behind;
}

/* A restart of the daemon, at this uptime. */
static struct freshness again(const struct freshness *freshness, int64_t before, int64_t after)
{
	json_t *kept = freshness_json(freshness, before * 1000);
	struct freshness back;

	assert_non_null(kept);
	freshness_init(&back, BUILD, kept, after * 1000);
	json_decref(kept);
	return back;
}

/* ---- the floor ---- */

static void the_floor_begins_at_the_build_and_goes_on_with_the_uptime(void **state)
{
	struct freshness freshness = built();

	(void)state;
	assert_int_equal(freshness_floor(&freshness, 0), BUILD);
	assert_int_equal(freshness_floor(&freshness, HOUR * 1000), BUILD + HOUR);
	assert_true(learn(&freshness, 0, BUILD + 2 * HOUR, local(0, HOUR)));
	assert_int_equal(freshness_floor(&freshness, HOUR * 1000), BUILD + 2 * HOUR);
	assert_int_equal(freshness_floor(&freshness, 3 * HOUR * 1000), BUILD + 4 * HOUR);
	assert_int_equal(freshness_people(&freshness, 3 * HOUR * 1000), BUILD + 3 * HOUR);
}

static void a_release_raises_the_peoples_floor_and_nothing_takes_it_back(void **state)
{
	struct freshness freshness = built();
	const int64_t published = BUILD + 50LL * DAY;

	(void)state;
	assert_true(learn(&freshness, published, published + HOUR, local(0, 10)));
	assert_int_equal(freshness_people(&freshness, 10000), published);
	freshness_withdraw(&freshness);
	assert_int_equal(freshness_floor(&freshness, 10000), published);
	learn(&freshness, published - DAY, published - DAY, local(0, 10));
	assert_int_equal(freshness_people(&freshness, 10000), published);
	freshness = again(&freshness, 10, 0);
	assert_int_equal(freshness_people(&freshness, 0), published);
}

static void a_start_to_come_counts_once_it_is_past_by_the_clock_of_ntp(void **state)
{
	struct freshness freshness = built();
	const int64_t published = BUILD + 5 * DAY;

	(void)state;
	/* Whatever the online key says. */
	learn(&freshness, published, published + HOUR, ntp(BUILD + DAY, 10));
	assert_int_equal(freshness_people(&freshness, 10000), BUILD + 10);
	learn(&freshness, published, published + HOUR, ntp(published, 4 * DAY));
	assert_int_equal(freshness_people(&freshness, 4 * DAY * 1000LL), published);
}

static void without_ntp_it_counts_with_a_timestamp_from_after_it(void **state)
{
	struct freshness freshness = built();
	const int64_t published = BUILD + 5 * DAY;

	(void)state;
	learn(&freshness, published, published - 1, local(0, 0));
	assert_int_equal(freshness_people(&freshness, 0), BUILD);
	learn(&freshness, published, 0, local(0, 0));
	assert_int_equal(freshness_people(&freshness, 0), BUILD);
	learn(&freshness, published, published, local(0, 0));
	assert_int_equal(freshness_people(&freshness, 0), published);
}

/* ---- the online key ---- */

static void with_ntp_the_online_key_raises_the_floor_up_to_that_clock(void **state)
{
	struct freshness freshness = built();

	(void)state;
	assert_true(learn(&freshness, 0, BUILD + 80LL * DAY, ntp(BUILD + 80LL * DAY + 60, 10)));
	assert_int_equal(freshness_floor(&freshness, 10000), BUILD + 80LL * DAY);
	/* A thief says what he likes. */
	learn(&freshness, 0, BUILD + 163LL * DAY, ntp(BUILD + 80LL * DAY + 60, 10));
	assert_int_equal(freshness_floor(&freshness, 10000), BUILD + 80LL * DAY + 60);
}

static void without_ntp_the_online_key_raises_it_by_a_day(void **state)
{
	struct freshness freshness = built();

	(void)state;
	assert_true(learn(&freshness, 0, BUILD + 83LL * DAY, local(0, 10)));
	assert_int_equal(freshness_floor(&freshness, 10000), BUILD + 10 + DAY);
}

static void many_timestamps_in_a_row_raise_it_no_further(void **state)
{
	struct freshness freshness = built();

	(void)state;
	for (int64_t i = 1; i <= 10; i++) {
		learn(&freshness, 0, BUILD + i * DAY, local(0, i * 360));
		/* A restart forgets nothing of it. */
		freshness = again(&freshness, i * 360, i * 360);
		assert_true(freshness_floor(&freshness, i * 360000) <= BUILD + i * 360 + DAY);
	}
	/* Small steps have one day together, too. */
	freshness = built();
	for (int64_t i = 1; i <= 200; i++)
		learn(&freshness, 0, BUILD + i * HOUR, local(0, i));
	assert_int_equal(freshness_floor(&freshness, 200000) - 200 - BUILD, DAY);
}

static void after_a_day_of_uptime_it_may_rise_again(void **state)
{
	struct freshness freshness = built();
	const int64_t far = BUILD + 83LL * DAY;

	(void)state;
	learn(&freshness, 0, far, local(0, 0));
	assert_false(learn(&freshness, 0, far, local(0, DAY - 1)));
	assert_true(learn(&freshness, 0, far, local(0, DAY)));
	assert_int_equal(freshness_floor(&freshness, DAY * 1000LL), BUILD + DAY + 2 * DAY);
	assert_false(learn(&freshness, 0, far, local(0, DAY + HOUR)));
}

static void people_who_caught_up_give_it_a_new_day(void **state)
{
	struct freshness freshness = built();
	const int64_t published = BUILD + 2 * DAY;

	(void)state;
	learn(&freshness, 0, BUILD + 83LL * DAY, local(0, 0));
	learn(&freshness, published, published + HOUR, local(0, 0));
	assert_int_equal(freshness_people(&freshness, 0), published);
	assert_int_equal(freshness_floor(&freshness, 0), published + HOUR);
}

static void withdrawing_its_key_takes_back_what_it_raised(void **state)
{
	struct freshness freshness = built();

	(void)state;
	learn(&freshness, 0, BUILD + DAY, local(0, 0));
	assert_string_equal(freshness.key, key_a);
	freshness = again(&freshness, 0, 0);
	assert_string_equal(freshness.key, key_a);
	freshness_withdraw(&freshness);
	assert_int_equal(freshness_floor(&freshness, 0), BUILD);
	assert_string_equal(freshness.key, "");
	/* The next one begins with a day of its own. */
	assert_true(learn(&freshness, 0, BUILD + HOUR, local(0, 0)));
	assert_int_equal(freshness_floor(&freshness, 0), BUILD + HOUR);
}

static void the_key_that_raised_it_last_is_kept(void **state)
{
	struct freshness freshness = built();
	struct freshness_claim claim = { .signed_at = BUILD + HOUR, .key = key_b };
	const struct clock_reading reading = local(0, 0);

	(void)state;
	learn(&freshness, 0, BUILD + 2 * HOUR, reading);
	assert_false(freshness_learn(&freshness, &claim, &reading));
	assert_string_equal(freshness.key, key_a);
	claim.signed_at = BUILD + 3 * HOUR;
	assert_true(freshness_learn(&freshness, &claim, &reading));
	assert_string_equal(freshness.key, key_b);
}

/* ---- the clock of NTP ---- */

static void it_goes_on_with_the_uptime_when_ntp_is_lost(void **state)
{
	struct freshness freshness = built();
	struct clock_reading reading = ntp(BUILD + 9 * DAY, 100);

	(void)state;
	freshness_see(&freshness, &reading);
	/* Also if the local clock is set meanwhile. */
	assert_int_equal(now(&freshness, local(BUILD + 400LL * DAY, 160)), BUILD + 9 * DAY + 60);
	learn(&freshness, 0, BUILD + 90LL * DAY, local(BUILD, 160));
	assert_int_equal(freshness_floor(&freshness, 160000), BUILD + 9 * DAY + 60);
	/* Until the daemon ends. */
	freshness_withdraw(&freshness);
	freshness = again(&freshness, 160, 160);
	assert_int_equal(now(&freshness, local(BUILD + 400LL * DAY, 160)), BUILD + 400LL * DAY);
}

static void it_raises_no_floor(void **state)
{
	struct freshness freshness = built();
	struct clock_reading reading = ntp(BUILD + 5000LL * DAY, 10);

	(void)state;
	freshness_see(&freshness, &reading);
	assert_int_equal(now(&freshness, reading), BUILD + 5000LL * DAY);
	learn(&freshness, BUILD + DAY, BUILD + DAY + 1, reading);
	assert_int_equal(freshness_floor(&freshness, 10000), BUILD + DAY + 1);
}

/* ---- now ---- */

static void a_clock_of_ntp_counts_unless_it_is_behind_the_people(void **state)
{
	struct freshness freshness = built();

	(void)state;
	assert_int_equal(now(&freshness, ntp(BUILD + DAY, 10)), BUILD + DAY);
	assert_false(behind(&freshness, ntp(BUILD + DAY, 10)));
	assert_int_equal(now(&freshness, ntp(BUILD - DAY, 10)), BUILD + 10);
	assert_true(behind(&freshness, ntp(BUILD - DAY, 10)));
}

static void the_online_floor_never_overrules_a_clock_of_ntp(void **state)
{
	struct freshness freshness = built();

	(void)state;
	learn(&freshness, 0, BUILD + DAY, local(0, 0));
	assert_int_equal(now(&freshness, ntp(BUILD + HOUR, 0)), BUILD + HOUR);
	assert_false(behind(&freshness, ntp(BUILD + HOUR, 0)));
}

static void a_local_clock_counts_unless_it_is_behind_the_floor(void **state)
{
	struct freshness freshness = built();

	(void)state;
	learn(&freshness, 0, BUILD + DAY, local(0, 0));
	assert_int_equal(now(&freshness, local(BUILD + 2 * DAY, 0)), BUILD + 2 * DAY);
	assert_false(behind(&freshness, local(BUILD + 2 * DAY, 0)));
	assert_int_equal(now(&freshness, local(BUILD + HOUR, 60)), BUILD + DAY + 60);
	assert_true(behind(&freshness, local(BUILD + HOUR, 60)));
}

/* A clock set to 2040 refuses until it is right again, and leaves nothing behind. */
/* A correction by a second after a signature was accepted: no clock that is not set. */
static void a_clock_that_was_corrected_is_not_behind(void **state)
{
	struct freshness freshness = built();

	(void)state;
	assert_false(behind(&freshness, local(BUILD + 10 - FRESHNESS_JITTER_S, 10)));
	assert_int_equal(now(&freshness, local(BUILD + 9, 10)), BUILD + 10);
	assert_true(behind(&freshness, local(BUILD + 9 - FRESHNESS_JITTER_S, 10)));
}

static void a_clock_that_runs_ahead_leaves_nothing_behind(void **state)
{
	struct freshness freshness = built();
	const int64_t ahead = BUILD + 5000LL * DAY;

	(void)state;
	assert_int_equal(now(&freshness, local(ahead, 1)), ahead);
	assert_int_equal(now(&freshness, local(BUILD + HOUR, 2)), BUILD + HOUR);
	assert_int_equal(freshness_floor(&freshness, 2000), BUILD + 2);
}

/* ---- an appliance that was off for 80 days and wakes in 1970 ---- */

static void it_begins_at_the_newest_release_and_a_day_and_catches_up(void **state)
{
	struct freshness freshness = built(), other;
	const int64_t today = BUILD + 80LL * DAY, published = today - 9 * DAY;

	(void)state;
	learn(&freshness, published, today, local(60, 60));
	assert_int_equal(now(&freshness, local(60, 60)), published + DAY);
	other = freshness;
	assert_int_equal(now(&other, ntp(today, 120)), today);
	for (int64_t day = 1; day <= 8; day++)
		learn(&freshness, published, today + day * DAY, local(0, 60 + day * DAY));
	assert_int_equal(now(&freshness, local(0, 60 + 8 * DAY)), today + 8 * DAY);
}

/* ---- what is kept ---- */

static void what_is_kept_comes_back_and_nonsense_does_not(void **state)
{
	static const char *const nonsense[] = {
		"{}", "[]", "{\"floor\": 1900000000}", "{\"floor\": -5, \"online\": {}}",
		"{\"floor\": \"x\", \"online\": {\"floor\": -1, \"key\": 7, \"risen\": -9}}",
		"{\"floor\": 99999999999999, \"online\": {\"floor\": 99999999999999}}",
	};
	struct freshness freshness = built();

	(void)state;
	learn(&freshness, BUILD + HOUR, BUILD + DAY, local(0, 0));
	freshness = again(&freshness, HOUR, 5);
	assert_int_equal(freshness_people(&freshness, 5000), BUILD + 2 * HOUR);
	assert_int_equal(freshness_floor(&freshness, 5000), BUILD + DAY + HOUR);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		json_t *kept = json_loads(nonsense[i], 0, NULL);

		assert_non_null(kept);
		freshness_init(&freshness, BUILD, kept, 5000);
		assert_int_equal(freshness_floor(&freshness, 5000), BUILD);
		json_decref(kept);
	}
}

/* ---- the newest timestamp ---- */

static void states(void **state)
{
	(void)state;
	assert_int_equal(freshness_judge(BUILD, 0, 0, DAY), FRESHNESS_NONE);
	assert_int_equal(freshness_judge(BUILD + HOUR, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_FRESH);
	assert_int_equal(freshness_judge(BUILD + DAY - 1, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_FRESH);
	assert_int_equal(freshness_judge(BUILD + DAY, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_STALE);
	assert_int_equal(freshness_judge(BUILD + 7 * DAY, BUILD, BUILD + 7 * DAY, DAY),
			 FRESHNESS_REFUSED);
	/* A publisher that signs no time cannot be called fresh. */
	assert_int_equal(freshness_judge(BUILD, 0, BUILD + 7 * DAY, DAY), FRESHNESS_STALE);
	assert_string_equal(freshness_print(FRESHNESS_REFUSED), "refused");
}

static void what_was_signed_in_the_future_is_not_fresh(void **state)
{
	(void)state;
	/* Clocks differ by minutes. */
	assert_int_equal(freshness_judge(BUILD, BUILD + 300, BUILD + 7 * DAY, DAY),
			 FRESHNESS_FRESH);
	assert_int_equal(freshness_judge(BUILD, BUILD + 301, BUILD + 7 * DAY, DAY),
			 FRESHNESS_AHEAD);
	assert_int_equal(freshness_judge(BUILD, BUILD + 83 * DAY, BUILD + 90 * DAY, DAY),
			 FRESHNESS_AHEAD);
	assert_string_equal(freshness_print(FRESHNESS_AHEAD), "ahead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_floor_begins_at_the_build_and_goes_on_with_the_uptime),
		cmocka_unit_test(a_release_raises_the_peoples_floor_and_nothing_takes_it_back),
		cmocka_unit_test(a_start_to_come_counts_once_it_is_past_by_the_clock_of_ntp),
		cmocka_unit_test(without_ntp_it_counts_with_a_timestamp_from_after_it),
		cmocka_unit_test(with_ntp_the_online_key_raises_the_floor_up_to_that_clock),
		cmocka_unit_test(without_ntp_the_online_key_raises_it_by_a_day),
		cmocka_unit_test(many_timestamps_in_a_row_raise_it_no_further),
		cmocka_unit_test(after_a_day_of_uptime_it_may_rise_again),
		cmocka_unit_test(people_who_caught_up_give_it_a_new_day),
		cmocka_unit_test(withdrawing_its_key_takes_back_what_it_raised),
		cmocka_unit_test(the_key_that_raised_it_last_is_kept),
		cmocka_unit_test(it_goes_on_with_the_uptime_when_ntp_is_lost),
		cmocka_unit_test(it_raises_no_floor),
		cmocka_unit_test(a_clock_of_ntp_counts_unless_it_is_behind_the_people),
		cmocka_unit_test(the_online_floor_never_overrules_a_clock_of_ntp),
		cmocka_unit_test(a_local_clock_counts_unless_it_is_behind_the_floor),
		cmocka_unit_test(a_clock_that_was_corrected_is_not_behind),
		cmocka_unit_test(a_clock_that_runs_ahead_leaves_nothing_behind),
		cmocka_unit_test(it_begins_at_the_newest_release_and_a_day_and_catches_up),
		cmocka_unit_test(what_is_kept_comes_back_and_nonsense_does_not),
		cmocka_unit_test(states),
		cmocka_unit_test(what_was_signed_in_the_future_is_not_fresh),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
