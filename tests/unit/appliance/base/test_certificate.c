/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "tests/unit/cmocka.h"

static char folder[] = "/tmp/cordon-certificate-XXXXXX";

static void write_one(const char *file, const char *name)
{
	struct text pem = TEXT_EMPTY;
	struct secret *secret;
	char path[80];

	assert_int_equal(secret_generate(&secret, KEY_P256), 0);
	assert_int_equal(certificate_print(secret, name, &pem), 0);
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	assert_int_equal(file_replace(AT_FDCWD, path, pem.data, pem.length, 0600), 0);
	text_release(&pem);
	secret_free(secret);
}

static int shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; } >said 2>&1", folder, command);
	return system(line);
}

/* As nginx does: who is in the list is known, and nobody else. */
static void test_openssl_knows_it_from_a_list(void **state)
{
	(void)state;
	write_one("a.pem", "gw-1.site_a");
	write_one("b.pem", "gw-2");
	write_one("c.pem", "gw-1.site_a");
	assert_int_equal(shell("cat a.pem b.pem > list"), 0);
	assert_int_equal(shell("openssl verify -purpose sslclient -CAfile list a.pem b.pem"), 0);
	assert_int_not_equal(shell("openssl verify -CAfile list c.pem"), 0);
	/* The same appliance with a new key, behind its old one. */
	assert_int_equal(shell("cat a.pem c.pem > both && "
			       "openssl verify -verify_depth 0 -CAfile both a.pem c.pem"), 0);
	assert_int_not_equal(shell("openssl verify -purpose sslserver -CAfile list a.pem"), 0);
	assert_int_equal(shell("openssl x509 -in a.pem -noout -subject -nameopt RFC2253 | "
			       "grep -qx 'subject=CN=gw-1.site_a'"), 0);
	assert_int_equal(shell("openssl x509 -in a.pem -noout -text | grep -q 'CA:FALSE'"), 0);
	assert_int_equal(shell("openssl x509 -in a.pem -noout -checkend 3000000000"), 0);
}

static void test_names(void **state)
{
	static const char *const wrong[] = { "", "a b", "a,CN=b", "a/b", "a\n",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	struct text pem = TEXT_EMPTY;
	struct secret *secret;

	(void)state;
	assert_int_equal(secret_generate(&secret, KEY_P256), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(certificate_print(secret, wrong[i], &pem), -EINVAL);
	secret_free(secret);
	assert_int_equal(secret_generate(&secret, KEY_P384), 0);
	assert_int_equal(certificate_print(secret, "a", &pem), -EINVAL);
	secret_free(secret);
	text_release(&pem);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openssl_knows_it_from_a_list),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
