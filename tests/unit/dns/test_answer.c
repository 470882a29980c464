/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dns/query.h"

#include <errno.h>

#include "dns/answer.h"

static void *block;
static struct policy policy;
static struct settings settings;
static bool internal;

static int make(void **state)
{
	size_t size;

	(void)state;
	block = sample_block("list: l\nversion: 1\n[update]\nbad.com\n[web]\nwatch.com\n"
			     "[exempt]\ntip.bad.com\n[network]\n77.74.176.0/21 category=update\n"
			     "77.74.184.0/24 category=web\n2a03:2480::/32 category=update\n",
			     NULL, &size);
	settings_init(&settings);
	return policy_open(&policy, block, size);
}

static int destroy(void **state)
{
	(void)state;
	free(block);
	return 0;
}

/* An answer to a question for the name, still without records. */
static struct packet begin(const char *name)
{
	struct packet packet = query_packet(name, TYPE_A);

	packet.bytes[2] = 0x81;
	packet.bytes[3] = 0x80;
	return packet;
}

/* One more record, class IN, TTL 300, in the answer or the additional section. */
static void add_owned(struct packet *packet, const char *owner, uint16_t type, const void *data,
		      size_t size, size_t section)
{
	const uint8_t head[10] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 1, 0x2c,
				   (uint8_t)(size >> 8), (uint8_t)size };
	struct name name = sample_name(owner);

	packet_add(packet, name.wire, name.length);
	packet_add(packet, head, sizeof(head));
	packet_add(packet, data, size);
	packet->bytes[section]++;
}

/* The same for the question's name. */
static void add_record(struct packet *packet, uint16_t type, const void *data, size_t size,
		       size_t section)
{
	const uint8_t head[12] = { 0xc0, 0x0c, (uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 1,
				   0x2c, (uint8_t)(size >> 8), (uint8_t)size };

	packet_add(packet, head, sizeof(head));
	packet_add(packet, data, size);
	packet->bytes[section]++;
}

enum { ANSWER = 7, ADDITIONAL = 11 };

static void add_cname(struct packet *packet, const char *target)
{
	struct name name = sample_name(target);

	add_record(packet, TYPE_CNAME, name.wire, name.length, ANSWER);
}

static void add_addr(struct packet *packet, const char *text)
{
	struct addr addr = sample_addr(text);
	bool v4 = addr_is_v4(&addr);

	add_record(packet, v4 ? TYPE_A : TYPE_AAAA, addr.bytes + (v4 ? 12 : 0), v4 ? 4 : 16,
		   ANSWER);
}

static void add_cname_of(struct packet *packet, const char *owner, const char *target)
{
	struct name name = sample_name(target);

	add_owned(packet, owner, TYPE_CNAME, name.wire, name.length, ANSWER);
}

#define VENDOR "\x4d\x4a\xb1\x03"	/* 77.74.177.3 */

static int judge(const struct packet *packet, const char *asked, struct answer *answer)
{
	struct query query = { .name = sample_name(asked), .type = TYPE_A, .class = 1 };
	struct verdict verdict = policy_lookup_name(&policy, query.name.wire);

	const struct answer_terms terms = { &settings, &policy, internal };

	return answer_judge(&terms, packet->bytes, packet->size, &query, &verdict, answer);
}

static void judged(const struct packet *packet, const char *asked, enum action action,
		   const char *rule, struct answer *answer)
{
	struct policy_rule found = { .id = "l:" };

	assert_int_equal(judge(packet, asked, answer), 0);
	policy_rule(&policy, answer->verdict.rule, &found);
	assert_string_equal(found.id + 2, rule);
	assert_int_equal(answer->verdict.action, action);
}

static void innocent(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	add_cname(&packet, "cdn.example");
	add_addr(&packet, "192.0.2.1");
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 0);
	packet = begin("good.net");
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
}

static void chain_into_the_blocked(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	add_cname(&packet, "cdn.example");
	add_cname(&packet, "Edge.BAD.com");
	add_addr(&packet, "192.0.2.1");
	judged(&packet, "good.net", ACTION_BLOCK, "update:bad.com", &answer);
	assert_false(answer.by_address);
}

