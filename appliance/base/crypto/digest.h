/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* SHA-2 (FIPS 180-4) through the PSA Crypto API; only this folder includes Mbed TLS. */
enum { DIGEST_SIZE = 32, DIGEST_SHA512_SIZE = 64 };

/* 0 or -errno; with data of 0 bytes, too. */
int digest_sha256(const void *data, size_t size, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));
int digest_sha512(const void *data, size_t size, uint8_t digest[DIGEST_SHA512_SIZE])
	__attribute__((warn_unused_result));
/* Of a file from its current position to its end. 0 or -errno. */
int digest_file(int fd, uint8_t digest[DIGEST_SIZE]) __attribute__((warn_unused_result));
