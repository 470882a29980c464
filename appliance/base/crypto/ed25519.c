/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <sodium.h>

#include "appliance/base/config.h"
#include "appliance/base/crypto/internal.h"

/* RFC 8032 through libsodium, which refuses small-order points and non-canonical encodings. */

static bool valid(const uint8_t point[32])
{
	return crypto_core_ed25519_is_valid_point(point) == 1;
}

static bool verify(const uint8_t point[32], const void *data, size_t size,
		   const uint8_t signature[64])
{
	return crypto_sign_ed25519_verify_detached(signature, data, size, point) == 0;
}

static int generate(uint8_t seed[ED25519_SEED])
{
	randombytes_buf(seed, ED25519_SEED);
	return 0;
}

static int derive(const uint8_t seed[ED25519_SEED], uint8_t point[32])
{
	uint8_t expanded[crypto_sign_ed25519_SECRETKEYBYTES];
	int error = crypto_sign_ed25519_seed_keypair(point, expanded, seed);

	sodium_memzero(expanded, sizeof(expanded));
	return error ? -EINVAL : 0;
}

static int sign(const uint8_t seed[ED25519_SEED], const void *data, size_t size,
		uint8_t signature[64])
{
	uint8_t expanded[crypto_sign_ed25519_SECRETKEYBYTES], point[32];
	int error = crypto_sign_ed25519_seed_keypair(point, expanded, seed);

	if (!error)
		error = crypto_sign_ed25519_detached(signature, NULL, data, size, expanded);
	sodium_memzero(expanded, sizeof(expanded));
	return error ? -EINVAL : 0;
}

static const struct key_ed25519 functions = { valid, verify, generate, derive, sign };

void key_use_ed25519(void)
{
	if (ENABLED(CONFIG_ED25519) && sodium_init() >= 0)
		key_ed25519 = &functions;
}
