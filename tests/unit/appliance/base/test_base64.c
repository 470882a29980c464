/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/base/crypto/base64.h"

/* RFC 4648, section 10, and the two digits that are no letters or figures. */
static const struct { const char *bytes, *text; } vector[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "+//+" },
};

static void vectors_both_ways(void **state)
{
	uint8_t bytes[16];
	char text[BASE64_TEXT(16)];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(vector) / sizeof(*vector); i++) {
		size_t length = strlen(vector[i].bytes);

		assert_string_equal(base64_print(vector[i].bytes, length, text), vector[i].text);
		assert_true(strlen(text) < BASE64_TEXT(length));
		assert_true(base64_parse(bytes, sizeof(bytes), &size, vector[i].text,
					 strlen(vector[i].text)));
		assert_int_equal(size, length);
		assert_memory_equal(bytes, vector[i].bytes, length);
	}
}

static void one_form_only(void **state)
{
	static const char *const bad[] = {
		"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm 9",
		"Zm9-", "Zm9_", "=m9v", "Z=9v", "Zm=v",
	};
	uint8_t bytes[16];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (base64_parse(bytes, sizeof(bytes), &size, bad[i], strlen(bad[i])))
			fail_msg("%s", bad[i]);
	}
	assert_false(base64_parse(bytes, sizeof(bytes), &size, "Zm\0v", 4));
	assert_false(base64_parse(bytes, 2, &size, "Zm9v", 4));
	assert_true(base64_parse(bytes, 3, &size, "Zm9v", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_both_ways),
		cmocka_unit_test(one_form_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
