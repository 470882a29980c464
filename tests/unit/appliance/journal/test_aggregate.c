/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/journal/aggregate.h"

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

static struct aggregate *fresh(void)
{
	void *memory = calloc(1, aggregate_size());

	assert_non_null(memory);
	return aggregate_attach(memory, 42);
}

static void add(struct aggregate *aggregate, const struct event *event)
{
	assert_int_equal(aggregate_add(aggregate, event), 0);
}

static void first_at_once_rest_counted(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;

	(void)state;
	add(aggregate, &event);
	assert_true(aggregate_next(aggregate, 1000, &record));
	assert_int_equal(record.count, 1);
	assert_memory_equal(&record.client, &event.client, sizeof(event.client));
	assert_memory_equal(&record.resolver, &event.resolver, sizeof(event.resolver));
	assert_int_equal(record.name.length, event.name.length);
	assert_memory_equal(record.name.wire, event.name.wire, event.name.length);
	assert_int_equal(record.client_port, 4711);
	assert_int_equal(record.wall_ms, 1000);
	assert_false(aggregate_next(aggregate, 1000, &record));

	event.wall_ms = 5000;
	event.client_port = 9;
	for (int i = 0; i < 24; i++)
		add(aggregate, &event);
	assert_false(aggregate_next(aggregate, 1000 + AGGREGATE_WINDOW_MS - 1, &record));
	assert_true(aggregate_next(aggregate, 1000 + AGGREGATE_WINDOW_MS, &record));
	assert_int_equal(record.count, 24);
	assert_int_equal(record.wall_ms, 5000);
	assert_int_equal(record.client_port, 9);
	assert_false(aggregate_next(aggregate, 1000000, &record));

	/* The window is over: the next one is a first again. */
	add(aggregate, &event);
	assert_true(aggregate_next(aggregate, 1000001, &record));
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
	while (aggregate_next(aggregate, 1, &record))
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
	assert_true(aggregate_next(aggregate, 1, &record));
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
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;
	unsigned int written = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		number_name(&event, i);
		add(aggregate, &event);
		add(aggregate, &event);
	}
	while (aggregate_next(aggregate, 0, &record))
		written++;
	assert_int_equal(written, AGGREGATE_BURST);
	for (int64_t now = 1; now <= 1000; now++) {
		while (aggregate_next(aggregate, now, &record))
			written++;
	}
	assert_int_equal(written, AGGREGATE_BURST + AGGREGATE_RATE);
	while (aggregate_next(aggregate, 3600 * 1000, &record))
		written++;
	assert_int_equal(written, 2 * AGGREGATE_BURST + AGGREGATE_RATE);
	free(aggregate);
}

/* Whatever comes in, in whatever order: nothing is lost and nothing invented. */
static void counts_are_exact(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;
	uint64_t in = 0, out = 0, refused = 0;
	uint32_t position = 0, random = 1;
	int64_t now = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		random = random * 1664525 + 1013904223;
		number_name(&event, random >> 8 & (i < 150000 ? 0xff : 0xffff));
		event.count = 1 + (random >> 28);
		if (aggregate_add(aggregate, &event) == 0)
			in += event.count;
		else
			refused += event.count;
		now += random >> 30;
		while (i % 64 == 0 && aggregate_next(aggregate, now, &record))
			out += record.count;
	}
	assert_true(out > 0 && refused > 0);
	while (aggregate_drain(aggregate, &position, NULL, &record))
		out += record.count;
	assert_int_equal(in, out);
	assert_false(aggregate_next(aggregate, now + 10 * AGGREGATE_WINDOW_MS, &record));
	/* All the entries are free again. */
	for (uint32_t i = 0; i < AGGREGATE_ENTRIES; i++) {
		number_name(&event, i);
		add(aggregate, &event);
	}
	free(aggregate);
}

static void full_table_still_counts_what_it_knows(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example");

	(void)state;
	for (uint32_t i = 0; i < AGGREGATE_ENTRIES; i++) {
		number_name(&event, i);
		add(aggregate, &event);
	}
	number_name(&event, AGGREGATE_ENTRIES);
	assert_int_equal(aggregate_add(aggregate, &event), -ENOSPC);
	number_name(&event, 5);
	add(aggregate, &event);
	free(aggregate);
}

static void drain_one_state(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event event = sample("a.example"), record;
	uint32_t position = 0, old = event.state;

	(void)state;
	add(aggregate, &event);
	event.state++;
	add(aggregate, &event);
	assert_true(aggregate_drain(aggregate, &position, &old, &record));
	assert_int_equal(record.state, old);
	assert_false(aggregate_drain(aggregate, &position, &old, &record));
	assert_true(aggregate_next(aggregate, 1, &record));
	assert_int_equal(record.state, old + 1);
	assert_false(aggregate_next(aggregate, 2, &record));
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
	assert_true(aggregate_next(aggregate, 1, &record));
	assert_true(record.count == UINT64_MAX);
	free(aggregate);
}

/* What a killed journal left goes on counting, whatever else stands in the memory. */
static void counts_outlive_the_process(void **state)
{
	struct aggregate *aggregate = fresh();
	struct event a = sample("a.example"), b = sample("b.example"), record;

	(void)state;
	add(aggregate, &a);
	assert_true(aggregate_next(aggregate, 1000, &record));
	for (int i = 0; i < 5; i++)
		add(aggregate, &a);
	add(aggregate, &b);
	aggregate = aggregate_attach(aggregate, 77);
	assert_true(aggregate_next(aggregate, 2000, &record));
	assert_int_equal(record.count, 5);
	assert_true(aggregate_next(aggregate, 2000, &record));
	assert_int_equal(record.count, 1);
	assert_memory_equal(record.name.wire, b.name.wire, b.name.length);
	assert_false(aggregate_next(aggregate, 2000, &record));
	add(aggregate, &b);
	assert_false(aggregate_next(aggregate, 2000, &record));
	free(aggregate);
}

static void damaged_memory_is_left_out(void **state)
{
	const size_t size = aggregate_size();
	struct event event = sample("a.example"), record;
	uint8_t *memory = malloc(size);

	(void)state;
	assert_non_null(memory);
	for (int seed = 0; seed < 8; seed++) {
		struct aggregate *aggregate;

		memset(memory, 0, size);
		aggregate = aggregate_attach(memory, 1);
		for (int i = 0; i < 200; i++) {
			event.client_port = (uint16_t)i;
			event.port = (uint16_t)i;
			add(aggregate, &event);
		}
		/* The magic stays, the rest does not. */
		srand((unsigned int)seed);
		for (size_t at = 8; at < 100 * 1024; at += 1 + (size_t)rand() % 64)
			memory[at] = (uint8_t)rand();
		aggregate = aggregate_attach(memory, 1);
		while (aggregate_next(aggregate, 5000, &record))
			assert_true(record.channel < CHANNEL_COUNT);
		add(aggregate, &event);
	}
	free(memory);
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
		cmocka_unit_test(full_table_still_counts_what_it_knows),
		cmocka_unit_test(drain_one_state),
		cmocka_unit_test(counts_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
