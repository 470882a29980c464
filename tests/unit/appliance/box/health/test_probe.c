/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/health/probe.h"

enum { ID = 0x1234 };

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, strlen(text)), 0);
	return addr;
}

static struct probe probe_of(const char *from, const char *to, uint16_t port)
{
	return (struct probe){
		.from = address(from), .to = address(to), .from_port = 40001, .to_port = port
	};
}

/* RFC 1071: a packet whose sum is right sums up to nothing. */
static uint16_t sum(const uint8_t *data, size_t size, uint32_t start)
{
	for (size_t i = 0; i < size; i++)
		start += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)~start;
}

static size_t query(const struct probe *probe, uint8_t packet[PROBE_PACKET])
{
	struct name name;

	assert_int_equal(name_parse(&name, "a.example", 9, NULL), 0);
	return probe_query(probe, &name, ID, packet);
}

static void packets_are_well_formed(void **state)
{
	struct probe v4 = probe_of("198.18.0.2", "192.0.2.1", 53),
		     v6 = probe_of("2001:db8::2", "2001:db8::1", 443);
	uint8_t packet[PROBE_PACKET];
	size_t size = query(&v4, packet);

	(void)state;
	assert_int_equal(packet[0], 0x45);
	assert_int_equal(packet[2] << 8 | packet[3], size);
	assert_int_equal(sum(packet, 20, 0), 0);
	assert_int_equal(sum(packet + 12, size - 12, IPPROTO_UDP + (uint32_t)size - 20), 0);
	size = probe_syn(&v6, packet);
	assert_int_equal(size, 60);
	assert_int_equal(packet[0], 0x60);
	assert_int_equal(sum(packet + 8, size - 8, IPPROTO_TCP + 20), 0);
	assert_int_equal(packet[40 + 13], 0x02);
}

static enum probe_kind kind(const struct probe *probe, const uint8_t *packet, size_t size)
{
	struct probe_reply reply;

	probe_read(&reply, probe, ID, packet, size);
	return reply.kind;
}

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
	while (size--) {
		uint8_t byte = a[size];

		a[size] = b[size];
		b[size] = byte;
	}
}

/* A reply to what was sent: addresses and ports change places. */
static void turn(uint8_t *packet)
{
	swap(packet + 12, packet + 16, 4);
	swap(packet + 20, packet + 22, 2);
}

static void a_probe_that_arrives(void **state)
{
	struct probe probe = probe_of("198.18.0.2", "192.0.2.1", 443),
		     other = probe_of("198.18.0.2", "192.0.2.9", 443);
	uint8_t packet[PROBE_PACKET];
	size_t size = probe_syn(&probe, packet);

	(void)state;
	assert_int_equal(kind(&probe, packet, size), PROBE_ARRIVED);
	assert_int_equal(kind(&other, packet, size), PROBE_OTHER);
	/* Behind source NAT it comes from elsewhere. */
	packet[15] = 77;
	assert_int_equal(kind(&probe, packet, size), PROBE_ARRIVED);
}

static void a_reset(void **state)
{
	struct probe probe = probe_of("198.18.0.2", "192.0.2.1", 443);
	uint8_t packet[PROBE_PACKET];
	size_t size = probe_syn(&probe, packet);

	(void)state;
	turn(packet);
	packet[33] = 0x14;
	assert_int_equal(kind(&probe, packet, size), PROBE_REFUSED);
	packet[33] = 0x12;	/* SYN, ACK: a host is there */
	assert_int_not_equal(kind(&probe, packet, size), PROBE_REFUSED);
}

static void an_answer_and_its_reason(void **state)
{
	static const uint8_t reason[] = { 0, 15, 0, 5, 0, 15, 'a', ':', 'b' };
	struct probe probe = probe_of("198.18.0.2", "192.0.2.1", 53);
	uint8_t packet[PROBE_PACKET];
	size_t size = query(&probe, packet);
	struct probe_reply reply;

	(void)state;
	turn(packet);
	packet[30] |= 0x80;
	packet[31] = 3;
	probe_read(&reply, &probe, ID, packet, size);
	assert_int_equal(reply.kind, PROBE_ANSWER);
	assert_int_equal(reply.rcode, 3);
	assert_false(reply.has_reason);
	/* OPT ends the message: its length, then an option. */
	packet[size - 1] = sizeof(reason);
	memcpy(packet + size, reason, sizeof(reason));
	probe_read(&reply, &probe, ID, packet, size + sizeof(reason));
	assert_int_equal(reply.kind, PROBE_ANSWER);
	assert_true(reply.has_reason);
	assert_int_equal(reply.reason, 15);
	assert_string_equal(reply.rule, "a:b");
	probe_read(&reply, &probe, ID + 1, packet, size + sizeof(reason));
	assert_int_equal(reply.kind, PROBE_OTHER);
}

static void anything_that_is_cut_is_nothing(void **state)
{
	struct probe probe = probe_of("198.18.0.2", "192.0.2.1", 53);
	uint8_t packet[PROBE_PACKET];
	size_t size = query(&probe, packet);

	(void)state;
	turn(packet);
	packet[30] |= 0x80;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);

		assert_non_null(exact);
		memcpy(exact, packet, cut);
		assert_int_equal(kind(&probe, exact, cut), PROBE_OTHER);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_well_formed),
		cmocka_unit_test(a_probe_that_arrives),
		cmocka_unit_test(a_reset),
		cmocka_unit_test(an_answer_and_its_reason),
		cmocka_unit_test(anything_that_is_cut_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
