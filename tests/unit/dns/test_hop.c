/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dns/query.h"

#include "dns/hop.h"

static struct query query;
static uint8_t question[NAME_WIRE_MAX + 4];
static struct hop hop;

/* The client's question is for A.com, with EDNS or not. */
static void asks(struct packet packet)
{
	packet.bytes[13] = 'A';
	assert_int_equal(wire_parse_query(&query, packet.bytes, packet.size), WIRE_OK);
	memcpy(question, packet.bytes + WIRE_HEADER, query.end - WIRE_HEADER);
}

static int reset(void **state)
{
	(void)state;
	hop = (struct hop){ .id = 0x4321, .opt = { .present = true, .size = WIRE_EDNS_SIZE,
						   .cookie = true, .client = "abcdefgh" } };
	asks(query_packet_edns("a.com", TYPE_A));
	return 0;
}

/* a.com A 192.0.2.1, and an OPT in that many places before the end. */
static struct packet response(const char *header)
{
	struct packet packet = { .size = 0 };

	packet_add(&packet, header, WIRE_HEADER);
	PACKET_ADD(&packet, "\1a\3com\0\0\1\0\1" "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1");
	return packet;
}

#define ANSWER "\x43\x21\x81\x80\0\1\0\1\0\0\0\1"

static enum hop_result take(struct packet *packet, bool tcp, struct hop_answer *answer)
{
	/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
	uint8_t *copy = malloc(packet->size ? packet->size : 1);
	enum hop_result result;

	assert_non_null(copy);
	memcpy(copy, packet->bytes, packet->size);
	result = hop_take(&hop, &query, tcp, copy, &packet->size, answer);
	memcpy(packet->bytes, copy, packet->size);
	free(copy);
	return result;
}

static void reply_is(struct packet packet, size_t most, const void *expected, size_t size)
{
	struct hop_answer answer;
	size_t got;

	assert_true(take(&packet, false, &answer) >= HOP_ERROR);
	got = hop_reply(&query, question, &answer, packet.bytes, packet.size, most);
	assert_int_equal(got, size);
	assert_memory_equal(packet.bytes, expected, size);
}

#define REPLY_IS(packet, most, literal) reply_is(packet, most, literal, sizeof(literal) - 1)

/* RD, CD and AD, the letters as they came; nothing of what stood behind the question. */
static void queries_are_built(void **state)
{
	struct packet packet = query_packet("a.com", TYPE_A);
	uint8_t built[HOP_QUERY_MAX];
	static const char expected[] = "\x43\x21\1\x30\0\1\0\0\0\0\0\1" "\1A\3com\0\0\1\0\1"
				       "\0\0\x29\4\xd0\0\0\0\0\0\x0c" "\0\x0a\0\x08" "abcdefgh";

	(void)state;
	packet.bytes[3] = 0x70;	/* Z, too, which is nobody's */
	packet.bytes[11] = 2;
	PACKET_ADD(&packet, "\0\0\x29\x10\0\0\0\0\0\0\x0b" "\0\x08\0\x07\0\1\x18\0\xc0\0\2");
	PACKET_ADD(&packet, "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4" "rubbish");
	asks(packet);
	assert_int_equal(hop_query(&hop, &query, question, built), sizeof(expected) - 1);
	assert_memory_equal(built, expected, sizeof(expected) - 1);
	hop.opt.present = false;
	assert_int_equal(hop_query(&hop, &query, question, built), 12 + 11);
	assert_memory_equal(built, "\x43\x21\1\x30\0\1\0\0\0\0\0\0" "\1A\3com\0\0\1\0\1", 23);
}

/* Keepalive, NSID, padding, a cookie and a subnet end here; an Extended DNS Error goes on. */
static void opt_ends_here(void **state)
{
	struct packet packet = response(ANSWER);

	(void)state;
	PACKET_ADD(&packet, "\0\0\x29\2\0\0\0\0\0\0\x35" "\0\x0b\0\2\4\xb0" "\0\3\0\1n"
			    "\0\x0c\0\2\0\0" "\0\x0a\0\x10" "abcdefgh" "12345678"
			    "\0\x0f\0\4\0\3hi" "\0\x08\0\4\0\1\0\0");
	REPLY_IS(packet, 512, "\x12\x34\x81\x80\0\1\0\1\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
		 "\0\0\x29\4\xd0\0\0\x80\0\0\x08" "\0\x0f\0\4\0\3hi");
	/* A client without EDNS gets none. */
	asks(query_packet("a.com", TYPE_A));
	REPLY_IS(packet, 512, "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" "\1A\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1");
}

