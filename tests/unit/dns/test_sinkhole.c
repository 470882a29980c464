/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dns/query.h"

#include "dns/sinkhole.h"

static void *block;
static struct policy policy;
static struct settings settings;

/* Of RFC 9018, A.1, like the cookie below. */
static const uint8_t secret[] = "\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f\x48\xe7\xdc\x84\x9e\x37\xbf\xcf";
static struct sinkhole_client client = { .secret = secret, .now = 1559731985 };

static int make(void **state)
{
	size_t size;

	(void)state;
	block = sample_block("list: l\nversion: 1\n[update]\na.com\nc.com\n[web]\nw.com\n"
			     "[exempt]\ntip.c.com\n", NULL, &size);
	return policy_open(&policy, block, size);
}

static int destroy(void **state)
{
	(void)state;
	free(block);
	return 0;
}

static int reset(void **state)
{
	(void)state;
	settings_init(&settings);
	settings.reply = REPLY_NXDOMAIN;
	client.address = sample_addr("198.51.100.100");
	return 0;
}

static enum sinkhole_step answer(const struct packet *packet, struct packet *reply)
{
	struct verdict verdict;
	struct query query;
	enum sinkhole_step step;

	/* In place, in memory of exactly the promised size. */
	uint8_t *buffer = malloc(packet->size + SINKHOLE_ROOM);

	assert_non_null(buffer);
	memcpy(buffer, packet->bytes, packet->size);
	step = sinkhole_answer(&settings, &policy, &client, buffer, packet->size, &query, &verdict,
			       buffer, &reply->size);
	if (step == SINKHOLE_REPLY)
		memcpy(reply->bytes, buffer, reply->size);
	free(buffer);
	return step;
}

static void reply_is(struct packet packet, const void *expected, size_t size)
{
	struct packet reply;

	assert_int_equal(answer(&packet, &reply), SINKHOLE_REPLY);
	assert_int_equal(reply.size, size);
	assert_memory_equal(reply.bytes, expected, size);
}

#define REPLY_IS(packet, literal) reply_is(packet, literal, sizeof(literal) - 1)

/* Owner at that offset; cordon.invalid. hostmaster.cordon.invalid. 1 3600 600 86400 TTL */
#define SOA(owner, mname, ttl) \
	"\xc0" owner "\0\6\0\1\0\0\0" ttl "\0\x31\6cordon\7invalid\0\x0ahostmaster\xc0" mname \
	"\0\0\0\1" "\0\0\x0e\x10" "\0\0\2\x58" "\0\1\x51\x80" "\0\0\0" ttl

static void nxdomain(void **state)
{
	(void)state;
	REPLY_IS(query_packet("a.com", TYPE_A),
		 "\x12\x34\x81\x83\0\1\0\0\0\1\0\0" "\1a\3com\0\0\1\0\1"
		 SOA("\x0c", "\x23", "\x3c"));
	/* Below the rule's name the SOA is of the rule's name. */
	settings.block_ttl = 5;
	REPLY_IS(query_packet("x.y.a.com", TYPE_AAAA),
		 "\x12\x34\x81\x83\0\1\0\0\0\1\0\0" "\1x\1y\1a\3com\0\0\x1c\0\1"
		 SOA("\x10", "\x27", "\5"));
}

static void extended_error(void **state)
{
	(void)state;
	REPLY_IS(query_packet_edns("a.com", TYPE_A),
		 "\x12\x34\x81\x83\0\1\0\0\0\1\0\1" "\1a\3com\0\0\1\0\1" SOA("\x0c", "\x23", "\x3c")
		 "\0\0\x29\x04\xd0\0\0\x80\0\0\x14" "\0\x0f\0\x10\0\x0f" "l:update:a.com");
	settings.censored = 1U << CATEGORY_UPDATE;
	settings.reply = REPLY_REFUSED;
	REPLY_IS(query_packet_edns("a.com", TYPE_A),
		 "\x12\x34\x81\x85\0\1\0\0\0\0\0\1" "\1a\3com\0\0\1\0\1"
		 "\0\0\x29\x04\xd0\0\0\x80\0\0\x14" "\0\x0f\0\x10\0\x10" "l:update:a.com");
}

