/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/journal/aggregate.h"
#include "appliance/journal/counters.h"
#include "rules/policy/policy.h"

static struct event sample(const char *name)
{
	return (struct event){
		.wall_ms = 1000, .uptime_ms = 10, .channel = CHANNEL_DNS,
		.action = ACTION_BLOCK, .intended = ACTION_BLOCK,
		.client = sample_addr("192.0.2.1"), .client_port = 4711, .interface = 3,
		.has_resolver = true, .resolver = sample_addr("8.8.8.8"), .qtype = 1,
		.protocol = 17, .port = 53, .name = sample_name(name), .state = 0xabcd1234,
		.rule = 7, .count = 1,
	};
}

/* With a budget of this many records a day. */
static struct aggregate *with_budget(uint64_t records)
{
	void *memory = calloc(1, aggregate_size());
	uint64_t lost;

	assert_non_null(memory);
	memory = aggregate_attach(memory, 42, records * AGGREGATE_RECORD, &lost);
	assert_int_equal(lost, 0);
	return memory;
}

static struct aggregate *fresh(void)
{
	return with_budget(AGGREGATE_BUDGET / AGGREGATE_RECORD);
}

static void add(struct aggregate *aggregate, const struct event *event)
{
	aggregate_add(aggregate, event);
}

static bool next(struct aggregate *aggregate, int64_t now, struct event *event)
{
	struct aggregate_record record;

	if (!aggregate_next(aggregate, now, &record))
		return false;
	*event = record.event;
	return true;
}

static void first_at_once_rest_counted(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;

	(void)state;
	add(aggregate, &event);
	assert_true(next(aggregate, 1000, &record));
	assert_int_equal(record.count, 1);
	assert_memory_equal(&record.client, &event.client, sizeof(event.client));
	assert_memory_equal(&record.resolver, &event.resolver, sizeof(event.resolver));
	assert_int_equal(record.name.length, event.name.length);
	assert_memory_equal(record.name.wire, event.name.wire, event.name.length);
	assert_int_equal(record.client_port, 4711);
	assert_int_equal(record.wall_ms, 1000);
	assert_false(next(aggregate, 1000, &record));

	event.wall_ms = 5000;
	event.client_port = 9;
	for (int i = 0; i < 24; i++)
		add(aggregate, &event);
	assert_false(next(aggregate, 1000 + AGGREGATE_WINDOW_MS - 1, &record));
	assert_true(next(aggregate, 1000 + AGGREGATE_WINDOW_MS, &record));
	assert_int_equal(record.count, 24);
	assert_int_equal(record.wall_ms, 5000);
	assert_int_equal(record.client_port, 9);
	assert_false(next(aggregate, 1000000, &record));

	/* The window is over: the next one is a first again. */
	add(aggregate, &event);
	assert_true(next(aggregate, 1000001, &record));
	assert_int_equal(record.count, 1);
	free(aggregate);
}

static void every_part_of_the_key_counts(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event base = sample("a.example"), other[12], record;
	size_t count = sizeof(other) / sizeof(*other), found = 0;

	(void)state;
	for (size_t i = 0; i < count; i++)
		other[i] = base;
	other[0].client.bytes[15]++;
	other[1].rule++;
	other[2].name = sample_name("b.example");
	other[3].has_address = true;
	other[4].port++;
	other[5].channel = CHANNEL_ANSWER;
	other[6].resolver.bytes[15]++;
	other[7].qtype++;
	other[8].protocol++;
	other[9].action = ACTION_MONITOR;
	other[10].state++;
	other[11].has_resolver = false;
	add(aggregate, &base);
	for (size_t i = 0; i < count; i++)
		add(aggregate, &other[i]);
	/* Of these nothing makes it another kind. */
	base.client_port++;
	base.interface++;
	base.wall_ms++;
	add(aggregate, &base);
	while (next(aggregate, 1, &record))
		found += record.count == (found ? 1 : 2);
	assert_int_equal(found, count + 1);
	free(aggregate);
}

/* Absent fields do not make two events differ by what happens to lie in them. */
static void absent_fields_do_not_count(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;

	(void)state;
	add(aggregate, &event);
	event.address = sample_addr("192.0.2.99");
	memset(event.name.wire + event.name.length, 0xee, 10);
	add(aggregate, &event);
	assert_true(next(aggregate, 1, &record));
	assert_int_equal(record.count, 2);
	free(aggregate);
}

