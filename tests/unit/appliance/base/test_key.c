/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/digest.h"
#include "tests/unit/appliance/base/keys.h"
#include "tests/unit/cmocka.h"

static const char message[] = { 's', 'i', 'g', 'n', 'e', 'd' };

static int verify(enum key_type type, const char *public, const uint8_t *signature, size_t length)
{
	struct key key;

	assert_int_equal(key_public_parse(&key, type, public), 0);
	return key_verify(&key, message, sizeof(message), signature, length);
}

static void test_round(void **state)
{
	(void)state;
	for (enum key_type type = 0; type < KEY_TYPES; type++) {
		uint8_t signature[KEY_SIGNATURE];
		struct secret *secret;
		struct text text = TEXT_EMPTY;
		struct key key, again;
		size_t length;

		assert_int_equal(secret_generate(&secret, type), 0);
		secret_public(secret, &key);
		assert_int_equal(key_public_print(&key, &text), 0);
		assert_int_equal(key_public_parse(&again, type, text.data), 0);
		assert_true(key_equal(&key, &again));
		assert_int_equal(secret_sign(secret, message, sizeof(message), signature, &length),
				 0);
		assert_int_equal(key_verify(&again, message, sizeof(message), signature, length),
				 0);
		assert_int_equal(
			key_verify(&again, message, sizeof(message) - 1, signature, length),
			-EBADMSG);
		assert_int_equal(
			key_verify(&again, message, sizeof(message), signature, length - 1),
			-EBADMSG);
		signature[length - 1] ^= 1;
		assert_int_equal(key_verify(&again, message, sizeof(message), signature, length),
				 -EBADMSG);
		text_release(&text);
		secret_free(secret);
	}
}

