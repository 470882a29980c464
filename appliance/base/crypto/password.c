/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/password.h"

#include <errno.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/crypto/internal.h"
#include "appliance/base/hex.h"

enum { SALT = 16, HASH = DIGEST_SIZE };

struct password {
	uint32_t iterations;
	uint8_t salt[SALT];
	uint8_t hash[HASH];
};

static bool take_hex(uint8_t *bytes, size_t size, const char *text)
{
	char digits[2 * HASH + 1];

	if (strlen(text) < 2 * size)
		return false;
	snprintf(digits, sizeof(digits), "%.*s", (int)(2 * size), text);
	return hex_parse(bytes, size, digits);
}

static bool parse(struct password *password, const char *line)
{
	const char *at = line + strlen(PASSWORD_SCHEME);
	unsigned long iterations;
	char *end;

	if (strncmp(line, PASSWORD_SCHEME, strlen(PASSWORD_SCHEME)) != 0 || *at < '1' || *at > '9')
		return false;
	iterations = strtoul(at, &end, 10);
	if (*end != '$' || iterations < PASSWORD_ITERATIONS_LEAST ||
	    iterations > PASSWORD_ITERATIONS_MOST)
		return false;
	password->iterations = (uint32_t)iterations;
	at = end + 1;
	if (!take_hex(password->salt, SALT, at) || at[2 * SALT] != '$')
		return false;
	at += 2 * SALT + 1;
	return strlen(at) == 2 * HASH && take_hex(password->hash, HASH, at);
}

static int derive(const struct password *password, const char *secret, uint8_t hash[HASH])
{
	return pbkdf2_sha256(secret, password->salt, SALT, password->iterations, hash, HASH);
}

int password_hash(const char *secret, char line[PASSWORD_LINE])
{
	struct password password = { .iterations = PASSWORD_ITERATIONS };
	char salt[2 * SALT + 1], hash[2 * HASH + 1];
	size_t length = strlen(secret);
	int error;

	if (length < PASSWORD_LEAST || length > PASSWORD_MOST)
		return -EINVAL;
	if (psa_crypto_init() != PSA_SUCCESS ||
	    psa_generate_random(password.salt, SALT) != PSA_SUCCESS)
		return -EIO;
	error = derive(&password, secret, password.hash);
	if (error)
		return error;
	hex_print(password.salt, SALT, salt);
	hex_print(password.hash, HASH, hash);
	snprintf(line, PASSWORD_LINE, PASSWORD_SCHEME "%u$%s$%s", password.iterations, salt, hash);
	return 0;
}

bool password_check_line(const char *line)
{
	struct password password;

	return parse(&password, line);
}

int password_verify(const char *line, const char *secret)
{
	struct password password;
	uint8_t hash[HASH];
	uint8_t differs = 0;
	int error;

	if (!parse(&password, line))
		return -EINVAL;
	if (strlen(secret) > PASSWORD_MOST)
		return -EACCES;
	error = derive(&password, secret, hash);
	for (size_t i = 0; !error && i < HASH; i++)
		differs |= (uint8_t)(hash[i] ^ password.hash[i]);
	mbedtls_platform_zeroize(hash, sizeof(hash));
	return error ? error : differs ? -EACCES : 0;
}