static void address_of_a_blocked_network(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	add_addr(&packet, "192.0.2.1");
	add_addr(&packet, "77.74.177.3");
	judged(&packet, "good.net", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
	assert_true(answer.by_address);
	assert_memory_equal(answer.address.bytes + 12, "\x4d\x4a\xb1\x03", 4);
	packet = begin("good.net");
	add_addr(&packet, "2a03:2480::1");
	judged(&packet, "good.net", ACTION_BLOCK, "update:2a03:2480::/32", &answer);
	packet = begin("good.net");
	add_addr(&packet, "77.74.184.3");
	judged(&packet, "good.net", ACTION_MONITOR, "web:77.74.184.0/24", &answer);
	/* Glue is an address that a client may use as well. */
	packet = begin("good.net");
	add_record(&packet, TYPE_A, "\x4d\x4a\xb1\x03", 4, ADDITIONAL);
	judged(&packet, "good.net", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
}

/* What is exempt or watched carries its addresses with it; each needs a pinhole, once. */
static void carried_addresses(void **state)
{
	struct packet packet = begin("x.tip.bad.com");
	struct answer answer;

	(void)state;
	add_addr(&packet, "77.74.177.3");
	add_addr(&packet, "77.74.177.3");
	add_addr(&packet, "2a03:2480::1");
	add_addr(&packet, "192.0.2.1");
	judged(&packet, "x.tip.bad.com", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 2);
	assert_int_equal(answer.seconds[0], 300);
	/* Also where the name comes up only in the chain, behind the address. */
	packet = begin("good.net");
	add_owned(&packet, "watch.com", TYPE_A, VENDOR, 4, ANSWER);
	add_cname(&packet, "watch.com");
	judged(&packet, "good.net", ACTION_MONITOR, "web:watch.com", &answer);
	assert_int_equal(answer.pinholes, 1);
	assert_memory_equal(answer.carrier.wire, "\5watch\3com", 11);
}

/* Only what the question leads to carries, in the order of the chain and not of the packet. */
static void an_unrelated_name_carries_nothing(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	add_addr(&packet, "77.74.177.3");
	add_cname_of(&packet, "x.example", "tip.bad.com");
	judged(&packet, "good.net", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
	/* A name before the exempt one is not exempt. */
	packet = begin("good.net");
	add_cname_of(&packet, "c.example", "tip.bad.com");
	add_cname_of(&packet, "b.bad.com", "c.example");
	add_cname(&packet, "b.bad.com");
	add_owned(&packet, "tip.bad.com", TYPE_A, VENDOR, 4, ANSWER);
	judged(&packet, "good.net", ACTION_BLOCK, "update:bad.com", &answer);
	packet = begin("good.net");
	add_addr(&packet, "77.74.177.3");
	add_cname(&packet, "tip.bad.com");
	judged(&packet, "good.net", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
	/* Nor does a carried answer let through what it has nothing to do with. */
	packet = begin("tip.bad.com");
	add_owned(&packet, "ns.example", TYPE_A, VENDOR, 4, ADDITIONAL);
	judged(&packet, "tip.bad.com", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 0);
}

/* Some resolver libraries, musl's for one, take every address of the answer section, with any
 * owner name. */
static void what_stands_beside_a_carried_answer_is_judged(void **state)
{
	struct packet packet = begin("tip.bad.com");
	struct name good = sample_name("example.net"), bad = sample_name("bad.com");
	struct answer answer;

	(void)state;
	add_addr(&packet, "77.74.177.4");
	add_owned(&packet, "x.example", TYPE_A, VENDOR, 4, ANSWER);
	judged(&packet, "tip.bad.com", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
	/* The DNAME that a chain went by is of another name, and no more than a way. */
	packet = begin("tip.bad.com");
	add_owned(&packet, "bad.com", TYPE_DNAME, good.wire, good.length, ANSWER);
	add_cname(&packet, "tip.example.net");
	add_owned(&packet, "tip.example.net", TYPE_A, VENDOR, 4, ANSWER);
	add_owned(&packet, "x.net", TYPE_DNAME, bad.wire, bad.length, ANSWER);
	judged(&packet, "tip.bad.com", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 1);
}

/* AliasMode and ServiceMode lead on as CNAME does, the last record first or not. */
static void services_lead_on_in_any_order(void **state)
{
	struct name dl = sample_name("dl.bad.com");
	struct packet packet = begin("watch.com");
	struct answer answer;

	(void)state;
	add_owned(&packet, "a.example", TYPE_HTTPS, "\0\1\2dl\3bad\3com\0", 14, ADDITIONAL);
	add_record(&packet, TYPE_HTTPS, "\0\0\1a\7example\0", 13, ADDITIONAL);
	judged(&packet, "watch.com", ACTION_BLOCK, "update:bad.com", &answer);
	packet = begin("watch.com");
	add_record(&packet, TYPE_HTTPS, "\0\1\1a\7example\0", 13, ANSWER);
	add_owned(&packet, "a.example", TYPE_CNAME, dl.wire, dl.length, ADDITIONAL);
	judged(&packet, "watch.com", ACTION_BLOCK, "update:bad.com", &answer);
	/* An address in front of the record that leads to its name. */
	packet = begin("watch.com");
	add_owned(&packet, "a.example", TYPE_A, VENDOR, 4, ANSWER);
	add_record(&packet, TYPE_HTTPS, "\0\1\1a\7example\0", 13, ANSWER);
	judged(&packet, "watch.com", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 1);
	/* Round and round. */
	packet = begin("watch.com");
	add_record(&packet, TYPE_HTTPS, "\0\0\1a\7example\0", 13, ANSWER);
	add_owned(&packet, "a.example", TYPE_HTTPS, "\0\0\5watch\3com\0", 13, ANSWER);
	judged(&packet, "watch.com", ACTION_NONE, "", &answer);
}

static void chains_in_any_order(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	add_owned(&packet, "EDGE.example", TYPE_A, VENDOR, 4, ANSWER);
	add_cname_of(&packet, "tip.bad.com", "edge.example");
	add_cname_of(&packet, "a.example", "TIP.bad.com");
	add_cname(&packet, "a.example");
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 1);
	assert_memory_equal(answer.carrier.wire, "\3tip\3bad\3com", 13);
	/* Round and round. */
	packet = begin("good.net");
	add_cname(&packet, "a.example");
	add_cname_of(&packet, "a.example", "good.net");
	add_addr(&packet, "192.0.2.1");
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
}

/* RFC 6672: the synthesized CNAME may be missing. */
static void dname(void **state)
{
	struct name bad = sample_name("bad.com"), good = sample_name("example");
	struct packet packet = begin("x.good.net");
	struct answer answer;

	(void)state;
	add_owned(&packet, "good.net", TYPE_DNAME, bad.wire, bad.length, ANSWER);
	judged(&packet, "x.good.net", ACTION_BLOCK, "update:bad.com", &answer);
	packet = begin("tip.good.net");
	add_owned(&packet, "good.net", TYPE_DNAME, bad.wire, bad.length, ANSWER);
	add_owned(&packet, "tip.bad.com", TYPE_A, VENDOR, 4, ANSWER);
	judged(&packet, "tip.good.net", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 1);
	packet = begin("x.good.net");
	add_owned(&packet, "good.net", TYPE_DNAME, good.wire, good.length, ANSWER);
	judged(&packet, "x.good.net", ACTION_NONE, "", &answer);
}

/* More names than the chain can hold: each is judged all the same. */
static void long_chains(void **state)
{
	struct packet packet = begin("good.net");
	char from[32] = "good.net", to[32];
	struct answer answer;

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(to, sizeof(to), "n%d.example", i);
		add_cname_of(&packet, from, to);
		memcpy(from, to, sizeof(from));
	}
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
	add_cname_of(&packet, from, "bad.com");
	judged(&packet, "good.net", ACTION_BLOCK, "update:bad.com", &answer);
	/* And so where a watched name leads. */
	packet = begin("watch.com");
	snprintf(from, sizeof(from), "watch.com");
	for (int i = 0; i < 30; i++) {
		snprintf(to, sizeof(to), "n%d.example", i);
		add_cname_of(&packet, from, to);
		memcpy(from, to, sizeof(from));
	}
	add_cname_of(&packet, from, "dl.bad.com");
	judged(&packet, "watch.com", ACTION_BLOCK, "update:bad.com", &answer);
}

static void many_addresses(void **state)
{
	struct packet packet = begin("tip.bad.com");
	struct answer answer;

	(void)state;
	for (int i = 0; i < 40; i++) {
		char text[32];

		snprintf(text, sizeof(text), "77.74.177.%d", i);
		add_addr(&packet, text);
	}
	judged(&packet, "tip.bad.com", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, ANSWER_PINHOLES);
}

static void service_records(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	/* a hint of IPv4, behind alpn=h2 */
	add_record(&packet, TYPE_HTTPS, "\0\1\0" "\0\1\0\3\2h2" "\0\4\0\4\x4d\x4a\xb1\x03", 18,
		   ANSWER);
	judged(&packet, "good.net", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
	packet = begin("good.net");
	add_record(&packet, TYPE_HTTPS, "\0\0\3bad\3com\0", 11, ANSWER);
	judged(&packet, "good.net", ACTION_BLOCK, "update:bad.com", &answer);
	/* The target's addresses belong to the service. */
	packet = begin("good.net");
	add_record(&packet, TYPE_HTTPS, "\0\1\3tip\3bad\3com\0" "\0\4\0\4" VENDOR, 23, ANSWER);
	add_owned(&packet, "tip.bad.com", TYPE_A, "\x4d\x4a\xb1\x04", 4, ADDITIONAL);
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 2);
	packet = begin("good.net");
	add_record(&packet, TYPE_HTTPS, "\0\1\0\0\4\0\x09\x4d\x4a\xb1\x03", 11, ANSWER);
	assert_int_equal(judge(&packet, "good.net", &answer), -EBADMSG);
}

static void every_damage(void **state)
{
	struct packet packet = begin("good.net"), damaged;
	struct answer answer;

	(void)state;
	add_cname(&packet, "cdn.example");
	add_record(&packet, TYPE_HTTPS, "\0\1\0\0\4\0\4\x4d\x4a\xb1\x03", 11, ANSWER);
	add_addr(&packet, "2a03:2480::1");
	for (size_t size = 0; size < packet.size; size++) {
		damaged = packet;
		damaged.size = size;
		assert_int_equal(judge(&damaged, "good.net", &answer), -EBADMSG);
	}
	for (size_t at = 0; at < packet.size; at++) {
		damaged = packet;
		for (int value = 0; value < 256; value++) {
			damaged.bytes[at] = (uint8_t)value;
			if (judge(&damaged, "good.net", &answer) == 0)
				assert_true(answer.pinholes <= ANSWER_PINHOLES);
		}
	}
}

/* An innocent address record, as a whole. */
#define DECOY "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64\x0a"

/* RDLENGTH says where a record ends, and clients go by it: what stands in the surplus is no record.
 */
static void surplus_bytes_hide_no_record(void **state)
{
	static const struct { uint16_t type; const char *data; size_t size; } odd[] = {
		{ 13, "\0\0" DECOY DECOY, 34 },				/* HINFO */
		{ 15, "\0\5\xc0\x0c" DECOY DECOY, 36 },			/* MX */
		{ 33, "\0\0\0\0\0\5\xc0\x0c" DECOY DECOY, 40 },		/* SRV */
		{ TYPE_NS, "\xc0\x0c" DECOY DECOY, 34 },
		{ 17, "\xc0\x0c\xc0\x0c" DECOY DECOY, 36 },		/* RP */
		{ TYPE_A, "\xc6\x33\x64\x0a" DECOY DECOY, 36 },
		{ TYPE_AAAA, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" DECOY DECOY, 48 },
		{ TYPE_CNAME, "\xc0\x0c" DECOY DECOY, 34 },
		{ TYPE_HTTPS, "\0\1\0" DECOY DECOY, 35 },
		{ 65280, DECOY DECOY, 32 },				/* private use */
	};
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct packet packet = begin("good.net");

		add_owned(&packet, "zz.good.net", odd[i].type, odd[i].data, odd[i].size, ANSWER);
		add_cname(&packet, "edge.bad.com");
		add_addr(&packet, "192.0.2.1");
		judged(&packet, "good.net", ACTION_BLOCK, "update:bad.com", &answer);
	}
}

/* Of a type that nobody judges no data is odd (these are valid NSAP-PTR and SINK). */
static void odd_records_that_nobody_judges_pass(void **state)
{
	struct packet packet = begin("good.net");
	static uint8_t large[1200];
	struct answer answer;

	(void)state;
	add_record(&packet, 23, "foo", 4, ANSWER);
	add_record(&packet, 40, "\x40\0\0\1\2\3", 6, ANSWER);
	add_record(&packet, 65280, large, sizeof(large), ANSWER);
	add_record(&packet, 15, "", 0, ADDITIONAL);
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
	/* What is judged and can be read in two ways is refused. */
	packet = begin("good.net");
	add_record(&packet, TYPE_A, "\xc0\0\2\1" DECOY, 20, ANSWER);
	assert_int_equal(judge(&packet, "good.net", &answer), -EBADMSG);
	packet = begin("good.net");
	add_record(&packet, TYPE_CNAME, "\xc0\x0c" DECOY, 18, ANSWER);
	assert_int_equal(judge(&packet, "good.net", &answer), -EBADMSG);
}

/* RFC 9460 sets no limit below that of a message. */
static void large_service_records_pass(void **state)
{
	static uint8_t message[9000], data[8000] = { 0, 1, 0, 0, 5, 7993 >> 8, 7993 & 255 };
	struct packet packet = begin("good.net");
	const struct answer_terms terms = { &settings, &policy, false };
	const struct verdict asked = { .rule = POLICY_NO_RULE };
	struct query query = { .name = sample_name("good.net"), .type = TYPE_HTTPS, .class = 1 };
	struct answer answer;

	(void)state;
	packet.bytes[ANSWER] = 1;
	PACKET_ADD(&packet, "\xc0\x0c\0\x41\0\1\0\0\1\0\x1f\x40");
	memcpy(message, packet.bytes, packet.size);
	memcpy(message + packet.size, data, sizeof(data));
	assert_int_equal(answer_judge(&terms, message, packet.size + sizeof(data), &query, &asked,
				      &answer), 0);
	assert_int_equal(answer.verdict.action, ACTION_NONE);
}

/* The operator of a watched or exempt name's zone cannot lead it to an update server. */
static void no_carrier_leads_to_what_update_blocks(void **state)
{
	struct packet packet = begin("watch.com");
	struct answer answer;

	(void)state;
	add_cname(&packet, "dl.bad.com");
	add_owned(&packet, "dl.bad.com", TYPE_A, VENDOR, 4, ANSWER);
	judged(&packet, "watch.com", ACTION_BLOCK, "update:bad.com", &answer);
	packet = begin("tip.bad.com");
	add_cname(&packet, "a.example");
	add_cname_of(&packet, "a.example", "dl.bad.com");
	judged(&packet, "tip.bad.com", ACTION_BLOCK, "update:bad.com", &answer);
	packet = begin("watch.com");
	add_record(&packet, TYPE_HTTPS, "\0\1\2dl\3bad\3com\0", 14, ANSWER);
	judged(&packet, "watch.com", ACTION_BLOCK, "update:bad.com", &answer);
	/* An exempt name in the middle does not wash it either. */
	packet = begin("good.net");
	add_cname(&packet, "tip.bad.com");
	add_cname_of(&packet, "tip.bad.com", "dl.bad.com");
	judged(&packet, "good.net", ACTION_BLOCK, "update:bad.com", &answer);
}

/* NAT64, 6to4 and the like: the address that the packets will have in the end. */
static void vendor_addresses_inside_ipv6(void **state)
{
	static const char *const addresses[] = { "64:ff9b::4d4a:b103", "2002:4d4a:b103::1",
						 "::4d4a:b103", "::ffff:77.74.177.3" };
	struct packet packet;
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		uint8_t hint[23] = { 0, 1, 0, 0, 6, 0, 16 };
		struct addr addr = sample_addr(addresses[i]);

		packet = begin("good.net");
		add_record(&packet, TYPE_AAAA, addr.bytes, 16, ANSWER);
		judged(&packet, "good.net", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
		packet = begin("good.net");
		memcpy(hint + 7, addr.bytes, 16);
		add_record(&packet, TYPE_HTTPS, hint, sizeof(hint), ANSWER);
		judged(&packet, "good.net", ACTION_BLOCK, "update:77.74.176.0/21", &answer);
	}
}

/* What the agency's own servers say is judged like anything else. */
static void internal_answers_are_judged(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	internal = true;
	add_cname(&packet, "dl.bad.com");
	judged(&packet, "good.net", ACTION_BLOCK, "update:bad.com", &answer);
	internal = false;
}

static bool rebinds(const char *asked, const char *address)
{
	struct packet packet = begin(asked);
	struct answer answer;

	add_addr(&packet, address);
	assert_int_equal(judge(&packet, asked, &answer), 0);
	return answer.rebinds;
}

static void private_addresses_from_outside(void **state)
{
	static const char *const inside[] = { "10.1.2.3", "127.0.0.1", "172.31.0.1", "192.168.0.1",
					      "169.254.1.1", "0.0.0.0", "::1", "fd00::1", "fe80::1",
					      "::ffff:10.0.0.1", "64:ff9b::c0a8:1",
					      "64:ff9b:1:c0a8:0:100::", "2002:a00:1::1",
					      "::127.0.0.1" };

	(void)state;
	assert_false(rebinds("good.net", "192.168.0.1"));
	settings.rebinding_protection = true;
	settings.rebinding_domain[0] = sample_name("plex.example");
	settings.rebinding_domains = 1;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		assert_true(rebinds("good.net", inside[i]));
	assert_false(rebinds("good.net", "192.0.2.1"));
	assert_false(rebinds("good.net", "172.32.0.1"));
	assert_false(rebinds("good.net", "64:ff9b:1:c000:2:100::"));
	assert_false(rebinds("good.net", "64:ff9b:1::c000:201"));
	assert_false(rebinds("a.plex.example", "192.168.0.1"));
	internal = true;
	assert_false(rebinds("good.net", "192.168.0.1"));
	internal = false;
	settings.rebinding_protection = false;
}

/* A hostile zone's hundreds of aliases cost no more than a few. */
static void too_many_aliases_are_refused(void **state)
{
	struct packet packet = begin("good.net");
	struct answer answer;

	(void)state;
	for (int i = 0; i < 64; i++)
		add_record(&packet, TYPE_CNAME, "\xc0\x0c", 2, ANSWER);
	judged(&packet, "good.net", ACTION_NONE, "", &answer);
	add_record(&packet, TYPE_CNAME, "\xc0\x0c", 2, ANSWER);
	assert_int_equal(judge(&packet, "good.net", &answer), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(innocent),
		cmocka_unit_test(chain_into_the_blocked),
		cmocka_unit_test(address_of_a_blocked_network),
		cmocka_unit_test(carried_addresses),
		cmocka_unit_test(an_unrelated_name_carries_nothing),
		cmocka_unit_test(what_stands_beside_a_carried_answer_is_judged),
		cmocka_unit_test(services_lead_on_in_any_order),
		cmocka_unit_test(chains_in_any_order),
		cmocka_unit_test(dname),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(many_addresses),
		cmocka_unit_test(service_records),
		cmocka_unit_test(every_damage),
		cmocka_unit_test(surplus_bytes_hide_no_record),
		cmocka_unit_test(odd_records_that_nobody_judges_pass),
		cmocka_unit_test(large_service_records_pass),
		cmocka_unit_test(no_carrier_leads_to_what_update_blocks),
		cmocka_unit_test(vendor_addresses_inside_ipv6),
		cmocka_unit_test(internal_answers_are_judged),
		cmocka_unit_test(private_addresses_from_outside),
		cmocka_unit_test(too_many_aliases_are_refused),
	};

	return cmocka_run_group_tests(tests, make, destroy);
}
