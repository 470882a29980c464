/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/journal/fallback.h"

static struct fallback *fresh(void)
{
	void *memory = calloc(1, fallback_size());

	assert_non_null(memory);
	return fallback_init(memory, 99);
}

static bool asks(struct fallback *fallback, const char *client, const char *resolver, int64_t at)
{
	const struct event event = { .channel = CHANNEL_DNS, .client = sample_addr(client),
				     .has_resolver = true, .resolver = sample_addr(resolver),
				     .uptime_ms = at, .count = 1 };

	return fallback_event(fallback, &event, true);
}

static void two_in_order_within_a_minute(void **state)
{
	struct fallback *fallback = fresh();

	(void)state;
	assert_false(asks(fallback, "10.0.0.5", "8.8.8.8", 0));
	assert_false(asks(fallback, "10.0.0.5", "8.8.8.8", 10));	/* AAAA */
	assert_true(asks(fallback, "10.0.0.5", "1.1.1.1", 5000));
	assert_false(asks(fallback, "10.0.0.5", "223.6.6.6", 10000));	/* once per hour */
	assert_false(asks(fallback, "10.0.0.6", "1.1.1.1", 10000));
	assert_true(asks(fallback, "10.0.0.6", "185.228.168.168", 10000 + FALLBACK_WINDOW_MS));
	assert_false(asks(fallback, "10.0.0.7", "8.8.8.8", 0));
	assert_false(asks(fallback, "10.0.0.7", "1.1.1.1", FALLBACK_WINDOW_MS + 1));
	free(fallback);
}

static void again_after_an_hour(void **state)
{
	struct fallback *fallback = fresh();
	const int64_t later = FALLBACK_AGAIN_MS + 5000;

	(void)state;
	assert_false(asks(fallback, "2001:db8::5", "8.8.8.8", 0));
	assert_true(asks(fallback, "2001:db8::5", "9.9.9.9", 5000));
	assert_false(asks(fallback, "2001:db8::5", "8.8.8.8", later - 2));
	assert_false(asks(fallback, "2001:db8::5", "1.1.1.1", later - 1));
	assert_true(asks(fallback, "2001:db8::5", "223.6.6.6", later));
	free(fallback);
}

static void another_order_or_another_name_is_nothing(void **state)
{
	struct fallback *fallback = fresh();
	struct event event = { .channel = CHANNEL_DNS, .client = sample_addr("10.0.0.5"),
			       .has_resolver = true };

	(void)state;
	assert_false(asks(fallback, "10.0.0.5", "9.9.9.9", 0));
	assert_false(asks(fallback, "10.0.0.5", "1.1.1.1", 1));
	assert_false(asks(fallback, "10.0.0.5", "8.8.8.8", 2));
	assert_false(asks(fallback, "10.0.0.5", "8.8.4.4", 3));
	event.resolver = sample_addr("1.1.1.1");
	event.uptime_ms = 4;
	assert_false(fallback_event(fallback, &event, false));
	event.channel = CHANNEL_PACKET;
	assert_false(fallback_event(fallback, &event, true));
	event.channel = CHANNEL_DNS;
	event.has_resolver = false;
	assert_false(fallback_event(fallback, &event, true));
	event.has_resolver = true;
	assert_true(fallback_event(fallback, &event, true));
	free(fallback);
}

/* Forged clients of one network, and of one client's own, between the two steps. */
static void a_flood_hides_no_other_network(void **state)
{
	struct fallback *fallback = fresh();
	unsigned int found = 0, clients = 200;

	(void)state;
	for (unsigned int i = 0; i < clients; i++) {
		char client[ADDR_TEXT];

		snprintf(client, sizeof(client), "10.1.%u.9", i);
		assert_false(asks(fallback, client, "8.8.8.8", 1000));
	}
	for (unsigned int i = 0; i < 100000; i++) {
		/* 16 networks, so that sets of the others are hit */
		const uint32_t forged = 0x0a020000 + i % 16 * 256 + i / 16 % 254 + 1;
		struct event event = { .channel = CHANNEL_DNS, .has_resolver = true,
				       .resolver = sample_addr("8.8.8.8"), .uptime_ms = 2000,
				       .client = addr_v4(forged) };

		assert_false(fallback_event(fallback, &event, true));
	}
	for (unsigned int i = 0; i < clients; i++) {
		char client[ADDR_TEXT];

		snprintf(client, sizeof(client), "10.1.%u.9", i);
		found += asks(fallback, client, "1.1.1.1", 3000);
	}
	assert_int_equal(found, clients);
	free(fallback);
}

/* Forty infected hosts of one network, interleaved; then others, after all those were said. */
static void a_network_of_infected_hosts_is_found(void **state)
{
	struct fallback *fallback = fresh();

	(void)state;
	for (unsigned int round = 0; round < 4; round++) {
		const int64_t at = round * 120000;
		unsigned int found = 0;

		for (unsigned int second = 0; second < 2; second++) {
			for (unsigned int i = 0; i < 40; i++) {
				char client[ADDR_TEXT];

				snprintf(client, sizeof(client), "10.3.0.%u", round * 40 + i + 1);
				found += asks(fallback, client, second ? "1.1.1.1" : "8.8.8.8",
					      at + second * 20000);
			}
		}
		assert_in_range(found, 36, 40);	/* the hash may fill a set of eight */
	}
	free(fallback);
}

/* The shipped list has the same resolvers, in the same order, as the ones of a product. */
static void the_order_is_that_of_the_list(void **state)
{
	FILE *list = fopen("rules/lists/resolvers.rules", "r");
	char line[1024];
	int place = 0;

	(void)state;
	assert_non_null(list);
	while (fgets(line, sizeof(line), list)) {
		struct addr addr;

		if (!strstr(line, "product="))
			continue;
		assert_int_equal(addr_parse(&addr, line, strcspn(line, " ")), 0);
		assert_int_equal(fallback_place(&addr), place++);
	}
	assert_int_equal(place, FALLBACK_RESOLVERS);
	fclose(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_in_order_within_a_minute),
		cmocka_unit_test(again_after_an_hour),
		cmocka_unit_test(another_order_or_another_name_is_nothing),
		cmocka_unit_test(a_flood_hides_no_other_network),
		cmocka_unit_test(a_network_of_infected_hosts_is_found),
		cmocka_unit_test(the_order_is_that_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
