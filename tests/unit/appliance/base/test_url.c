/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_a_mirror_is_taken_apart(void **state)
{
	static const struct {
		const char *text, *host, *path;
		uint16_t port;
		bool tls;
	} cases[] = {
		{ "https://mirror.example.gov", "mirror.example.gov", "/", 443, true },
		{ "http://Mirror.Example/cordon", "mirror.example", "/cordon/", 80, false },
		{ "https://mirror.example:8443/a/b/", "mirror.example", "/a/b/", 8443, true },
		{ "http://192.0.2.1:80", "192.0.2.1", "/", 80, false },
		{ "https://[2001:DB8::1]/x", "2001:db8::1", "/x/", 443, true },
		{ "https://[2001:db8::1]:444", "2001:db8::1", "/", 444, true },
		{ "http://127.0.0.1:1/%2e%2e", "127.0.0.1", "/%2e%2e/", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct url url;
		const char *message = NULL;

		assert_int_equal(url_parse(&url, cases[i].text, &message), 0);
		assert_string_equal(url.host, cases[i].host);
		assert_string_equal(url.path, cases[i].path);
		assert_int_equal(url.port, cases[i].port);
		assert_int_equal(url.tls, cases[i].tls);
	}
}

static void test_what_is_no_folder_on_a_server_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"mirror.example",
		"ftp://mirror.example/",
		"HTTPS://x/",
		"https://",
		"https:///path",
		"https://user@host/",
		"https://host:/",
		"https://host:0/",
		"https://host:65536/",
		"https://host:123456/",
		"https://host:8a/",
		"https://host/a b",
		"https://host/?q",
		"https://host/#f",
		"https://host/a/../b",
		"https://host/./",
		"https://host/a/..",
		"https://host//",
		"https://ho st/",
		"https://host\r\n/",
		"https://[2001:db8::1",
		"https://[]/",
		"https://[::1]x/",
		"https://[::1]x:1/",
		"https://ho%73t/",
		"https://2001:db8::1/",
		"https://host/\x7f",
		"https://host/\xc3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct url url;
		const char *message = NULL;

		if (url_parse(&url, cases[i], &message) == 0)
			fail_msg("taken: %s", cases[i]);
		assert_non_null(message);
	}
}

static void test_lengths_are_bounded(void **state)
{
	char text[2000] = "https://";
	const char *message;
	struct url url;

	(void)state;
	memset(text + 8, 'h', 254);
	assert_true(url_parse(&url, text, &message) < 0);
	text[8 + 253] = '\0';
	assert_int_equal(url_parse(&url, text, &message), 0);
	strcpy(text, "https://h/");
	memset(text + 10, 'p', 600);
	assert_true(url_parse(&url, text, &message) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mirror_is_taken_apart),
		cmocka_unit_test(test_what_is_no_folder_on_a_server_is_refused),
		cmocka_unit_test(test_lengths_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
