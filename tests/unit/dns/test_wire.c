/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dns/query.h"

static enum wire_result parse(const struct packet *packet, struct query *query)
{
	/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
	uint8_t *copy = malloc(packet->size ? packet->size : 1);
	enum wire_result result;

	assert_non_null(copy);
	memcpy(copy, packet->bytes, packet->size);
	result = wire_parse_query(query, copy, packet->size);
	free(copy);
	return result;
}

static void plain_query(void **state)
{
	struct packet packet = query_packet("UPD.kaspersky.com", TYPE_AAAA);
	struct query query;

	(void)state;
	packet.bytes[13] = 'U';
	assert_int_equal(parse(&packet, &query), WIRE_OK);
	assert_int_equal(query.id, 0x1234);
	assert_int_equal(query.flags, FLAG_RD);
	assert_int_equal(query.opcode, OPCODE_QUERY);
	assert_memory_equal(query.name.wire, "\3upd\x09kaspersky\3com", 19);
	assert_int_equal(query.name.labels, 3);
	assert_int_equal(query.type, TYPE_AAAA);
	assert_int_equal(query.class, 1);
	assert_int_equal(query.end, packet.size);
	assert_false(query.edns);
	assert_int_equal(query.udp_size, 512);
	assert_false(query.records);
}

static void edns(void **state)
{
	struct packet packet = query_packet_edns("a.com", TYPE_A);
	struct query query;

	(void)state;
	assert_int_equal(parse(&packet, &query), WIRE_OK);
	assert_true(query.edns && query.dnssec_ok);
	assert_int_equal(query.udp_size, 1232);
	assert_false(query.records);
	/* Behind another record it counts, but is not alone. */
	packet = query_packet("a.com", TYPE_A);
	packet.bytes[11] = 2;
	PACKET_ADD(&packet, "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4" "\0\0\x29\2\0\0\0\0\0\0\0");
	assert_int_equal(parse(&packet, &query), WIRE_OK);
	assert_true(query.edns && !query.dnssec_ok);
	assert_int_equal(query.udp_size, 512);
	assert_true(query.records);
}

static void no_answer_is_due(void **state)
{
	struct packet packet = query_packet("a.com", TYPE_A);
	struct query query;

	(void)state;
	packet.bytes[2] |= 0x80;
	assert_int_equal(parse(&packet, &query), WIRE_IGNORE);
	packet.bytes[2] = 1;
	for (packet.size = 0; packet.size < WIRE_HEADER; packet.size++)
		assert_int_equal(parse(&packet, &query), WIRE_IGNORE);
}

static void malformed(void **state)
{
	static const uint8_t questions[] = { 0, 2, 255 };
	struct packet packet = query_packet_edns("a.com", TYPE_A), bad;
	struct query query;

	(void)state;
	for (size_t i = 0; i < sizeof(questions); i++) {
		bad = packet;
		bad.bytes[5] = questions[i];
		assert_int_equal(parse(&bad, &query), WIRE_MALFORMED);
		assert_int_equal(query.id, 0x1234);
	}
	/* Every truncation: of the question, and of the OPT record. */
	for (bad = packet; bad.size > WIRE_HEADER;) {
		bad.size--;
		assert_int_equal(parse(&bad, &query), WIRE_MALFORMED);
	}
	/* A compressed question, a reserved label, a record missing, two OPTs, OPT below the
	 * root. */
	bad = query_packet("a.com", TYPE_A);
	memcpy(bad.bytes + 12, "\xc0\x0c", 2);
	assert_int_equal(parse(&bad, &query), WIRE_MALFORMED);
	bad.bytes[12] = 0x41;
	assert_int_equal(parse(&bad, &query), WIRE_MALFORMED);
	bad = packet;
	bad.bytes[11] = 2;
	assert_int_equal(parse(&bad, &query), WIRE_MALFORMED);
	PACKET_ADD(&bad, "\0\0\x29\x04\xd0\0\0\x80\0\0\0");
	assert_int_equal(parse(&bad, &query), WIRE_MALFORMED);
	bad = query_packet("a.com", TYPE_A);
	bad.bytes[11] = 1;
	PACKET_ADD(&bad, "\xc0\x0c\0\x29\x04\xd0\0\0\x80\0\0\0");
	assert_int_equal(parse(&bad, &query), WIRE_MALFORMED);
}

static void every_damage(void **state)
{
	struct packet packet = query_packet_edns("a.bc.def", TYPE_A);

	(void)state;
	for (size_t at = 0; at < packet.size; at++) {
		uint8_t was = packet.bytes[at];

		for (int value = 0; value < 256; value++) {
			struct query query;

			packet.bytes[at] = (uint8_t)value;
			if (parse(&packet, &query) == WIRE_OK)
				assert_true(query.end <= packet.size);
		}
		packet.bytes[at] = was;
	}
}

static void matches(void **state)
{
	struct packet packet = query_packet("a.com", TYPE_A), response;
	struct query query;

	(void)state;
	assert_int_equal(parse(&packet, &query), WIRE_OK);
	packet.bytes[2] |= 0x80;
	packet.bytes[13] = 'A';	/* 0x20 case mixing */
	assert_true(wire_matches(packet.bytes, packet.size, 0x1234, &query));
	assert_false(wire_matches(packet.bytes, packet.size, 0x1235, &query));
	assert_false(wire_matches(packet.bytes, packet.size - 1, 0x1234, &query));
	for (size_t at = 2; at < packet.size; at++) {
		response = packet;
		response.bytes[at] ^= 0x81;
		if (at == 3 || (at >= 6 && at < 12))
			continue;	/* flags of the answer, and how many records it has */
		assert_false(wire_matches(response.bytes, response.size, 0x1234, &query));
	}
}

/* Errors may have no question, answers to updates may have nothing (RFC 2136, 3.8). */
static void matches_without_a_question(void **state)
{
	struct packet packet = query_packet("a.com", TYPE_A), response = { .size = 0 };
	struct query query;

	(void)state;
	assert_int_equal(parse(&packet, &query), WIRE_OK);
	PACKET_ADD(&response, "\x12\x34\x81\x82\0\0\0\0\0\0\0\0");
	assert_true(wire_matches_bare(response.bytes, response.size, 0x1234, &query));
	assert_false(wire_matches_bare(response.bytes, response.size, 0x1235, &query));
	assert_false(wire_matches_bare(response.bytes, response.size - 1, 0x1234, &query));
	response.bytes[7] = 1;
	assert_false(wire_matches_bare(response.bytes, response.size, 0x1234, &query));
	response.bytes[7] = 0;
	query.opcode = OPCODE_UPDATE;
	assert_false(wire_matches_bare(response.bytes, response.size, 0x1234, &query));
	response.bytes[2] = 0xa8;
	response.bytes[3] = 0;
	assert_true(wire_matches_bare(response.bytes, response.size, 0x1234, &query));
	response.bytes[2] = 0x28;
	assert_false(wire_matches_bare(response.bytes, response.size, 0x1234, &query));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_query),
		cmocka_unit_test(edns),
		cmocka_unit_test(no_answer_is_due),
		cmocka_unit_test(malformed),
		cmocka_unit_test(every_damage),
		cmocka_unit_test(matches),
		cmocka_unit_test(matches_without_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