/* A client with EDNS gets an OPT, whatever the server has. */
static void opt_begins_here(void **state)
{
	(void)state;
	query.cookie = true;
	memcpy(query.client_cookie, "CLIENT..", 8);
	memcpy(query.server_cookie, "SERVERCOOKIE....", 16);
	REPLY_IS(response("\x43\x21\x81\x80\0\1\0\1\0\0\0\0"), 512,
		 "\x12\x34\x81\x80\0\1\0\1\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
		 "\0\0\x29\4\xd0\0\0\x80\0\0\x1c" "\0\x0a\0\x18" "CLIENT..SERVERCOOKIE....");
}

/* Records behind OPT, and bytes behind all records, go nowhere. */
static void nothing_behind_opt(void **state)
{
	struct packet packet = response("\x43\x21\x81\x80\0\1\0\1\0\0\0\3");

	(void)state;
	PACKET_ADD(&packet, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\2" "\0\0\x29\2\0\0\0\0\0\0\0"
			    "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\3" "rubbish");
	REPLY_IS(packet, 512, "\x12\x34\x81\x80\0\1\0\1\0\0\0\2" "\1A\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\2" "\0\0\x29\4\xd0\0\0\x80\0\0\0");
	packet = response("\x43\x21\x81\x80\0\1\0\1\0\0\0\0");
	PACKET_ADD(&packet, "rubbish");
	asks(query_packet("a.com", TYPE_A));
	REPLY_IS(packet, 512, "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" "\1A\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1");
}