/* name number i, written without printf: this runs often */
static void number_name(struct event *event, uint32_t number)
{
	event->name = (struct name){ .length = 6, .labels = 1, .wire = { 4 } };
	memcpy(event->name.wire + 1, &number, 4);
}

static void write_budget(void **state)
{
	/* Ten a second. */
	struct aggregate *aggregate = with_budget(10 * 24 * 3600);
	struct event event = sample("a.example"), record;
	unsigned int written = 0;

	(void)state;
	for (uint32_t i = 0; i < AGGREGATE_BURST + 5000; i++) {
		number_name(&event, i);
		add(aggregate, &event);
		written += next(aggregate, 0, &record);
	}
	assert_int_equal(written, AGGREGATE_BURST);
	for (int64_t now = 1; now <= 1000; now++) {
		while (next(aggregate, now, &record))
			written++;
	}
	assert_int_equal(written, AGGREGATE_BURST + 10);
	free(aggregate);
}

static uint64_t drain_all(struct aggregate *aggregate)
{
	struct aggregate_record record;
	uint32_t position = 0;
	uint64_t sum = 0;

	while (aggregate_drain(aggregate, &position, NULL, &record))
		sum += record.event.count;
	return sum;
}

/* Whatever comes in, in whatever order: nothing is lost and nothing invented. */
static void counts_are_exact(void **state)
{
	struct aggregate *aggregate = with_budget(100000);
	struct event event = sample("a.example"), record;
	uint64_t in = 0, out = 0;
	uint32_t random = 1;
	int64_t now = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		random = random * 1664525 + 1013904223;
		number_name(&event, random >> 8 & (i < 150000 ? 0xff : 0xffff));
		if (random & 0x100)
			event.name = sample_name("a-name.that.needs.more.than.one.place.example");
		memcpy(event.client.bytes + 10, &random, random >> 5 & 3);
		event.rule = random >> 20 & 7;
		event.count = 1 + (random >> 28);
		add(aggregate, &event);
		in += event.count;
		now += random >> 30;
		while (i % 64 == 0 && next(aggregate, now, &record))
			out += record.count;
	}
	assert_true(out > 0);
	out += drain_all(aggregate);
	assert_int_equal(in, out);
	assert_false(next(aggregate, now + 10 * AGGREGATE_WINDOW_MS, &record));
	/* All the places are free again. */
	for (uint32_t i = 0; i < CELLS; i++) {
		number_name(&event, i);
		add(aggregate, &event);
	}
	free(aggregate);
}

/* ---- floods ---- */

/* What came in and what was written, by the last byte of the client's network. */
struct sums {
	uint64_t in[256][CHANNEL_COUNT];
	uint64_t out[256][CHANNEL_COUNT];
	uint64_t coarse;	/* records that lack something */
	uint64_t wide;		/* ... even the client */
	uint64_t all;		/* ... even the network */
};

/* Clients of the floods are 10.0.NETWORK.x and 2001:db8:0:NETWORK::x. */
static uint8_t network_of(const struct addr *client)
{
	return client->bytes[addr_is_v4(client) ? 14 : 7];
}

static void flood(struct aggregate *aggregate, struct sums *sums, const struct event *event)
{
	sums->in[network_of(&event->client)][event->channel] += event->count;
	add(aggregate, event);
}

static void tally(struct sums *sums, const struct aggregate_record *record)
{
	const struct event *event = &record->event;

	sums->out[network_of(&event->client)][event->channel] += event->count;
	sums->coarse += record->coarse;
	sums->wide += record->host_bits > 0;
	sums->all += record->host_bits > 64 || record->host_bits == 32;
}

/* The quiet client's records that had full detail. */
static unsigned int write_due(struct aggregate *aggregate, struct sums *sums, int64_t now,
			      const struct addr *quiet)
{
	struct aggregate_record record;
	unsigned int found = 0;

	while (aggregate_next(aggregate, now, &record)) {
		tally(sums, &record);
		found += addr_compare(&record.event.client, quiet) == 0 && !record.coarse &&
			 record.event.name.length > 0;
	}
	return found;
}

static void write_rest(struct aggregate *aggregate, struct sums *sums)
{
	struct aggregate_record record;
	uint32_t position = 0;

	while (aggregate_drain(aggregate, &position, NULL, &record))
		tally(sums, &record);
}

