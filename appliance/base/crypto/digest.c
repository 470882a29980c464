/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/digest.h"

#include <errno.h>
#include <psa/crypto.h>

static int digest(psa_algorithm_t algorithm, const void *data, size_t size, uint8_t *out,
		  size_t out_size)
{
	size_t length;

	if (psa_crypto_init() != PSA_SUCCESS ||
	    psa_hash_compute(algorithm, data, size, out, out_size, &length) != PSA_SUCCESS ||
	    length != out_size)
		return -EIO;
	return 0;
}

int digest_sha256(const void *data, size_t size, uint8_t out[DIGEST_SIZE])
{
	return digest(PSA_ALG_SHA_256, data, size, out, DIGEST_SIZE);
}

int digest_sha512(const void *data, size_t size, uint8_t out[DIGEST_SHA512_SIZE])
{
	return digest(PSA_ALG_SHA_512, data, size, out, DIGEST_SHA512_SIZE);
}