/* RFC 6891, 6.1.3: our version in OPT, and no answer; whatever is asked, since OPT is for us. */
static void another_version_of_edns(void **state)
{
	struct packet packet = query_packet_edns("a.com", TYPE_A);

	(void)state;
	packet.bytes[packet.size - 5] = 1;
	REPLY_IS(packet, "\x12\x34\x81\x80\0\1\0\0\0\0\0\1" "\1a\3com\0\0\1\0\1"
			 "\0\0\x29\x04\xd0\1\0\x80\0\0\0");
	packet = query_packet_edns("a.net", TYPE_A);
	packet.bytes[packet.size - 5] = 1;
	REPLY_IS(packet, "\x12\x34\x81\x80\0\1\0\0\0\0\0\1" "\1a\3net\0\0\1\0\1"
			 "\0\0\x29\x04\xd0\1\0\x80\0\0\0");
}

#define COOKIE_OPTION "\0\x0a\0\x18" "\x24\x64\xc4\xab\xcf\x10\xc9\x57" \
	"\1\0\0\0\x5c\xf7\x9f\x11\x1f\x81\x30\xc3\xee\xe2\x94\x80"

/* OPT with these options in place of the one without any. */
static struct packet with_options(struct packet packet, const char *options, size_t size)
{
	packet_add(&packet, options, size);
	packet.bytes[packet.size - size - 1] = (uint8_t)size;
	return packet;
}

#define WITH_OPTIONS(packet, literal) with_options(packet, literal, sizeof(literal) - 1)

static struct packet with_cookie(struct packet packet)
{
	return WITH_OPTIONS(packet, "\0\x0a\0\x08" "\x24\x64\xc4\xab\xcf\x10\xc9\x57");
}

/* Clients that have learnt of our cookies believe no reply without one (RFC 7873, 5.3). */
static void a_refusal_carries_a_cookie(void **state)
{
	struct packet packet = with_cookie(query_packet_edns("a.com", TYPE_A));

	(void)state;
	settings.reply = REPLY_REFUSED;
	REPLY_IS(packet, "\x12\x34\x81\x85\0\1\0\0\0\0\0\1" "\1a\3com\0\0\1\0\1"
			 "\0\0\x29\x04\xd0\0\0\x80\0\0\x30" COOKIE_OPTION
			 "\0\x0f\0\x10\0\x0f" "l:update:a.com");
	/* One that is not ours any more gets a fresh one. */
	packet = WITH_OPTIONS(query_packet_edns("a.com", TYPE_A),
			      "\0\x0a\0\x10" "\x24\x64\xc4\xab\xcf\x10\xc9\x57" "12345678");
	REPLY_IS(packet, "\x12\x34\x81\x85\0\1\0\0\0\0\0\1" "\1a\3com\0\0\1\0\1"
			 "\0\0\x29\x04\xd0\0\0\x80\0\0\x30" COOKIE_OPTION
			 "\0\x0f\0\x10\0\x0f" "l:update:a.com");
}

/* RFC 7873, 5.4: no question, a cookie is all that is wanted. */
static void a_cookie_without_a_question(void **state)
{
	struct packet packet = { .size = 0 };

	(void)state;
	PACKET_ADD(&packet, "\x12\x34\1\0\0\0\0\0\0\0\0\1" "\0\0\x29\x04\xd0\0\0\0\0\0\0");
	REPLY_IS(packet, "\x12\x34\x81\x81\0\0\0\0\0\0\0\1"
			 "\0\0\x29\x04\xd0\0\0\0\0\0\0");
	REPLY_IS(with_cookie(packet), "\x12\x34\x81\x80\0\0\0\0\0\0\0\1"
		 "\0\0\x29\x04\xd0\0\0\0\0\0\x1c" COOKIE_OPTION);
}

/* RFC 7873, 5.2.2: lengths that no cookie has. */
static void malformed_cookies(void **state)
{
	static const uint8_t lengths[] = { 0, 7, 9, 15, 41 };
	uint8_t option[4 + 41] = { 0, 10 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		option[3] = lengths[i];
		REPLY_IS(with_options(query_packet_edns("a.com", TYPE_A), (char *)option,
				      4U + lengths[i]),
			 "\x12\x34\x81\x81\0\1\0\0\0\0\0\1" "\1a\3com\0\0\1\0\1"
			 "\0\0\x29\x04\xd0\0\0\x80\0\0\0");
	}
}

