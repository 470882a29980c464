/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/crypto/digest.h"

#include <errno.h>
#include <psa/crypto.h>

int digest_sha256(const void *data, size_t size, uint8_t digest[DIGEST_SIZE])
{
	size_t length;

	if (psa_crypto_init() != PSA_SUCCESS ||
	    psa_hash_compute(PSA_ALG_SHA_256, data, size, digest, DIGEST_SIZE, &length) !=
		    PSA_SUCCESS || length != DIGEST_SIZE)
		return -EIO;
	return 0;
}
