/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "dns/cookie.h"

static void bytes_of(const char *text, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
}

/* The authors' own vectors: key 00 to 0f, message 00, 01, 02 ... */
static void siphash(void **state)
{
	uint8_t key[16], message[15];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		message[i] = i;
	assert_true(cookie_hash(key, message, 0) == 0x726fdb47dd0e0e31);
	assert_true(cookie_hash(key, message, 8) == 0x93f5f5799a932462);
	assert_true(cookie_hash(key, message, 15) == 0xa129ca6149be45e5);
}

/* RFC 9018, appendix A. */
static void vectors_of_rfc_9018(void **state)
{
	static const struct {
		const char *secret, *client, *address;
		uint32_t now;
		const char *expected;
	} known[] = {
		{ "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100",
		  1559731985, "010000005cf79f111f8130c3eee29480" },
		{ "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100",
		  1559734385, "010000005cf7a871d4a564a1442aca77" },
		{ "445536bcd2513298075a5d379663c962", "22681ab97d52c298",
		  "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961,
		  "010000005cf7c609a6bb79d16625507a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint8_t secret[COOKIE_SECRET], client[COOKIE_CLIENT], cookie[COOKIE_SERVER];
		uint8_t expected[COOKIE_SERVER];
		struct addr address = sample_addr(known[i].address);

		bytes_of(known[i].secret, secret, sizeof(secret));
		bytes_of(known[i].client, client, sizeof(client));
		bytes_of(known[i].expected, expected, sizeof(expected));
		cookie_give(secret, client, &address, known[i].now, cookie);
		assert_memory_equal(cookie, expected, sizeof(expected));
	}
}

static void our_own_come_back(void **state)
{
	uint8_t secret[COOKIE_SECRET] = "0123456789abcde", other[COOKIE_SECRET] = "x";
	uint8_t cookie[COOKIE_CLIENT], second[COOKIE_CLIENT];

	(void)state;
	cookie_own(secret, 7, cookie);
	cookie_own(secret, 8, second);
	assert_true(memcmp(cookie, second, sizeof(cookie)) != 0);
	assert_true(cookie_is_own(secret, cookie) && cookie_is_own(secret, second));
	assert_false(cookie_is_own(other, cookie));
	for (size_t i = 0; i < sizeof(cookie); i++) {
		cookie[i] ^= 1;
		assert_false(cookie_is_own(secret, cookie));
		cookie[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash),
		cmocka_unit_test(vectors_of_rfc_9018),
		cmocka_unit_test(our_own_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