static void sums_are_exact(const struct sums *sums)
{
	assert_int_equal(sums->all, 0);
	assert_memory_equal(sums->in, sums->out, sizeof(sums->in));
}

/* Changes the event into number i of a flood. */
typedef void make_event(struct event *event, uint32_t i);

static void many_names(struct event *event, uint32_t i)
{
	number_name(event, i % 24000);
	event->client = addr_v4(0x0a000001);
	event->channel = i & 1 ? CHANNEL_DNS : CHANNEL_ANSWER;
}

static void long_names(struct event *event, uint32_t i)
{
	many_names(event, i);
	event->name = sample_name("0123456789012345678901234567890123456789.0123456789"
		"01234567890123456789.01234567890123456789012345678901234567890123456789."
		"0123456789012345678901234567890123456789012345678901234567890.example");
	memcpy(event->name.wire + 1, &i, 4);
}

static void forged_v4(struct event *event, uint32_t i)
{
	number_name(event, i);
	event->client = addr_v4(0x0a000000 + i * 7919 % 4096);
}

static void forged_v6(struct event *event, uint32_t i)
{
	number_name(event, i);
	event->client = sample_addr("2001:db8::");
	memcpy(event->client.bytes + 8, &i, sizeof(i));
}

static void forged_macs(struct event *event, uint32_t i)
{
	event->client = addr_v4(0x0a000001);
	event->channel = CHANNEL_PACKET;
	event->has_mac = event->has_address = true;
	event->address = addr_v4(0x4d4ab000 + i % 16);
	memcpy(event->mac, &i, sizeof(i));
}

/* The channels behind CHANNEL_SHAPE have no rules that a client could choose. */
static void many_rules(struct event *event, uint32_t i)
{
	number_name(event, i);
	event->client = addr_v4(0x0a000001);
	event->rule = i % 1500;
	event->channel = (enum event_channel)(i % CHANNEL_FINGERPRINT);
}

/*
 * 200,000 events of a flood in ten seconds, after the burst is spent, and among them those of a
 * quiet client: 100 names, one every 100 ms. Each has to be written within two seconds.
 */
static void flood_with_quiet_client(make_event *make, const char *quiet, struct sums *sums)
{
	/* Forty records a second. */
	struct aggregate *aggregate = with_budget(40 * 24 * 3600);
	struct event event = sample("quiet.example"), other;
	unsigned int asked = 0, found = 0;
	int64_t now = 0;

	memset(sums, 0, sizeof(*sums));
	for (uint32_t i = 0; i < 100000; i++) {
		other = sample("burst.example");
		make(&other, i);
		flood(aggregate, sums, &other);
		if (i % 100 == 0)
			(void)write_due(aggregate, sums, now, &event.client);
	}
	event.client = sample_addr(quiet);
	for (uint32_t i = 0; i < 200000; i++) {
		other = sample("flood.example");
		other.uptime_ms = event.uptime_ms = now = 1 + i / 20;
		make(&other, i + 1000000);
		flood(aggregate, sums, &other);
		if (i % 2000 == 0) {
			number_name(&event, asked++);
			flood(aggregate, sums, &event);
		}
		if (i % 20 == 0)
			found += write_due(aggregate, sums, now, &event.client);
		if (i % 2000 == 1999)
			assert_true(found + 20 >= asked);
	}
	found += write_due(aggregate, sums, now + 2000, &event.client);
	assert_int_equal(asked, 100);
	assert_int_equal(found, asked);
	write_rest(aggregate, sums);
	sums_are_exact(sums);
	free(aggregate);
}

static void one_client_with_many_names(void **state)
{
	struct sums sums;

	(void)state;
	flood_with_quiet_client(many_names, "10.0.0.2", &sums);
	assert_int_equal(sums.wide, 0);
	flood_with_quiet_client(long_names, "10.0.1.2", &sums);
	assert_true(sums.coarse > 0);
	assert_int_equal(sums.wide, 0);
}

static void forged_addresses(void **state)
{
	struct sums sums;

	(void)state;
	flood_with_quiet_client(forged_v4, "10.0.77.2", &sums);
	assert_true(sums.coarse > 0);
	flood_with_quiet_client(forged_v6, "2001:db8:0:1::5", &sums);
	assert_true(sums.wide > 0);
}

