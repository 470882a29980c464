/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/box/image/manifest.h"

static struct diag diag;
static struct manifest manifest;

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NAME "cordon-0.2.0-00112233.efi"
/* Of 4096 and of 3 bytes "a". */
#define SUM4096 "c93eee2d0db02f10acc7460d9576e122dcf8cd53c4bf8dfcae1b3e74ebcfff5a"
#define SUM3 "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"

static const char good[] =
	"{\"arch\":\"x86_64\",\"version\":\"0.2.0\",\"build\":1763900000,\"root-hash\":\"" HASH
	"\","
	"\"root-size\":4096,\"root-sha256\":\"" SUM4096
	"\",\"kernel-size\":3,\"kernel-sha256\":\"" SUM3 "\","
	"\"kernel-name\":\"" NAME "\",\"of-later\":[]}\n";

static int parsed(const char *text)
{
	diag_init(&diag);
	return manifest_parse(&manifest, text, strlen(text), "new.bundle", &diag);
}

static void takes_a_good_one(void **state)
{
	(void)state;
	assert_int_equal(parsed(good), 0);
	assert_string_equal(manifest.arch, "x86_64");
	assert_string_equal(manifest.version, "0.2.0");
	assert_int_equal(manifest.build, 1763900000);
	assert_int_equal(manifest.root_size, 4096);
	assert_int_equal(manifest.kernel_size, 3);
	assert_string_equal(manifest.name, NAME);
	assert_int_equal(manifest.root_hash[1], 0x11);
}

/* good with one text in place of another. */
static int changed(const char *from, const char *to)
{
	char text[2048];
	const char *at = strstr(good, from);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	return parsed(text);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *from, *to, *said;
	} cases[] = {
		{ "\"arch\":\"x86_64\"", "\"arch\":7", "\"arch\": expected a word" },
		{ "x86_64", "", "\"arch\": expected" },
		{ "x86_64", "x/y", "\"arch\": expected" },
		{ "x86_64", "x\\u0000y", "u0000 is not allowed" },
		{ "0.2.0", "0123456789012345678901234567890123456789", "\"version\": expected" },
		{ "1763900000", "0", "\"build\": expected a whole number from 1" },
		{ "1763900000", "17.5", "\"build\": expected" },
		{ "\"root-hash\":\"00", "\"root-hash\":\"0", "\"root-hash\": expected 64" },
		{ "\"root-hash\":\"00", "\"root-hash\":\"0A", "\"root-hash\": expected 64" },
		{ "\"root-hash\":\"00", "\"root-hash\":\"01", "the first 8 digits" },
		{ "4096,", "4097,", "\"root-size\": expected whole blocks" },
		{ "4096,", "-4096,", "\"root-size\": expected a whole number" },
		{ "4096,", "4294967296,", "\"root-size\": expected a whole number" },
		{ "\"kernel-size\":3", "\"kernel-size\":99999999", "\"kernel-size\": expected" },
		{ "\"kernel-size\":3,", "", "\"kernel-size\": expected" },
		{ NAME, "../../grubenv", "\"kernel-name\": expected cordon-" },
		{ NAME, "cordon-00112233.efi.efi", "the first 8 digits" },
		{ NAME, "grubenv", "\"kernel-name\": expected cordon-" },
		{ "{", "[{", "expected one JSON object" },
		{ "\"arch\"", "\"arch\":\"arm64\",\"arch\"", "duplicate" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (changed(cases[i].from, cases[i].to) == -EINVAL && diag.count == 1 &&
		    strstr(diag.entry[0].message, cases[i].said))
			continue;
		fail_msg("case %zu: expected \"%s\": %s", i, cases[i].said, diag.entry[0].message);
	}
	assert_int_equal(parsed("[]"), -EINVAL);
	assert_int_equal(parsed(""), -EINVAL);
}

static void is_small(void **state)
{
	char *text = malloc(MANIFEST_MAX + 2);

	(void)state;
	memset(text, ' ', MANIFEST_MAX + 1);
	text[MANIFEST_MAX + 1] = '\0';
	memcpy(text, good, sizeof(good) - 1);
	assert_int_equal(parsed(text), -EINVAL);
	assert_non_null(strstr(diag.entry[0].message, "4097 bytes, expected at most 4096"));
	free(text);
}

static void holds_the_files_against_it(void **state)
{
	char root[4096], kernel[] = "aaa";

	(void)state;
	memset(root, 'a', sizeof(root));
	assert_int_equal(parsed(good), 0);
	diag_init(&diag);
	assert_int_equal(manifest_check(&manifest, kernel, 3, root, 4096, "new.bundle", &diag), 0);
	sample_no_errors(&diag);
	assert_int_equal(manifest_check(&manifest, kernel, 2, root, 4096, "new.bundle", &diag),
			 -EINVAL);
	assert_string_equal(diag.entry[0].message, "kernel.efi has 2 bytes, its manifest says 3");
	root[7]++;
	assert_int_equal(manifest_check(&manifest, kernel, 3, root, 4096, "new.bundle", &diag),
			 -EINVAL);
	assert_non_null(strstr(diag.entry[1].message, "root.img has the SHA-256 "));
	assert_non_null(strstr(diag.entry[1].message, "its manifest says " SUM4096));
}

static void the_image_that_runs(void **state)
{
	static const char text[] = "{\"version\":\"0.1.0\",\"arch\":\"arm64\",\"build\":5,"
				   "\"supported-until\":9}";

	(void)state;
	diag_init(&diag);
	assert_int_equal(manifest_parse_image(&manifest, text, sizeof(text) - 1, "image.json",
					      &diag),
			 0);
	assert_string_equal(manifest.arch, "arm64");
	assert_int_equal(manifest.build, 5);
	assert_int_equal(manifest_parse_image(&manifest, "{}", 2, "image.json", &diag), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_one), cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(is_small), cmocka_unit_test(holds_the_files_against_it),
		cmocka_unit_test(the_image_that_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
