/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <psa/crypto.h>

#include "appliance/base/crypto/der.h"
#include "appliance/base/crypto/key.h"

/* Shared by the files of this folder. */

enum { ECDSA_MOST = 48, ED25519_SEED = 32, SECRET_BYTES = 2560, SECRET_DER = 3072 };

/* PSA's name for a type, and the content of its AlgorithmIdentifier in X.509 and PKCS#8. */
struct key_form {
	const char *keytype;
	const char *scheme;
	psa_key_type_t psa;
	psa_algorithm_t algorithm;
	size_t bits;		/* 0: any of RSA's */
	const uint8_t *identifier;
	size_t identifier_size;
};
extern const struct key_form key_form[KEY_TYPES];

/* 0, or -EINVAL for an algorithm that we do not support. */
int key_form_lookup(enum key_type *type, const struct cursor *identifier)
	__attribute__((warn_unused_result));

/*
 * Decodes one PEM block with this label; der has room for size bytes. 0; -ENOENT: no such label;
 * -EINVAL.
 */
int pem_decode(const char *text, size_t length, const char *label, uint8_t *der, size_t size,
	       size_t *der_size) __attribute__((warn_unused_result));
int pem_encode(const uint8_t *der, size_t size, const char *label, struct text *out)
	__attribute__((warn_unused_result));

/* Fixed width as in PSA; half is half the size of raw. */
int ecdsa_decode(uint8_t *raw, size_t half, const uint8_t *signature, size_t length)
	__attribute__((warn_unused_result));
int ecdsa_encode(const uint8_t *raw, size_t half, uint8_t signature[KEY_SIGNATURE], size_t *length)
	__attribute__((warn_unused_result));

/* Ed25519 is behind this table so that only programs that use it link libsodium. */
struct key_ed25519 {
	bool (*valid)(const uint8_t point[32]);
	bool (*verify)(const uint8_t point[32], const void *data, size_t size,
		       const uint8_t signature[64]);
	int (*generate)(uint8_t seed[ED25519_SEED]);
	int (*point)(const uint8_t seed[ED25519_SEED], uint8_t point[32]);
	int (*sign)(const uint8_t seed[ED25519_SEED], const void *data, size_t size,
		    uint8_t signature[64]);
};
extern const struct key_ed25519 *key_ed25519;	/* NULL: not there */

struct secret {
	struct key key;
	const struct secret_device *device;	/* NULL: the key is in bytes */
	void *context;
	size_t size;
	uint8_t bytes[SECRET_BYTES];	/* as PSA imports them; the seed for Ed25519 */
};

/* Checks the bytes and derives the public key. */
int secret_import(struct secret **secret, enum key_type type, const uint8_t *bytes, size_t size)
	__attribute__((warn_unused_result));

/*
 * PBES2 (RFC 8018) around a PrivateKeyInfo. Decoding writes into out, which must be as large as the
 * input.
 */
int pbes2_decode(const uint8_t *der, size_t size, const char *passphrase, uint8_t *out,
		 size_t *out_size) __attribute__((warn_unused_result));
int pbes2_encode(const uint8_t *der, size_t size, const char *passphrase, struct der_writer *out)
	__attribute__((warn_unused_result));

/* PBKDF2-HMAC-SHA-256 (RFC 8018) of a passphrase of at most KEY_PASSPHRASE_MAX bytes. */
int pbkdf2_sha256(const char *passphrase, const uint8_t *salt, size_t salt_size,
		  uint32_t iterations,
		  uint8_t *key, size_t size) __attribute__((warn_unused_result));