static void forged_link_addresses(void **state)
{
	struct sums sums;

	(void)state;
	flood_with_quiet_client(forged_macs, "10.0.0.2", &sums);
	assert_true(sums.coarse > 0);
	assert_int_equal(sums.wide, 0);
}

static void alternating_rules(void **state)
{
	struct sums sums;

	(void)state;
	flood_with_quiet_client(many_rules, "10.0.0.2", &sums);
	assert_true(sums.coarse > 0);
	assert_int_equal(sums.wide, 0);
}

/* A building is switched on: 5,000 clients, ten names each, in one second. */
static void burst_keeps_all_details(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example");
	static struct sums sums;
	struct aggregate_record record;
	unsigned int records = 0;

	(void)state;
	memset(&sums, 0, sizeof(sums));
	for (uint32_t i = 0; i < 50000; i++) {
		event.client = addr_v4(0x0a000000 + i % 5000);
		number_name(&event, i / 5000);
		flood(aggregate, &sums, &event);
		while (i % 500 == 499 && aggregate_next(aggregate, i / 50, &record)) {
			tally(&sums, &record);
			records++;
		}
	}
	assert_int_equal(records, 50000);
	assert_int_equal(sums.coarse, 0);
	sums_are_exact(&sums);
	free(aggregate);
}

/* All that can be forged at once, and the table never written: the last steps of coarseness. */
static void worst_flood_keeps_the_sum(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example");
	uint32_t random = 1;

	(void)state;
	for (uint32_t i = 0; i < 500000; i++) {
		random = random * 1664525 + 1013904223;
		memcpy(event.client.bytes + (i & 1 ? 12 : 0), &random, 4);
		random = random * 1664525 + 1013904223;
		event.rule = random;
		event.state = random >> 30;
		event.channel = (enum event_channel)(random >> 8 & 7);
		event.action = (enum action)(random >> 12 & 3);
		add(aggregate, &event);
	}
	assert_int_equal(drain_all(aggregate), 500000);
	free(aggregate);
}

/* What the budget cannot write within a minute is written without details, not later and later. */
static void what_waits_long_is_coarse(void **state)
{
	struct aggregate *aggregate = with_budget(24 * 3600);
	struct event event = sample("a.example");
	struct aggregate_record record;
	uint64_t in = 0, out = 0;

	(void)state;
	for (uint32_t i = 0; i < AGGREGATE_BURST + 5000; i++) {
		number_name(&event, i);
		add(aggregate, &event);
		in++;
		if (aggregate_next(aggregate, 0, &record))
			out += record.event.count;
	}
	for (int64_t now = 1000; now < 130 * 1000; now += 1000) {
		while (aggregate_next(aggregate, now, &record)) {
			out += record.event.count;
			if (record.coarse) {
				assert_int_equal(record.event.name.length, 0);
				assert_int_equal(record.event.port, 0);
				assert_int_equal(record.event.rule, 7);
				assert_int_equal(record.host_bits, 0);
			}
		}
	}
	assert_int_equal(in, out);
	free(aggregate);
}

static void drain_one_state(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;
	uint32_t position = 0, old = event.state;
	struct aggregate_record drained;

	(void)state;
	add(aggregate, &event);
	event.state++;
	add(aggregate, &event);
	assert_true(aggregate_drain(aggregate, &position, &old, &drained));
	assert_int_equal(drained.event.state, old);
	assert_false(aggregate_drain(aggregate, &position, &old, &drained));
	assert_true(next(aggregate, 1, &record));
	assert_int_equal(record.state, old + 1);
	assert_false(next(aggregate, 2, &record));
	free(aggregate);
}

static void counts_do_not_wrap(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;

	(void)state;
	event.count = UINT64_MAX;
	add(aggregate, &event);
	add(aggregate, &event);
	assert_true(next(aggregate, 1, &record));
	assert_true(record.count == UINT64_MAX);
	free(aggregate);
}

