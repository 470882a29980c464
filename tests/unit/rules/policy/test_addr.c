/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "rules/policy/addr.h"

static void addresses(void **state)
{
	static const struct { const char *text, *printed; } good[] = {
		{ "0.0.0.0", "0.0.0.0" }, { "255.255.255.255", "255.255.255.255" },
		{ "77.74.176.1", "77.74.176.1" }, { "::", "::" }, { "::1", "::1" },
		{ "2A03:2480:0:0:0:0:0:1", "2a03:2480::1" }, { "::ffff:192.0.2.1", "192.0.2.1" },
		{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
	};
	static const char *const bad[] = { "", "1", "1.2.3", "1.2.3.256", "1.2.3.4.5", "01.2.3.4x",
		"1.2.3.4 ", " 1.2.3.4", "::1::", ":", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "[::1]",
		"12345::", "1.2.3.4/32", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb" };
	struct addr addr;
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(addr_parse(&addr, good[i].text, strlen(good[i].text)), 0);
		assert_string_equal(addr_print(&addr, text), good[i].printed);
		assert_int_equal(addr_is_v4(&addr), strchr(good[i].printed, '.') != NULL);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(addr_parse(&addr, bad[i], strlen(bad[i])), -EINVAL);
	assert_int_equal(addr_parse(&addr, "1.2.3.4\0", 8), -EINVAL);
}

static void prefixes(void **state)
{
	static const struct { const char *text, *printed; int length; } good[] = {
		{ "77.74.176.0/21", "77.74.176.0/21", 117 }, { "1.2.3.4", "1.2.3.4", 128 },
		{ "1.2.3.4/32", "1.2.3.4", 128 }, { "0.0.0.0/0", "0.0.0.0/0", 96 },
		{ "::/0", "::/0", 0 }, { "2a03:2480::/32", "2a03:2480::/32", 32 },
		{ "::1/128", "::1", 128 },
	};
	static const struct { const char *text; int error; } bad[] = {
		{ "1.2.3.4/33", -EINVAL }, { "::/129", -EINVAL }, { "1.2.3.0/", -EINVAL },
		{ "1.2.3.0/024", -EINVAL }, { "1.2.3.0/-1", -EINVAL }, { "1.2.3.0/+24", -EINVAL },
		{ "/24", -EINVAL }, { "1.2.3.0/24/", -EINVAL }, { "1.2.3.0/999999", -EINVAL },
		{ "77.74.177.0/21", -ERANGE }, { "0.0.0.1/0", -ERANGE }, { "::1/127", -ERANGE },
	};
	struct prefix prefix;
	char text[PREFIX_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(prefix_parse(&prefix, good[i].text, strlen(good[i].text)), 0);
		assert_int_equal(prefix.length, good[i].length);
		assert_string_equal(prefix_print(&prefix, text), good[i].printed);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(prefix_parse(&prefix, bad[i].text, strlen(bad[i].text)),
				 bad[i].error);
}

static void first_last_contains(void **state)
{
	struct prefix prefix;
	struct addr first, last;
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(prefix_parse(&prefix, "77.74.176.0/21", 14), 0);
	first = prefix_first(&prefix);
	last = prefix_last(&prefix);
	assert_string_equal(addr_print(&last, text), "77.74.183.255");
	assert_true(prefix_contains(&prefix, &first));
	assert_true(prefix_contains(&prefix, &last));
	assert_true(addr_next(&last));
	assert_string_equal(addr_print(&last, text), "77.74.184.0");
	assert_false(prefix_contains(&prefix, &last));
	assert_true(addr_previous(&first));
	assert_string_equal(addr_print(&first, text), "77.74.175.255");
	assert_false(prefix_contains(&prefix, &first));
	memset(&first, 0xff, sizeof(first));
	assert_false(addr_next(&first));
	memset(&first, 0, sizeof(first));
	assert_false(addr_previous(&first));
}

static void endpoints(void **state)
{
	static const struct { const char *text, *addr; uint16_t port; } good[] = {
		{ "1.2.3.4", "1.2.3.4", 53 }, { "1.2.3.4:5353", "1.2.3.4", 5353 },
		{ "::1", "::1", 53 }, { "[::1]:853", "::1", 853 }, { "[2001:db8::1]", "", 0 },
		{ "2001:db8::5353", "2001:db8::5353", 53 },
	};
	static const char *const bad[] = { "", ":53", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536",
		"1.2.3.4:053", "1.2.3.4:x", "[::1", "::1]:53", "[::1]:", "[]:53", "host:53",
		"1.2.3.4:53:53", "[::1]x:53" };
	struct addr addr;
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		uint16_t port = 53;
		int error = endpoint_parse(&addr, &port, good[i].text, strlen(good[i].text));

		/* In brackets without a port: the last colon is inside them, and 1] is no port. */
		if (good[i].port == 0) {
			assert_int_equal(error, -EINVAL);
			continue;
		}
		assert_int_equal(error, 0);
		assert_string_equal(addr_print(&addr, text), good[i].addr);
		assert_int_equal(port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint16_t port = 53;

		assert_int_equal(endpoint_parse(&addr, &port, bad[i], strlen(bad[i])), -EINVAL);
	}
}

static void sockets(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "2001:db8::1" };
	struct sockaddr_storage storage;
	struct addr addr, back;
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(addr_parse(&addr, texts[i], strlen(texts[i])), 0);
		assert_int_equal(addr_to_sockaddr(&addr, 4711, &storage),
				 i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_int_equal(addr_from_sockaddr((struct sockaddr *)&storage, &back, &port), 0);
		assert_int_equal(addr_compare(&addr, &back), 0);
		assert_int_equal(port, 4711);
	}
	storage.ss_family = AF_UNIX;
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&storage, &back, &port),
			 -EAFNOSUPPORT);
	addr = addr_v4(0x4d4ab001);
	assert_memory_equal(addr.bytes + 12, "\x4d\x4a\xb0\x01", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(first_last_contains),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
