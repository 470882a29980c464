/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dns/query.h"

#include "dns/records.h"
#include "dns/sinkhole.h"

static struct query ask(const char *name, uint16_t type, struct packet *packet)
{
	struct query query;

	*packet = query_packet_edns(name, type);
	assert_int_equal(wire_parse_query(&query, packet->bytes, packet->size), WIRE_OK);
	return query;
}

static void finds(const char *name, uint16_t type, enum special expected, uint8_t zone)
{
	struct packet packet;
	struct query query = ask(name, type, &packet);
	uint8_t depth = 0;

	if (special_find(&query, &depth) != expected || (expected && depth != zone))
		fail_msg("%s type %u: %d in a zone of %u labels", name, type,
			 special_find(&query, &depth), depth);
}

static void names_of_no_public_zone(void **state)
{
	static const char *const inside[] = {
		"www.invalid", "onion", "abc.onion", "printer.local", "x.y.local",
	};
	static const char *const ordinary[] = {
		"example.com", "localhost.example", "local.example.com", "onions",    "myhome.arpa",
		"arpa",	       "in-addr.arpa",	    "ip6.arpa",		 "e164.arpa", "test",
		"internal",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		finds(inside[i], TYPE_A, SPECIAL_NXDOMAIN, 1);
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(*ordinary); i++)
		finds(ordinary[i], TYPE_A, SPECIAL_NO, 0);
	finds("localhost", TYPE_A, SPECIAL_LOCALHOST, 1);
	finds("a.LocalHost", TYPE_AAAA, SPECIAL_LOCALHOST, 1);
	finds("home.arpa", TYPE_SOA, SPECIAL_NODATA, 2);
	finds("nas.home.arpa", TYPE_A, SPECIAL_NXDOMAIN, 2);
	finds("home.arpa", TYPE_DS, SPECIAL_NO, 0);
}

static void reverse_zones_of_private_addresses(void **state)
{
	static const struct { const char *name; uint8_t zone; } inside[] = {
		{ "1.2.3.10.in-addr.arpa", 3 }, { "2.0.0.127.in-addr.arpa", 3 },
		{ "1.0.16.172.in-addr.arpa", 4 }, { "1.0.31.172.in-addr.arpa", 4 },
		{ "1.1.168.192.in-addr.arpa", 4 }, { "9.9.254.169.in-addr.arpa", 4 },
		{ "1.1.64.100.in-addr.arpa", 4 }, { "1.1.127.100.in-addr.arpa", 4 },
		{ "1.2.0.192.in-addr.arpa", 5 }, { "b._dns-sd._udp.0.1.1.10.in-addr.arpa", 3 },
		{ "x.8.b.d.0.1.0.0.2.ip6.arpa", 10 }, { "1.0.d.f.ip6.arpa", 4 },
		{ "0.8.e.f.ip6.arpa", 5 }, { "0.b.e.f.ip6.arpa", 5 },
	};
	static const char *const ordinary[] = {
		"8.8.8.8.in-addr.arpa",
		"1.0.32.172.in-addr.arpa",
		"1.0.15.172.in-addr.arpa",
		"1.1.63.100.in-addr.arpa",
		"1.1.128.100.in-addr.arpa",
		"1.1.169.192.in-addr.arpa",
		"010.in-addr.arpa",
		"1010.in-addr.arpa",
		"x.in-addr.arpa",
		"c.e.f.ip6.arpa",
		"d.fe.ip6.arpa",
		"0.0.2.ip6.arpa",
		"172.in-addr.arpa",
		"192.in-addr.arpa",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		finds(inside[i].name, TYPE_PTR, SPECIAL_NXDOMAIN, inside[i].zone);
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(*ordinary); i++)
		finds(ordinary[i], TYPE_PTR, SPECIAL_NO, 0);
	finds("10.in-addr.arpa", TYPE_NS, SPECIAL_NODATA, 3);
	finds("10.in-addr.arpa", TYPE_DS, SPECIAL_NO, 0);
	finds("255.255.255.255.in-addr.arpa", TYPE_PTR, SPECIAL_NODATA, 6);
	finds("1.0.0.127.in-addr.arpa", TYPE_PTR, SPECIAL_LOOPBACK, 3);
	finds("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", TYPE_PTR,
	      SPECIAL_LOOPBACK, 34);
	finds("0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", TYPE_PTR,
	      SPECIAL_NODATA, 34);
}

