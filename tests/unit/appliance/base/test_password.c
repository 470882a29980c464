/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "appliance/base/crypto/password.h"

/* As `openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:"a secret of some length" \
 * -kdfopt hexsalt:000102030405060708090a0b0c0d0e0f -kdfopt iter:100000 PBKDF2` says. */
#define SALT "000102030405060708090a0b0c0d0e0f"
#define KNOWN "pbkdf2-sha256$100000$" SALT "$" KNOWN_HASH
#define KNOWN_HASH "f916a407876205b22be0a1548a21a9c51f26444d6d5948d8cf0b8e5688e07166"

static void knows_a_line_of_others(void **state)
{
	(void)state;
	assert_true(password_check_line(KNOWN));
	assert_int_equal(password_verify(KNOWN, "a secret of some length"), 0);
	assert_int_equal(password_verify(KNOWN, "a secret of some lengtH"), -EACCES);
	assert_int_equal(password_verify(KNOWN, ""), -EACCES);
}

static void makes_lines(void **state)
{
	char line[PASSWORD_LINE], other[PASSWORD_LINE];

	(void)state;
	assert_int_equal(password_hash("twelve chars", line), 0);
	assert_int_equal(password_hash("twelve chars", other), 0);
	assert_string_not_equal(line, other);	/* the salt */
	assert_true(password_check_line(line));
	assert_int_equal(password_verify(line, "twelve chars"), 0);
	assert_int_equal(password_hash("eleven char", line), -EINVAL);
}

static void refuses_other_forms(void **state)
{
	static const char *const wrong[] = {
		"", "pbkdf2-sha256$", "pbkdf2-sha1$100000$" SALT "$" KNOWN_HASH,
		"pbkdf2-sha256$99999$" SALT "$" KNOWN_HASH,
		"pbkdf2-sha256$10000001$" SALT "$" KNOWN_HASH,
		"pbkdf2-sha256$0100000$" SALT "$" KNOWN_HASH,
		"pbkdf2-sha256$-100000$" SALT "$" KNOWN_HASH,
		"pbkdf2-sha256$100000$" SALT, "pbkdf2-sha256$100000$" SALT "$",
		KNOWN "0", KNOWN "\n", "pbkdf2-sha256$100000$0001$" KNOWN_HASH,
		"pbkdf2-sha256$100000$" SALT "$ZZ" KNOWN_HASH,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(password_check_line(wrong[i]));
		assert_int_equal(password_verify(wrong[i], "a secret of some length"), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_a_line_of_others),
		cmocka_unit_test(makes_lines),
		cmocka_unit_test(refuses_other_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