static void too_large_is_tc_with_opt(void **state)
{
	struct packet packet = response(ANSWER);

	(void)state;
	PACKET_ADD(&packet, "\0\0\x29\2\0\0\0\0\0\0\x0a" "\0\x0f\0\6\0\3text");
	/* Without the text it fits. */
	REPLY_IS(packet, 12 + 11 + 16 + 11, "\x12\x34\x81\x80\0\1\0\1\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1" "\0\0\x29\4\xd0\0\0\x80\0\0\0");
	REPLY_IS(packet, 12 + 11 + 16 + 10, "\x12\x34\x83\x80\0\1\0\0\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 "\0\0\x29\4\xd0\0\0\x80\0\0\x0a" "\0\x0f\0\6\0\3text");
}

/* Clients that ask no more over TCP make do with what came (musl before 1.2.4). */
#define RECORD(last) "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2" last

static void too_large_keeps_the_answers_that_fit(void **state)
{
	struct packet packet = response("\x43\x21\x85\xa0\0\1\0\3\0\1\0\0");

	(void)state;
	PACKET_ADD(&packet, RECORD("\2") RECORD("\3") "\xc0\x0c\0\2\0\1\0\0\0\x3c\0\2\xc0\x0c");
	REPLY_IS(packet, 12 + 11 + 3 * 16 + 11 - 1,
		 "\x12\x34\x83\x80\0\1\0\2\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 RECORD("\1") RECORD("\2") "\0\0\x29\4\xd0\0\0\x80\0\0\0");
	REPLY_IS(packet, 12 + 11 + 3 * 16 + 11,
		 "\x12\x34\x83\x80\0\1\0\3\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 RECORD("\1") RECORD("\2") RECORD("\3") "\0\0\x29\4\xd0\0\0\x80\0\0\0");
}

static enum hop_result result_of(const char *header, const void *rest, size_t size)
{
	struct packet packet = { .size = 0 };
	struct hop_answer answer;

	packet_add(&packet, header, WIRE_HEADER);
	packet_add(&packet, rest, size);
	return take(&packet, false, &answer);
}

#define RESULT(header, rest) result_of(header, rest, sizeof(rest) - 1)
#define QUESTION "\1a\3com\0\0\1\0\1"
#define OPT(rcode, options, size) "\0\0\x29\2\0" rcode "\0\0\0" size options

static void what_answers_are(void **state)
{
	(void)state;
	assert_int_equal(RESULT("\x43\x22\x81\x80\0\1\0\0\0\0\0\0", QUESTION), HOP_FOREIGN);
	assert_int_equal(RESULT("\x43\x21\x81\x80\0\1\0\0\0\0\0\0", "\1b\3com\0\0\1\0\1"),
			 HOP_FOREIGN);
	assert_int_equal(RESULT("\x43\x21\x81\x80\0\1\0\0\0\0\0\0", "\1A\3cOm\0\0\1\0\1"),
			 HOP_ANSWER);
	assert_int_equal(RESULT("\x43\x21\x81\x83\0\1\0\0\0\0\0\0", QUESTION), HOP_ANSWER);
	assert_int_equal(RESULT("\x43\x21\x81\x82\0\1\0\0\0\0\0\0", QUESTION), HOP_ERROR);
	assert_int_equal(RESULT("\x43\x21\x81\x85\0\1\0\0\0\0\0\0", QUESTION), HOP_ERROR);
	/* Header only; NOERROR is none. */
	assert_int_equal(RESULT("\x43\x21\x81\x82\0\0\0\0\0\0\0\0", ""), HOP_ERROR);
	assert_int_equal(RESULT("\x43\x21\x81\x81\0\0\0\0\0\0\0\0", ""), HOP_NO_EDNS);
	assert_int_equal(RESULT("\x43\x21\x81\x80\0\0\0\0\0\0\0\0", ""), HOP_FOREIGN);
	/* Cut wherever it is. */
	assert_int_equal(RESULT("\x43\x21\x83\x80\0\1\0\7\0\0\0\0", QUESTION "\xc0"), HOP_CUT);
	/* Records that run out. */
	assert_int_equal(RESULT("\x43\x21\x81\x80\0\1\0\1\0\0\0\0", QUESTION "\xc0\x0c\0\1"),
			 HOP_BROKEN);
	assert_int_equal(RESULT("\x43\x21\x81\x80\0\1\0\0\0\0\0\1",
				QUESTION OPT("\1", "", "\0\0")), HOP_NO_EDNS);	/* BADVERS */
	/* Another question's cookie; one that says: again, with this; a length that none has. */
	assert_int_equal(RESULT("\x43\x21\x81\x80\0\1\0\0\0\0\0\1",
				QUESTION OPT("\0", "\0\x0a\0\x10" "abcdefgH12345678", "\0\x14")),
			 HOP_FOREIGN);
	assert_int_equal(RESULT("\x43\x21\x81\x87\0\1\0\0\0\0\0\1",
				QUESTION OPT("\1", "\0\x0a\0\x10" "abcdefgh12345678", "\0\x14")),
			 HOP_BAD_COOKIE);
	assert_int_equal(RESULT("\x43\x21\x81\x80\0\1\0\0\0\0\0\1",
				QUESTION OPT("\0", "\0\x0a\0\x09" "abcdefgh1", "\0\x0d")),
			 HOP_BROKEN);
	/* Asked without OPT, the same codes are errors. */
	hop.opt = (struct opt){ .present = false };
	assert_int_equal(RESULT("\x43\x21\x81\x81\0\0\0\0\0\0\0\0", ""), HOP_ERROR);
}

/* A client hears nothing of EDNS between us and the server. */
static void codes_of_this_hop(void **state)
{
	struct packet packet = response("\x43\x21\x81\x87\0\1\0\0\0\0\0\1");

	(void)state;
	packet.size = 12 + 11;
	PACKET_ADD(&packet, "\0\0\x29\2\0\1\0\0\0\0\0");
	REPLY_IS(packet, 512, "\x12\x34\x81\x82\0\1\0\0\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 "\0\0\x29\4\xd0\0\0\x80\0\0\0");
	/* A header alone becomes a whole reply. */
	packet.size = 0;
	PACKET_ADD(&packet, "\x43\x21\x81\x82\0\0\0\0\0\0\0\0");
	REPLY_IS(packet, 512, "\x12\x34\x81\x82\0\1\0\0\0\0\0\1" "\1A\3com\0\0\1\0\1"
		 "\0\0\x29\4\xd0\0\0\x80\0\0\0");
}

/* What no policy looked at does not go out with an error, whatever the server put there. */
static void errors_bring_no_records(void **state)
{
	static const char header[] = "\x43\x21\x81\x82\0\1\0\1\0\0\0\0";
	struct packet packet;

	(void)state;
	for (uint8_t rcode = 1; rcode < 16; rcode++) {
		struct hop_answer answer;

		packet = response(header);
		packet.bytes[3] = 0x80 | rcode;
		if (take(&packet, false, &answer) == HOP_ANSWER)
			continue;
		assert_int_equal(hop_reply(&query, question, &answer, packet.bytes, packet.size,
					   512), 12 + 11 + 11);
		assert_memory_equal(packet.bytes + 4, "\0\1\0\0\0\0\0\1", 8);
		assert_int_equal(packet.bytes[3] & 15, rcode);
	}
}

static void every_damage(void **state)
{
	struct packet packet = response(ANSWER);

	(void)state;
	PACKET_ADD(&packet, "\0\0\x29\2\0\0\0\0\0\0\x1c" "\0\x0a\0\x10" "abcdefgh12345678"
			    "\0\x0f\0\4\0\3hi");
	for (size_t at = 0; at < packet.size; at++) {
		for (int value = 0; value < 256; value++) {
			struct packet bad = packet;
			struct hop_answer answer;

			bad.bytes[at] = (uint8_t)value;
			bad.size = value & 1 ? packet.size : at + 1;
			if (take(&bad, value & 2, &answer) >= HOP_ERROR)
				assert_true(hop_reply(&query, question, &answer, bad.bytes,
						      bad.size, 512) <= 512);
		}
	}
}

#define fresh(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(queries_are_built), fresh(opt_ends_here), fresh(opt_begins_here),
		fresh(nothing_behind_opt), fresh(too_large_is_tc_with_opt),
		fresh(too_large_keeps_the_answers_that_fit),
		fresh(what_answers_are), fresh(codes_of_this_hop), fresh(errors_bring_no_records),
		fresh(every_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