/* Whatever tells a client of another resolver, encrypted ones above all. */
static void nobody_is_led_to_another_resolver(void **state)
{
	(void)state;
	finds("_dns.resolver.arpa", TYPE_SVCB, SPECIAL_DISCOVERY, 2);
	finds("resolver.arpa", TYPE_SOA, SPECIAL_DISCOVERY, 2);
	finds("x.y.resolver.arpa", TYPE_A, SPECIAL_DISCOVERY, 2);
	finds("_dns.dns.example", TYPE_SVCB, SPECIAL_DISCOVERY, 3);
	finds("_853._dns.dns.example", TYPE_SVCB, SPECIAL_DISCOVERY, 4);
	finds("_dns.dns.example", TYPE_A, SPECIAL_NO, 0);
	finds("_https.dns.example", TYPE_SVCB, SPECIAL_NO, 0);
}

static size_t reply_to(const char *name, uint16_t type, uint8_t *reply)
{
	struct packet packet;
	struct query query = ask(name, type, &packet);
	uint8_t depth = 0;
	enum special special = special_find(&query, &depth);

	return sinkhole_special(packet.bytes, &query, special, depth, reply);
}

static void expect(const char *name, uint16_t type, uint8_t rcode, uint16_t record,
		   const char *owner, const char *data, size_t data_size)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	size_t size = reply_to(name, type, reply);
	struct records records;
	struct record found;
	struct name zone = sample_name(owner);

	assert_int_equal(reply[3] & 15, rcode);
	assert_int_equal(records_begin(&records, reply, size), 0);
	assert_int_equal(records_next(&records, &found), 1);
	assert_int_equal(found.type, record);
	assert_int_equal(found.section, record == TYPE_SOA ? SECTION_AUTHORITY : SECTION_ANSWER);
	assert_int_equal(found.owner.length, zone.length);
	assert_memory_equal(found.owner.wire, zone.wire, zone.length);
	if (data) {
		assert_int_equal(found.end - found.data, data_size);
		assert_memory_equal(reply + found.data, data, data_size);
	}
	assert_int_equal(records_next(&records, &found), 1);
	assert_int_equal(found.type, TYPE_OPT);
	assert_int_equal(records_next(&records, &found), 0);
	assert_int_equal(records.at, size);
}

static void replies(void **state)
{
	(void)state;
	expect("localhost", TYPE_A, RCODE_NOERROR, TYPE_A, "localhost", "\x7f\0\0\1", 4);
	expect("x.localhost", TYPE_AAAA, RCODE_NOERROR, TYPE_AAAA, "x.localhost",
	       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	expect("localhost", TYPE_NS, RCODE_NOERROR, TYPE_SOA, "localhost", NULL, 0);
	expect("1.0.0.127.in-addr.arpa", TYPE_PTR, RCODE_NOERROR, TYPE_PTR,
	       "1.0.0.127.in-addr.arpa", "\x09localhost", 11);
	expect("1.0.0.127.in-addr.arpa", TYPE_A, RCODE_NOERROR, TYPE_SOA, "127.in-addr.arpa", NULL,
	       0);
	expect("1.1.168.192.in-addr.arpa", TYPE_PTR, RCODE_NXDOMAIN, TYPE_SOA,
	       "168.192.in-addr.arpa", NULL, 0);
	expect("_dns.resolver.arpa", TYPE_SVCB, RCODE_NOERROR, TYPE_SOA, "resolver.arpa", NULL, 0);
	expect("abc.onion", TYPE_A, RCODE_NXDOMAIN, TYPE_SOA, "onion", NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_no_public_zone),
		cmocka_unit_test(reverse_zones_of_private_addresses),
		cmocka_unit_test(nobody_is_led_to_another_resolver),
		cmocka_unit_test(replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