static void test_words(void **state)
{
	enum key_type type;

	(void)state;
	for (enum key_type i = 0; i < KEY_TYPES; i++) {
		assert_int_equal(key_type_parse(&type, key_type_print(i), key_scheme_print(i)), 0);
		assert_int_equal(type, i);
	}
	assert_int_equal(key_type_parse(&type, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"), 0);
	assert_int_equal(type, KEY_P256);
	assert_int_equal(key_type_parse(&type, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384"),
			 -EINVAL);
	assert_int_equal(key_type_parse(&type, "rsa", "ecdsa-sha2-nistp256"), -EINVAL);
	assert_int_equal(key_type_parse(&type, "ecdsa", "rsassa-pss-sha256"), -EINVAL);
	assert_int_equal(key_type_parse(&type, "rsa", "rsa-pkcs1v15-sha256"), -EINVAL);
	assert_int_equal(key_type_parse(&type, "ed25519", "ed25519ph"), -EINVAL);
	assert_string_equal(key_scheme_print(KEY_TYPES), "?");
}

static void test_foreign(void **state)
{
	(void)state;
	assert_int_equal(verify(KEY_P256, p256_public, p256_signature, sizeof(p256_signature)), 0);
	assert_int_equal(verify(KEY_RSA, rsa2048_public, rsa_signature, sizeof(rsa_signature)), 0);
	assert_int_equal(verify(KEY_RSA, rsa2048_public, rsa_pkcs1, sizeof(rsa_pkcs1)), -EBADMSG);
	assert_int_equal(verify(KEY_RSA, rsa2048_public, rsa_salt20, sizeof(rsa_salt20)), -EBADMSG);
}

static void test_wrong_key(void **state)
{
	static const char *const public[] = { p256_public, p384_public, secp256k1_public,
					      rsa1024_public, rsa2048_public, ed25519_public };
	struct key key;

	(void)state;
	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++) {
		for (enum key_type type = 0; type < KEY_TYPES; type++) {
			bool fits = (type == KEY_P256 && public[i] == p256_public) ||
				    (type == KEY_P384 && public[i] == p384_public) ||
				    (type == KEY_RSA && public[i] == rsa2048_public);

			assert_int_equal(key_public_parse(&key, type, public[i]),
					 fits ? 0 : -EINVAL);
		}
	}
	assert_int_equal(key_public_read(&key, ed25519_public), 0);
	assert_int_equal(key.type, KEY_ED25519);
}

/* Every byte of a public key's encoding matters: no second text of the same key. */
static void test_damaged_key(void **state)
{
	char text[sizeof(p256_public)];
	struct key key, good;

	(void)state;
	assert_int_equal(key_public_read(&good, p256_public), 0);
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		memcpy(text, p256_public, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_int_equal(key_public_read(&key, text), -EINVAL);
		memcpy(text, p256_public, sizeof(text));
		text[i] = '\0';
		if (key_public_read(&key, text) == 0)
			assert_true(i + 2 == sizeof(text) && key_equal(&key, &good));
	}
	assert_int_equal(key_public_read(&key, ""), -EINVAL);
}

static void assert_refused(const void *signature, size_t length)
{
	assert_int_equal(verify(KEY_P256, p256_public, signature, length), -EBADMSG);
}

static void test_der(void **state)
{
	enum { S = sizeof(p256_signature) };
	uint8_t wrong[S + 8];

	(void)state;
	/* r has a leading zero (0x30 45 02 21 00 e4...), s has not. */
	assert_int_equal(p256_signature[3], 0x21);
	memcpy(wrong, p256_signature, S);
	wrong[S] = 0;
	assert_refused(wrong, S + 1);			/* trailing byte outside */
	wrong[1]++;
	assert_refused(wrong, S + 1);			/* and inside */

	wrong[0] = 0x30, wrong[1] = 0x81, wrong[2] = p256_signature[1];
	memcpy(wrong + 3, p256_signature + 2, S - 2);
	assert_refused(wrong, S + 1);			/* length in long form */

	memcpy(wrong, p256_signature, 4);
	wrong[1]++, wrong[3]++, wrong[4] = 0;
	memcpy(wrong + 5, p256_signature + 4, S - 4);
	assert_refused(wrong, S + 1);			/* two leading zeros */

	memcpy(wrong, p256_signature, 4);
	wrong[1]--, wrong[3]--;
	memcpy(wrong + 4, p256_signature + 5, S - 5);
	assert_refused(wrong, S - 1);			/* negative r */

	assert_refused("\x30\x06\x02\x01\x00\x02\x01\x00", 8);	/* both zero */
	assert_refused("\x30\x06\x02\x01\x00\x02\x01\x01", 8);
	assert_refused("\x30\x06\x02\x01\x01\x02\x01\x00", 8);
	assert_refused("\x30\x06\x02\x01\x01\x02\x01\x01", 8);
	assert_refused("\x30\x04\x02\x00\x02\x00", 6);		/* empty */
	assert_refused("\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00", 10);
	assert_refused("", 0);
	for (size_t i = 0; i < S; i++)
		assert_refused(p256_signature, i);
}

static void test_oversized(void **state)
{
	uint8_t wrong[2 + 2 * (2 + 34)] = { 0x30, sizeof(wrong) - 2, 0x02, 34 };
	uint8_t order[2 + 2 * (2 + 33)] = { 0x30, sizeof(order) - 2, 0x02, 33, 0 };

	(void)state;
	memset(wrong + 4, 0x11, 34);
	wrong[38] = 0x02, wrong[39] = 34;
	memset(wrong + 40, 0x11, 34);
	assert_refused(wrong, sizeof(wrong));
	memset(order + 5, 0xff, 32);			/* above the group's order */
	order[37] = 0x02, order[38] = 33, order[39] = 0;
	memset(order + 40, 0xff, 32);
	assert_refused(order, sizeof(order));
}

static void test_small_order(void **state)
{
	/* Points of order 1, 2, 4, 8 and encodings that are not canonical. */
	static const char *const point[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0100000000000000000000000000000000000000000000000000000000000080",
	};
	uint8_t signature[64] = { 1 };	/* R = 1, S = 0 */
	struct key key;

	(void)state;
	for (size_t i = 0; i < sizeof(point) / sizeof(*point); i++)
		assert_int_equal(key_public_parse(&key, KEY_ED25519, point[i]), -EINVAL);
	key = (struct key){ .type = KEY_ED25519, .size = 32, .bytes = { 1 } };
	assert_int_equal(key_verify(&key, message, sizeof(message), signature, sizeof(signature)),
			 -EBADMSG);
	assert_int_equal(key_public_parse(&key, KEY_ED25519, "ab"), -EINVAL);
}

/* RFC 8032, 7.1, test 2. */
static void test_ed25519(void **state)
{
	static const uint8_t signature[] = {
		0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f,
		0x64, 0x25, 0x40, 0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76,
		0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99,
		0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c, 0x38, 0x7b, 0x2e, 0xae,
		0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00,
	};
	struct key key;

	(void)state;
	assert_int_equal(key_public_parse(&key, KEY_ED25519, "3d4017c3e843895a92b70aa74d1b7ebc"
					  "9c982ccf2ec4968cc0cd55f12af4660c"), 0);
	assert_int_equal(key_verify(&key, "\x72", 1, signature, sizeof(signature)), 0);
	assert_int_equal(key_verify(&key, "\x73", 1, signature, sizeof(signature)), -EBADMSG);
}

static int parse(const char *pem, const char *passphrase, const char *public)
{
	struct secret *secret;
	struct key key, expected;
	int error = secret_parse(&secret, pem, strlen(pem), passphrase);

	if (error)
		return error;
	secret_public(secret, &key);
	assert_int_equal(key_public_read(&expected, public), 0);
	assert_true(key_equal(&key, &expected));
	secret_free(secret);
	return 0;
}

static void test_secret_files(void **state)
{
	struct secret *secret;

	(void)state;
	assert_int_equal(parse(p256_plain, NULL, p256_public), 0);
	assert_int_equal(parse(p256_sec1, NULL, p256_public), 0);
	assert_int_equal(parse(p256_aes256, "secret", p256_public), 0);
	assert_int_equal(parse(p256_aes128, "secret", p256_public), 0);
	assert_int_equal(parse(p256_sha512, "secret", p256_public), 0);
	assert_int_equal(parse(p384_plain, NULL, p384_public), 0);
	assert_int_equal(parse(rsa2048_plain, NULL, rsa2048_public), 0);
	assert_int_equal(parse(ed25519_plain, NULL, ed25519_public), 0);
	assert_int_equal(secret_parse(&secret, sec1_parameters, strlen(sec1_parameters), NULL), 0);
	secret_free(secret);

	assert_int_equal(parse(p256_aes256, NULL, p256_public), -EACCES);
	assert_int_equal(parse(p256_aes256, "Secret", p256_public), -EACCES);
	assert_int_equal(parse(p256_aes256, "", p256_public), -EACCES);
	assert_int_equal(parse(p256_legacy, "secret", p256_public), -EINVAL);
	assert_int_equal(parse(secp256k1_sec1, NULL, secp256k1_public), -EINVAL);
	assert_int_equal(parse(p256_public, NULL, p256_public), -EINVAL);
	assert_int_equal(parse("", NULL, p256_public), -EINVAL);
}

/* Deriving a key from a passphrase takes its second: RSA stands for long lengths. */
static void test_encrypted(void **state)
{
	struct text encrypted = TEXT_EMPTY, public = TEXT_EMPTY;
	struct secret *secret;
	struct key key;

	(void)state;
	assert_int_equal(secret_parse(&secret, rsa2048_plain, strlen(rsa2048_plain), NULL), 0);
	secret_public(secret, &key);
	assert_int_equal(key_public_write(&key, &public), 0);
	assert_string_equal(public.data, rsa2048_public);
	assert_int_equal(secret_print(secret, "horse battery", &encrypted), 0);
	assert_non_null(strstr(encrypted.data, "ENCRYPTED"));
	assert_int_equal(parse(encrypted.data, "horse battery", public.data), 0);
	assert_int_equal(parse(encrypted.data, "horse", public.data), -EACCES);
	text_release(&encrypted);
	text_release(&public);
	secret_free(secret);
}

static void test_print(void **state)
{
	(void)state;
	for (enum key_type type = 0; type < KEY_TYPES; type++) {
		struct text plain = TEXT_EMPTY, public = TEXT_EMPTY;
		struct secret *secret;
		struct key key;

		assert_int_equal(secret_generate(&secret, type), 0);
		secret_public(secret, &key);
		assert_int_equal(key_public_write(&key, &public), 0);
		assert_int_equal(secret_print(secret, NULL, &plain), 0);
		assert_int_equal(parse(plain.data, NULL, public.data), 0);
		text_release(&plain);
		text_release(&public);
		secret_free(secret);
	}
}

/* OpenSSL reads our encrypted keys and derives the same public key. */
static void test_openssl(void **state)
{
	char path[] = "/tmp/cordon-key-XXXXXX", command[160], line[KEY_PEM_MAX] = "";
	struct text pem = TEXT_EMPTY, public = TEXT_EMPTY;
	struct secret *secret;
	struct key key;
	FILE *pipe;
	int fd;

	(void)state;
	assert_int_equal(secret_generate(&secret, KEY_P256), 0);
	secret_public(secret, &key);
	assert_int_equal(key_public_write(&key, &public), 0);
	assert_int_equal(secret_print(secret, "horse", &pem), 0);
	fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, pem.data, pem.length) == (ssize_t)pem.length);
	close(fd);
	snprintf(command, sizeof(command), "openssl pkey -passin pass:horse -pubout -in %s", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fread(line, 1, sizeof(line) - 1, pipe), public.length);
	assert_int_equal(pclose(pipe), 0);
	assert_string_equal(line, public.data);
	unlink(path);
	text_release(&pem);
	text_release(&public);
	secret_free(secret);
}

static void test_sha512(void **state)
{
	static const uint8_t beginning[] = { 0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba };
	uint8_t digest[DIGEST_SHA512_SIZE];

	(void)state;
	assert_int_equal(digest_sha512("abc", 3, digest), 0);
	assert_memory_equal(digest, beginning, sizeof(beginning));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),	   cmocka_unit_test(test_words),
		cmocka_unit_test(test_foreign),	   cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_damaged_key), cmocka_unit_test(test_der),
		cmocka_unit_test(test_oversized),  cmocka_unit_test(test_small_order),
		cmocka_unit_test(test_ed25519),	   cmocka_unit_test(test_secret_files),
		cmocka_unit_test(test_print),	   cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_openssl),	   cmocka_unit_test(test_sha512),
	};

	key_use_ed25519();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