static void errors_carry_opt_and_cookie(void **state)
{
	struct packet packet = with_cookie(query_packet_edns("a.com", TYPE_A));

	(void)state;
	packet.bytes[packet.size - 17] = 1;
	REPLY_IS(packet, "\x12\x34\x81\x80\0\1\0\0\0\0\0\1" "\1a\3com\0\0\1\0\1"
			 "\0\0\x29\x04\xd0\1\0\x80\0\0\x1c" COOKIE_OPTION);
	/* Two questions. */
	packet = query_packet("a.com", TYPE_A);
	packet.bytes[5] = 2;
	packet.bytes[11] = 1;
	PACKET_ADD(&packet, "\1b\3com\0\0\1\0\1" "\0\0\x29\x04\xd0\0\0\0\0\0\0");
	REPLY_IS(with_cookie(packet), "\x12\x34\x81\x81\0\0\0\0\0\0\0\1"
		 "\0\0\x29\x04\xd0\0\0\0\0\0\x1c" COOKIE_OPTION);
}

/* Without a question, too: an opcode that is unknown is not implemented, rather than misused. */
static void unknown_opcodes(void **state)
{
	struct packet packet = { .size = 0 };

	(void)state;
	PACKET_ADD(&packet, "\x12\x34\x79\0\0\0\0\0\0\0\0\0");
	REPLY_IS(packet, "\x12\x34\xf9\x84\0\0\0\0\0\0\0\0");
	packet.bytes[11] = 1;
	PACKET_ADD(&packet, "\0\0\x29\x04\xd0\0\0\0\0\0\0");
	REPLY_IS(packet, "\x12\x34\xf9\x84\0\0\0\0\0\0\0\1" "\0\0\x29\x04\xd0\0\0\0\0\0\0");
	/* Of an update we know what it looks like. */
	packet.bytes[2] = 0x28;
	REPLY_IS(packet, "\x12\x34\xa8\x81\0\0\0\0\0\0\0\1" "\0\0\x29\x04\xd0\0\0\0\0\0\0");
}

static void nodata(void **state)
{
	(void)state;
	settings.reply = REPLY_NODATA;
	REPLY_IS(query_packet("a.com", 16),
		 "\x12\x34\x81\x80\0\1\0\0\0\1\0\0" "\1a\3com\0\0\x10\0\1"
		 SOA("\x0c", "\x23", "\x3c"));
	/* An exempt name lies below: NXDOMAIN would deny that too. */
	settings.reply = REPLY_NXDOMAIN;
	REPLY_IS(query_packet("c.com", TYPE_A),
		 "\x12\x34\x81\x80\0\1\0\0\0\1\0\0" "\1c\3com\0\0\1\0\1"
		 SOA("\x0c", "\x23", "\x3c"));
	REPLY_IS(query_packet("x.c.com", TYPE_A),
		 "\x12\x34\x81\x83\0\1\0\0\0\1\0\0" "\1x\1c\3com\0\0\1\0\1"
		 SOA("\x0e", "\x25", "\x3c"));
}

static void refused(void **state)
{
	(void)state;
	settings.reply = REPLY_REFUSED;
	REPLY_IS(query_packet("a.com", TYPE_A),
		 "\x12\x34\x81\x85\0\1\0\0\0\0\0\0" "\1a\3com\0\0\1\0\1");
}

static void zero(void **state)
{
	(void)state;
	settings.reply = REPLY_ZERO;
	REPLY_IS(query_packet("a.com", TYPE_A),
		 "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" "\1a\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\0\0\0\0");
	REPLY_IS(query_packet("a.com", TYPE_AAAA),
		 "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" "\1a\3com\0\0\x1c\0\1"
		 "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	REPLY_IS(query_packet("a.com", TYPE_HTTPS),
		 "\x12\x34\x81\x80\0\1\0\0\0\1\0\0" "\1a\3com\0\0\x41\0\1"
		 SOA("\x0c", "\x23", "\x3c"));
}