/* What a killed journal left goes on counting, whatever else stands in the memory. */
static void counts_outlive_the_process(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event a = sample("a.example"), b = sample("b.example"), record;
	struct event long_name = sample("a-name.that.needs.more.than.one.place.example.example");
	uint64_t lost;

	(void)state;
	add(aggregate, &a);
	assert_true(next(aggregate, 1000, &record));
	for (int i = 0; i < 5; i++)
		add(aggregate, &a);
	add(aggregate, &b);
	add(aggregate, &long_name);
	aggregate = aggregate_attach(aggregate, 77, AGGREGATE_BUDGET, &lost);
	assert_int_equal(lost, 0);
	assert_true(next(aggregate, 2000, &record));
	assert_int_equal(record.count, 5);
	assert_true(next(aggregate, 2000, &record));
	assert_int_equal(record.count, 1);
	assert_memory_equal(record.name.wire, b.name.wire, b.name.length);
	assert_true(next(aggregate, 2000, &record));
	assert_memory_equal(record.name.wire, long_name.name.wire, long_name.name.length);
	assert_false(next(aggregate, 2000, &record));
	add(aggregate, &b);
	assert_false(next(aggregate, 2000, &record));
	free(aggregate);
}

static void damaged_memory_is_left_out(void **state)
{
	const size_t size = aggregate_size();
	struct event event = sample("a.example"), record;
	uint8_t *memory = malloc(size);
	uint64_t lost, kept;

	(void)state;
	assert_non_null(memory);
	for (int seed = 0; seed < 8; seed++) {
		struct aggregate *aggregate;

		memset(memory, 0, size);
		aggregate = aggregate_attach(memory, 1, AGGREGATE_BUDGET, &lost);
		for (int i = 0; i < 200; i++) {
			event.client_port = (uint16_t)i;
			event.port = (uint16_t)i;
			add(aggregate, &event);
		}
		/* The magic stays, the rest does not. */
		srand((unsigned int)seed);
		for (size_t at = seed & 1 ? 8 : 35000; at < 100 * 1024;
		     at += 1 + (size_t)rand() % 512)
			memory[at] = (uint8_t)rand();
		aggregate = aggregate_attach(memory, 1, AGGREGATE_BUDGET, &lost);
		for (kept = 0; next(aggregate, 5000, &record); kept++)
			assert_true(record.channel < CHANNEL_COUNT);
		if (!(seed & 1))
			assert_true(lost > 0 && kept > 0 && kept + lost <= 200);
		add(aggregate, &event);
	}
	free(memory);
}

/* Privacy: nothing of the client is in a record, nor in the memory that outlives the process. */
static void only_counts_of_some_networks(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("secret.example");
	struct aggregate_record record;
	uint64_t count = 0;

	(void)state;
	event.client = sample_addr("192.0.2.53");
	event.has_mac = true;
	memset(event.mac, 0x5a, sizeof(event.mac));
	for (int i = 0; i < 10; i++)
		aggregate_add_coarse(aggregate, &event);
	event.client = sample_addr("192.0.2.77");
	aggregate_add_coarse(aggregate, &event);
	for (int64_t now = 0; now < 200000; now += 1000) {
		while (aggregate_next(aggregate, now, &record)) {
			char text[ADDR_TEXT];

			assert_true(record.coarse);
			assert_int_equal(record.host_bits, 8);
			assert_string_equal(addr_print(&record.event.client, text), "192.0.2.0");
			assert_int_equal(record.event.name.length, 0);
			assert_false(record.event.has_mac);
			assert_int_equal(record.event.rule, event.rule);
			count += record.event.count;
		}
	}
	assert_int_equal(count, 11 * event.count);
	assert_null(memmem(aggregate, aggregate_size(), "secret", 6));
	free(aggregate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_at_once_rest_counted),
		cmocka_unit_test(counts_outlive_the_process),
		cmocka_unit_test(damaged_memory_is_left_out),
		cmocka_unit_test(every_part_of_the_key_counts),
		cmocka_unit_test(absent_fields_do_not_count),
		cmocka_unit_test(write_budget),
		cmocka_unit_test(counts_are_exact),
		cmocka_unit_test(one_client_with_many_names),
		cmocka_unit_test(forged_addresses),
		cmocka_unit_test(forged_link_addresses),
		cmocka_unit_test(alternating_rules),
		cmocka_unit_test(burst_keeps_all_details),
		cmocka_unit_test(worst_flood_keeps_the_sum),
		cmocka_unit_test(what_waits_long_is_coarse),
		cmocka_unit_test(drain_one_state),
		cmocka_unit_test(counts_do_not_wrap),
		cmocka_unit_test(only_counts_of_some_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
