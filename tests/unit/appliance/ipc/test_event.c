/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/ipc/event.h"

static struct event sample(void)
{
	return (struct event){
		.wall_ms = -1, .uptime_ms = 123456789012345, .channel = CHANNEL_ANSWER,
		.action = ACTION_MONITOR, .intended = ACTION_BLOCK,
		.client = sample_addr("2001:db8::1"), .client_port = 65535,
		.interface = 0xdeadbeef, .has_resolver = true,
		.resolver = sample_addr("8.8.8.8"), .qtype = 65280, .protocol = 6, .port = 53,
		.name = sample_name("upd.kaspersky.com"), .has_address = true,
		.address = sample_addr("77.74.176.1"), .state = 0x01020304, .rule = 0x05060708,
		.count = UINT64_MAX,
	};
}

static void same(const struct event *a, const struct event *b)
{
	assert_true(a->wall_ms == b->wall_ms && a->uptime_ms == b->uptime_ms);
	assert_true(a->channel == b->channel && a->action == b->action &&
		    a->intended == b->intended);
	assert_int_equal(addr_compare(&a->client, &b->client), 0);
	assert_true(a->client_port == b->client_port && a->interface == b->interface);
	assert_true(a->has_resolver == b->has_resolver && a->has_address == b->has_address);
	if (a->has_resolver)
		assert_int_equal(addr_compare(&a->resolver, &b->resolver), 0);
	if (a->has_address)
		assert_int_equal(addr_compare(&a->address, &b->address), 0);
	assert_true(a->qtype == b->qtype && a->protocol == b->protocol && a->port == b->port);
	assert_int_equal(a->name.length, b->name.length);
	assert_int_equal(a->name.labels, b->name.labels);
	assert_memory_equal(a->name.wire, b->name.wire, a->name.length);
	assert_true(a->state == b->state && a->rule == b->rule && a->count == b->count);
}

static void round_trip(void **state)
{
	struct event event = sample(), back;
	uint8_t data[EVENT_MAX];

	(void)state;
	for (int variant = 0; variant < 8; variant++) {
		event.has_resolver = variant & 1;
		event.has_address = variant & 2;
		if (variant & 4)
			event.name = (struct name){ .length = 0 };
		assert_int_equal(event_decode(&back, data, event_encode(&event, data)), 0);
		same(&event, &back);
	}
}

/* The largest event fits what the ring's readers and writers have room for. */
static void largest(void **state)
{
	struct event event = sample(), back;
	uint8_t data[EVENT_MAX];
	size_t size;

	(void)state;
	memset(&event.name, 0, sizeof(event.name));
	for (size_t i = 0; i < 127; i++)
		event.name.wire[2 * i] = 1;
	event.name.length = 255;
	event.name.labels = 127;
	size = event_encode(&event, data);
	assert_true(size < EVENT_MAX);
	assert_int_equal(event_decode(&back, data, size), 0);
	same(&event, &back);
}

static void every_damage(void **state)
{
	struct event event = sample(), back;
	uint8_t data[EVENT_MAX], again[EVENT_MAX];
	size_t size = event_encode(&event, data);

	(void)state;
	for (size_t length = 0; length <= size; length++) {
		uint8_t *copy = malloc(length ? length : 1);

		assert_non_null(copy);
		memcpy(copy, data, length);
		(void)!event_decode(&back, copy, length);
		free(copy);
	}
	assert_int_equal(event_decode(&back, data, size - 1), -EBADMSG);
	for (size_t at = 0; at < size; at++) {
		uint8_t was = data[at];

		for (int value = 0; value < 256; value++) {
			data[at] = (uint8_t)value;
			if (event_decode(&back, data, size) == 0)
				assert_int_equal(event_encode(&back, again), size);
		}
		data[at] = was;
	}
}

static void words(void **state)
{
	static const char *const wrong[] = { "", "a", "TYPE", "TYPE01", "TYPE65536", "DNS", "A " };
	char text[QTYPE_TEXT];

	(void)state;
	assert_string_equal(channel_print(CHANNEL_PACKET), "packet");
	assert_string_equal(qtype_print(28, text), "AAAA");
	assert_string_equal(qtype_print(65535, text), "TYPE65535");
	assert_string_equal(qtype_print(0, text), "TYPE0");
	for (uint32_t qtype = 0; qtype <= UINT16_MAX; qtype++) {
		uint16_t again;

		assert_int_equal(qtype_parse(&again, qtype_print((uint16_t)qtype, text)), 0);
		assert_int_equal(again, qtype);
	}
	for (int number = 0; number < CHANNEL_COUNT; number++) {
		const char *word = channel_print((enum event_channel)number);
		enum event_channel channel;

		assert_int_equal(channel_parse(&channel, word), 0);
		assert_int_equal(channel, number);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		enum event_channel channel;
		uint16_t qtype;

		assert_int_equal(qtype_parse(&qtype, wrong[i]), -EINVAL);
		assert_int_equal(channel_parse(&channel, wrong[i]), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(largest),
		cmocka_unit_test(every_damage),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
