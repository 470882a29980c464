/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dns/query.h"

#include <errno.h>

#include "dns/answer.h"

static void *block;
static struct policy policy;

static int make(void **state)
{
	size_t size;

	(void)state;
	block = sample_block("list: l\nversion: 1\n[update]\nbad.com\n[web]\nwatch.com\n"
			     "[exempt]\ntip.bad.com\n[network]\n77.74.176.0/21 category=update\n"
			     "77.74.184.0/24 category=web\n2a03:2480::/32 category=update\n",
			     NULL, &size);
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

	return answer_judge(&policy, packet->bytes, packet->size, &query, &verdict, answer);
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
	add_owned(&packet, "x.example", TYPE_A, VENDOR, 4, ANSWER);
	add_owned(&packet, "ns.example", TYPE_A, VENDOR, 4, ADDITIONAL);
	judged(&packet, "tip.bad.com", ACTION_NONE, "", &answer);
	assert_int_equal(answer.pinholes, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(innocent),
		cmocka_unit_test(chain_into_the_blocked),
		cmocka_unit_test(address_of_a_blocked_network),
		cmocka_unit_test(carried_addresses),
		cmocka_unit_test(an_unrelated_name_carries_nothing),
		cmocka_unit_test(chains_in_any_order),
		cmocka_unit_test(dname),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(many_addresses),
		cmocka_unit_test(service_records),
		cmocka_unit_test(every_damage),
	};

	return cmocka_run_group_tests(tests, make, destroy);
}
