/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/digest.h"

#include <errno.h>
#include <psa/crypto.h>
#include <unistd.h>

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

int digest_file(int fd, uint8_t out[DIGEST_SIZE])
{
	psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
	uint8_t buffer[8192];
	size_t length;
	ssize_t got;
	int error = 0;

	if (psa_crypto_init() != PSA_SUCCESS ||
	    psa_hash_setup(&hash, PSA_ALG_SHA_256) != PSA_SUCCESS)
		return -EIO;
	while (!error && (got = read(fd, buffer, sizeof(buffer))) != 0) {
		if (got < 0)
			error = -errno;
		else if (psa_hash_update(&hash, buffer, (size_t)got) != PSA_SUCCESS)
			error = -EIO;
	}
	if (!error && (psa_hash_finish(&hash, out, DIGEST_SIZE, &length) != PSA_SUCCESS ||
		       length != DIGEST_SIZE))
		error = -EIO;
	(void)psa_hash_abort(&hash);
	return error;
}
