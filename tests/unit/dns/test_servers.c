/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "dns/servers.h"

static struct servers servers;
static struct endpoint at[3];
static uint8_t asked[3];

static int reset(void **state)
{
	(void)state;
	memset(&servers, 0, sizeof(servers));
	memset(asked, 0, sizeof(asked));
	for (uint8_t i = 0; i < 3; i++) {
		at[i] = (struct endpoint){ sample_addr("192.0.2.1"), 53 };
		at[i].addr.bytes[15] = (uint8_t)(i + 1);
	}
	return 0;
}

/* The first that would be asked at that time. */
static size_t first(int64_t now)
{
	const uint8_t none[3] = { 0 };

	return servers_next(&servers, at, none, 3, now);
}

static void in_order_each_once_before_any_twice(void **state)
{
	(void)state;
	for (unsigned int turn = 0; turn < 6; turn++) {
		size_t next = servers_next(&servers, at, asked, 3, 0);

		assert_int_equal(next, turn % 3);
		asked[next]++;
	}
	asked[0] = asked[2] = SERVERS_DONE;
	assert_int_equal(servers_next(&servers, at, asked, 3, 0), 1);
	asked[1] = SERVERS_DONE;
	assert_int_equal(servers_next(&servers, at, asked, 3, 0), 3);
	assert_int_equal(servers_next(&servers, at, asked, 0, 0), 0);
}

static void a_silent_one_rests_and_is_tried_by_one(void **state)
{
	int64_t end = 1000 + SERVERS_REST_MS;

	(void)state;
	servers_failed(&servers, &at[0], SERVERS_SILENT, 1000);
	assert_int_equal(first(1000), 1);
	assert_int_equal(first(end - 1), 1);
	/* One question tries it; the next ones go elsewhere until it is known. */
	assert_int_equal(first(end), 0);
	assert_int_equal(first(end + 1), 1);
	servers_answered(&servers, &at[0], end + 2);
	assert_int_equal(first(end + 2), 0);
}

static void it_rests_for_longer_each_time(void **state)
{
	int64_t now = 1000, rest = SERVERS_REST_MS;

	(void)state;
	servers_failed(&servers, &at[0], SERVERS_SILENT, now);
	for (unsigned int i = 0; i < 12; i++) {
		/* Many that were under way fail together: once. */
		servers_failed(&servers, &at[0], SERVERS_SILENT, now + 1);
		assert_int_equal(first(now + rest - 1), 1);
		now += rest;
		assert_int_equal(first(now), 0);
		servers_failed(&servers, &at[0], SERVERS_SILENT, now);
		rest = 2 * rest < SERVERS_REST_MAX_MS ? 2 * rest : SERVERS_REST_MAX_MS;
	}
}

/* One name that fails at one of them says little. */
static void errors_count_when_they_repeat(void **state)
{
	(void)state;
	servers_failed(&servers, &at[0], SERVERS_ERRED, 0);
	servers_failed(&servers, &at[0], SERVERS_ERRED, 0);
	assert_int_equal(first(0), 0);
	servers_answered(&servers, &at[0], 0);
	servers_failed(&servers, &at[0], SERVERS_ERRED, 0);
	servers_failed(&servers, &at[0], SERVERS_ERRED, 0);
	assert_int_equal(first(0), 0);
	servers_failed(&servers, &at[0], SERVERS_ERRED, 0);
	assert_int_equal(first(0), 1);
}

static void when_all_rest_they_are_asked_even_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		servers_failed(&servers, &at[i], SERVERS_SILENT, 0);
	assert_int_equal(first(1), 0);
	asked[0] = 1;
	assert_int_equal(servers_next(&servers, at, asked, 3, 1), 1);
}

/* Ports apart; and a flood of others pushes out nothing but itself and what is unused. */
static void places(void **state)
{
	struct endpoint other = at[0], many = at[0];

	(void)state;
	other.port = 5353;
	servers_at(&servers, &at[0], 0)->no_tcp = 7;
	assert_int_equal(servers_at(&servers, &other, 0)->no_tcp, 0);
	for (int64_t i = 0; i < 100000; i++) {
		many.addr.bytes[12] = (uint8_t)(i >> 16);
		many.addr.bytes[13] = (uint8_t)(i >> 8);
		many.addr.bytes[14] = (uint8_t)i;
		servers_at(&servers, &many, 2 * i);
		assert_int_equal(servers_at(&servers, &at[0], 2 * i + 1)->no_tcp, 7);
	}
}

#define fresh(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(in_order_each_once_before_any_twice),
		fresh(a_silent_one_rests_and_is_tried_by_one),
		fresh(it_rests_for_longer_each_time),
		fresh(errors_count_when_they_repeat),
		fresh(when_all_rest_they_are_asked_even_so),
		fresh(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