static void sinkhole_address(void **state)
{
	(void)state;
	settings.reply = REPLY_SINKHOLE;
	settings.sinkhole4 = sample_addr("192.0.2.80");
	settings.sinkhole6 = sample_addr("2001:db8::80");
	REPLY_IS(query_packet("a.com", TYPE_A),
		 "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" "\1a\3com\0\0\1\0\1"
		 "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x50");
	REPLY_IS(query_packet("a.com", TYPE_AAAA),
		 "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" "\1a\3com\0\0\x1c\0\1"
		 "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x80");
}

/* CD and RD come back, AD and the other bits do not; letters as they were asked. */
static void header_and_case(void **state)
{
	struct packet packet = query_packet("a.com", TYPE_A);

	(void)state;
	settings.reply = REPLY_REFUSED;
	packet.bytes[3] = 0x70;
	packet.bytes[13] = 'A';
	REPLY_IS(packet, "\x12\x34\x81\x95\0\1\0\0\0\0\0\0" "\1A\3com\0\0\1\0\1");
}

static void what_is_forwarded(void **state)
{
	static const struct { const char *name; uint16_t type; } known[] = {
		{ "b.com", 1 }, { "w.com", 1 }, { "tip.c.com", 1 }, { "x.tip.c.com", 28 },
		{ ".", 2 }, { "c.com", TYPE_DS }, { "c.com", TYPE_DNSKEY },
	};
	struct packet packet, reply;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		packet = query_packet(known[i].name, known[i].type);
		assert_int_equal(answer(&packet, &reply), SINKHOLE_FORWARD);
	}
	/* Nothing lies below a.com: its keys are of no use to anybody. */
	packet = query_packet("a.com", TYPE_DS);
	assert_int_equal(answer(&packet, &reply), SINKHOLE_REPLY);
	/* Dynamic update of a blocked zone: for the internal servers, or nobody. */
	packet = query_packet("a.com", TYPE_A);
	packet.bytes[2] |= 5 << 3;
	assert_int_equal(answer(&packet, &reply), SINKHOLE_FORWARD);
}

static void malformed_gets_formerr(void **state)
{
	struct packet packet = query_packet("a.com", TYPE_A), reply;

	(void)state;
	packet.size--;
	REPLY_IS(packet, "\x12\x34\x81\x81\0\0\0\0\0\0\0\0");
	packet.size = WIRE_HEADER;
	REPLY_IS(packet, "\x12\x34\x81\x81\0\0\0\0\0\0\0\0");
	packet.size = WIRE_HEADER - 1;
	assert_int_equal(answer(&packet, &reply), SINKHOLE_DROP);
	packet = query_packet("a.com", TYPE_A);
	packet.bytes[2] |= 0x80;
	assert_int_equal(answer(&packet, &reply), SINKHOLE_DROP);
}

/* The longest name with everything added stays within the room that is promised. */
static void longest_reply(void **state)
{
	char name[256] = "";
	struct packet packet, reply;

	(void)state;
	while (strlen(name) < 247)
		strcat(name, "x.");
	strcat(name, "a.com");
	packet = query_packet_edns(name, TYPE_A);
	assert_int_equal(answer(&packet, &reply), SINKHOLE_REPLY);
	assert_true(reply.size < packet.size + SINKHOLE_ROOM);
	assert_int_equal(reply.bytes[3] & 15, RCODE_NXDOMAIN);
}

static void every_damage(void **state)
{
	struct packet packet = query_packet_edns("x.a.com", TYPE_A), reply;

	(void)state;
	for (size_t at = 0; at < packet.size; at++) {
		uint8_t was = packet.bytes[at];

		for (int value = 0; value < 256; value++) {
			packet.bytes[at] = (uint8_t)value;
			if (answer(&packet, &reply) == SINKHOLE_REPLY)
				assert_true(reply.bytes[2] & 0x80);
		}
		packet.bytes[at] = was;
	}
}

#define fresh(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fresh(nxdomain), fresh(extended_error), fresh(another_version_of_edns),
		fresh(a_refusal_carries_a_cookie), fresh(a_cookie_without_a_question),
		fresh(malformed_cookies), fresh(errors_carry_opt_and_cookie),
		fresh(unknown_opcodes),
		fresh(nodata), fresh(refused),
		fresh(zero), fresh(sinkhole_address), fresh(header_and_case),
		fresh(what_is_forwarded), fresh(malformed_gets_formerr), fresh(longest_reply),
		fresh(every_damage),
	};

	return cmocka_run_group_tests(tests, make, destroy);
}
