/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "rules/policy/embed.h"

static struct prefix prefix(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(&prefix, text, strlen(text)), 0);
	return prefix;
}

/* The examples of RFC 6052, 2.4. */
static void rfc6052_examples(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool contiguous;
	} known[] = {
		{ "2001:db8::/32", "2001:db8:c000:221::", true },
		{ "2001:db8:100::/40", "2001:db8:1c0:2:21::", false },
		{ "2001:db8:122::/48", "2001:db8:122:c000:2:2100::", false },
		{ "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::", false },
		{ "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::", true },
		{ "2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33", true },
		{ "64:ff9b::/96", "64:ff9b::192.0.2.33", true },
	};
	struct addr v4 = sample_addr("192.0.2.33");

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct prefix nat64 = prefix(known[i].prefix);
		struct addr addr = sample_addr(known[i].addr), out;
		struct embedding embedding;

		assert_int_equal(embed_nat64(&embedding, &nat64), 0);
		assert_int_equal(embed_contiguous(&embedding), known[i].contiguous);
		assert_true(embed_unwrap(&embedding, &addr, &out));
		assert_int_equal(addr_compare(&out, &v4), 0);
		addr = embed_wrap(&embedding, &v4);
		assert_true(embed_unwrap(&embedding, &addr, &out));
		assert_int_equal(addr_compare(&out, &v4), 0);
	}
}

static void other_lengths_are_refused(void **state)
{
	static const char *const bad[] = { "2001:db8::/31", "2001:db8::/33",  "2001:db8::/72",
					   "2001:db8::/95", "2001:db8::/128", "10.0.0.0/8",
					   "::/0" };
	struct embedding embedding;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct prefix wrong = prefix(bad[i]);

		assert_int_equal(embed_nat64(&embedding, &wrong), -EINVAL);
	}
}

static bool known_unwraps(const char *addr_text, const char *v4_text)
{
	struct addr addr = sample_addr(addr_text), v4 = sample_addr(v4_text), out;

	for (size_t i = 0; i < EMBED_KNOWN; i++) {
		if (embed_unwrap(&embed_known[i], &addr, &out) && addr_compare(&out, &v4) == 0)
			return true;
	}
	return false;
}

static void known_prefixes(void **state)
{
	(void)state;
	assert_true(known_unwraps("64:ff9b::77.74.176.10", "77.74.176.10"));
	assert_true(known_unwraps("64:ff9b:1::77.74.176.10", "77.74.176.10"));
	assert_true(known_unwraps("64:ff9b:1:fffe::77.74.176.10", "77.74.176.10"));
	assert_true(known_unwraps("64:ff9b:1:4d4a:b0:a00::", "77.74.176.10"));
	assert_true(known_unwraps("2002:4d4a:b00a::1", "77.74.176.10"));
	assert_true(known_unwraps("::77.74.176.10", "77.74.176.10"));
	assert_true(known_unwraps("::ffff:0:77.74.176.10", "77.74.176.10"));
	assert_false(known_unwraps("2001:db8::77.74.176.10", "77.74.176.10"));
	assert_false(known_unwraps("64:ff9b:2::77.74.176.10", "77.74.176.10"));
	/* An IPv4 address carries no other. */
	assert_false(known_unwraps("77.74.176.10", "77.74.176.10"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc6052_examples),
		cmocka_unit_test(other_lengths_are_refused),
		cmocka_unit_test(known_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
