/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "tests/unit/appliance/base/keys.h"
#include "tests/unit/cmocka.h"

/* Signatures that openssl(1) makes from the keys of keys.h, here and now. */

static const char message[] = { 's', 'i', 'g', 'n', 'e', 'd' };
static char folder[] = "/tmp/cordon-signature-XXXXXX";

static void put(const char *name, const void *bytes, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_replace(-1, path, bytes, size, 0600), 0);
}

/* What a shell command writes, the folder being its own. */
static size_t shell(const char *command, char out[4096])
{
	char line[1024];
	FILE *pipe;
	size_t size;

	snprintf(line, sizeof(line), "cd %s && %s", folder, command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	size = fread(out, 1, 4095, pipe);
	assert_int_equal(pclose(pipe), 0);
	out[size] = '\0';
	return size;
}

static int read_signature(const char *public, const void *bytes, size_t size)
{
	uint8_t signature[KEY_SIGNATURE];
	struct key key;
	size_t length = 0;
	int error;

	assert_int_equal(key_public_read(&key, public), 0);
	error = key_signature_read(&key, message, sizeof(message), bytes, size, signature, &length);
	if (!error)
		assert_int_equal(
			key_verify(&key, message, sizeof(message), signature, length), 0);
	return error;
}

/* The binary that command writes, and each text of it. */
static void assert_taken(const char *public, const char *command)
{
	static const char *const coat[] = {
		"cat",
		"base64",
		"base64 -w0",
		"od -An -v -tx1 -w32 | tr -d ' '",
		"od -An -v -tx1 | tr a-f A-F",
		"od -An -v -tx1",
		"od -An -v -tx1 -w1 | tr -d ' ' | paste -sd:",
	};

	for (size_t i = 0; i < sizeof(coat) / sizeof(*coat); i++) {
		char line[512], out[4096];
		size_t size;

		snprintf(line, sizeof(line), "%s | %s", command, coat[i]);
		size = shell(line, out);
		if (read_signature(public, out, size))
			fail_msg("not taken: %s", line);
	}
}

static void test_ecdsa(void **state)
{
	(void)state;
	assert_taken(p256_public, "openssl dgst -sha256 -sign p256.pem message");
	assert_taken(p384_public, "openssl dgst -sha384 -sign p384.pem message");
	assert_taken(p256_public, "openssl dgst -sha256 -binary message | openssl pkeyutl -sign "
				  "-inkey p256.pem -pkeyopt digest:sha256");
}

static void test_rsa(void **state)
{
	(void)state;
	assert_taken(rsa2048_public, "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt "
				     "rsa_pss_saltlen:digest -sign rsa.pem message");
}

static void test_ed25519(void **state)
{
	(void)state;
	assert_taken(ed25519_public,
		     "openssl pkeyutl -sign -rawin -inkey ed25519.pem -in message");
}

/* r and s of equal width, as a token gives them; leading zeros stay in, and go from DER. */
static void test_side_by_side(void **state)
{
	static const char *const text[] = { p256_plain, p384_plain };
	static const char *const public[] = { p256_public, p384_public };
	static const size_t half[] = { 32, 48 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		bool short_half = false;

		for (int round = 0; round < 4000 && !short_half; round++) {
			uint8_t der[KEY_SIGNATURE], raw[96] = { 0 };
			struct secret *secret;
			size_t length, r, s;

			assert_int_equal(secret_parse(&secret, text[i], strlen(text[i]), NULL), 0);
			assert_int_equal(secret_sign(secret, message, sizeof(message), der,
						     &length),
					 0);
			secret_free(secret);
			r = der[3], s = der[5 + r];
			short_half = r < half[i] || s < half[i];
			memcpy(raw + (r < half[i] ? half[i] - r : 0),
			       der + 4 + (r > half[i]), r > half[i] ? half[i] : r);
			memcpy(raw + half[i] + (s < half[i] ? half[i] - s : 0),
			       der + 6 + r + (s > half[i]), s > half[i] ? half[i] : s);
			assert_int_equal(read_signature(public[i], raw, 2 * half[i]), 0);
			assert_int_equal(read_signature(public[i], raw, 2 * half[i] - 1), -EINVAL);
			raw[half[i]] ^= 1;
			assert_int_equal(read_signature(public[i], raw, 2 * half[i]), -EACCES);
		}
		assert_true(short_half);
	}
}

static void assert_refused(const char *public, const char *command, int expected)
{
	char out[4096];
	size_t size = shell(command, out);

	assert_int_equal(read_signature(public, out, size), expected);
}

static void test_what_does_not_verify_is_told_apart(void **state)
{
	(void)state;
	/* another key, other bytes, another hash */
	assert_refused(p256_public, "openssl ecparam -genkey -name prime256v1 -noout -out o.pem && "
		       "openssl dgst -sha256 -sign o.pem message", -EACCES);
	assert_refused(p256_public, "openssl dgst -sha256 -sign p256.pem p256.pem | base64",
		       -EACCES);
	assert_refused(p256_public, "openssl dgst -sha384 -sign p256.pem message", -EACCES);
	/* another padding, the longest salt (what openssl takes unless told) */
	assert_refused(rsa2048_public, "openssl dgst -sha256 -sign rsa.pem message", -EACCES);
	assert_refused(rsa2048_public, "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt "
		       "rsa_pss_saltlen:max -sign rsa.pem message", -EACCES);
	assert_refused(
		ed25519_public,
		"openssl pkeyutl -sign -rawin -inkey ed25519.pem -in rsa.pem | od -An -v -tx1",
		-EACCES);
}

static void test_what_is_no_signature_is_refused(void **state)
{
	char many[5000];

	(void)state;
	assert_refused(p256_public, "openssl dgst -sha384 -sign p384.pem message", -EINVAL);
	assert_refused(p256_public, "openssl dgst -sha256 -sign rsa.pem message", -EINVAL);
	assert_refused(p256_public, "openssl dgst -sha256 message", -EINVAL);
	assert_refused(p256_public, "openssl dgst -sha256 -sign p256.pem message | head -c 60",
		       -EINVAL);
	assert_refused(rsa2048_public, "cat rsa.pem", -EINVAL);
	assert_refused(rsa2048_public,
		       "openssl dgst -sha256 -sign rsa.pem message | od -An -v -tx1 | head -c 300",
		       -EINVAL);
	assert_refused(ed25519_public, "head -c 63 /dev/zero", -EINVAL);
	assert_int_equal(read_signature(p256_public, "", 0), -EINVAL);
	assert_int_equal(read_signature(p256_public, "\0", 1), -EINVAL);
	memset(many, 0, sizeof(many));
	assert_int_equal(read_signature(p256_public, many, 64), -EINVAL);
	for (size_t size = 1; size < sizeof(many); size += 7) {
		memset(many, 'a', size);
		assert_int_not_equal(read_signature(p256_public, many, size), 0);
		assert_int_not_equal(read_signature(rsa2048_public, many, size), 0);
	}
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	put("message", message, sizeof(message));
	put("p256.pem", p256_plain, strlen(p256_plain));
	put("p384.pem", p384_plain, strlen(p384_plain));
	put("rsa.pem", rsa2048_plain, strlen(rsa2048_plain));
	put("ed25519.pem", ed25519_plain, strlen(ed25519_plain));
	return 0;
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
		cmocka_unit_test(test_ecdsa),
		cmocka_unit_test(test_rsa),
		cmocka_unit_test(test_ed25519),
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_what_does_not_verify_is_told_apart),
		cmocka_unit_test(test_what_is_no_signature_is_refused),
	};

	key_use_ed25519();
	return cmocka_run_group_tests(tests, setup, teardown);
}
