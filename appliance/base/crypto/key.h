/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * Signatures, in the key types and schemes of The Update Framework (section 4.2):
 *
 *	KEY_P256	ecdsa	ecdsa-sha2-nistp256	DER (RFC 3279) over SHA-256
 *	KEY_P384	ecdsa	ecdsa-sha2-nistp384	DER over SHA-384
 *	KEY_RSA		rsa	rsassa-pss-sha256	RFC 8017, MGF1 and salt of 32 bytes; 2048 to
 *							4096 bits, if PSA supports it
 *	KEY_ED25519	ed25519	ed25519			RFC 8032, public key in hexadecimal
 *
 * ECDSA and RSA use the PSA Crypto API. Ed25519 uses libsodium if CONFIG_ED25519 is on and
 * key_use_ed25519 was called; a program that does not call it does not link libsodium.
 */
enum key_type { KEY_P256, KEY_P384, KEY_RSA, KEY_ED25519, KEY_TYPES };
enum { KEY_BYTES = 600, KEY_DER = KEY_BYTES + 64, KEY_SIGNATURE = 512, KEY_PEM_MAX = 8192,
       KEY_PASSPHRASE_MAX = 256 };

/*
 * A public key, complete and checked; the bytes are in PSA's import form (32 raw bytes for
 * Ed25519).
 */
struct key {
	enum key_type type;
	size_t size;
	uint8_t bytes[KEY_BYTES];
};

/* Words of TUF metadata; "?" and -EINVAL for others. */
const char *key_type_print(enum key_type type);		/* "ecdsa" */
const char *key_scheme_print(enum key_type type);	/* "ecdsa-sha2-nistp256" */

/* Parses type and scheme; -EINVAL if they do not belong together. "ecdsa-sha2-nistp256" and
 * "ecdsa-sha2-nistp384" are also accepted as type (older metadata). */
int key_type_parse(enum key_type *type, const char *keytype, const char *scheme);

/* keyval.public of TUF metadata: PEM (SubjectPublicKeyInfo), hexadecimal for Ed25519. -EINVAL: not
 * a key of this type, wrong curve, RSA below 2048 bits; -ENOTSUP: Ed25519 without libsodium. */
int key_public_parse(struct key *key, enum key_type type, const char *text)
	__attribute__((warn_unused_result));
/* Prints the same form; PEM ends with a newline. */
int key_public_print(const struct key *key, struct text *out) __attribute__((warn_unused_result));

/* SubjectPublicKeyInfo in DER, as in certificates. Errors as above. */
int key_public_decode(struct key *key, const void *der, size_t size)
	__attribute__((warn_unused_result));
/* The same from a key. 0, or -EINVAL: it does not fit, so it is no key. */
int key_public_encode(const struct key *key, uint8_t der[KEY_DER], size_t *size)
	__attribute__((warn_unused_result));

/* Reads a public key file of any type: PEM, Ed25519 too (RFC 8410). Errors as above. */
int key_public_read(struct key *key, const char *text) __attribute__((warn_unused_result));
int key_public_write(const struct key *key, struct text *out) __attribute__((warn_unused_result));

/* The same type and the same bytes? */
bool key_equal(const struct key *a, const struct key *b);

/* 0 for a valid signature only, else -EBADMSG. Strict DER (no zero, no oversized r or s, no
 * trailing bytes): a signature cannot be turned into a second form. */
int key_verify(const struct key *key, const void *data, size_t size, const uint8_t *signature,
	       size_t length) __attribute__((warn_unused_result));

/*
 * Reads a signature of this message that another program or machine made, in any form that tokens
 * and openssl(1) produce. ECDSA as DER or as r and s side by side; RSA and Ed25519 as they are.
 * Binary, or text in base64 or hexadecimal (white space, colons and upper case allowed). signature
 * becomes the one form used in metadata, and verifies. -EINVAL: not a signature by a key of this
 * type and size; -EACCES: it does not verify: another key, other bytes, another hash, or RSA
 * without PSS and a salt of 32 bytes; -ENOTSUP: Ed25519 without libsodium.
 */
int key_signature_read(const struct key *key, const void *message, size_t message_size,
		       const void *bytes, size_t size, uint8_t signature[KEY_SIGNATURE],
		       size_t *length) __attribute__((warn_unused_result));

/* Links and enables Ed25519 (base/crypto/ed25519.c); no-op without CONFIG_ED25519. */
void key_use_ed25519(void);

/* ---- private keys: the publisher's, and the appliance's own ---- */

struct secret;	/* wiped when freed */

/* A new key of this type; the caller frees it with secret_free. 0 or -errno. */
int secret_generate(struct secret **secret, enum key_type type) __attribute__((warn_unused_result));

/*
 * Parses PEM: PKCS#8, encrypted (RFC 8018: PBES2, PBKDF2-HMAC-SHA-256, AES-256-CBC) or not, or the
 * traditional EC and RSA forms. -EACCES: the passphrase is missing or wrong; -EINVAL: not a key;
 * -ENOTSUP: encrypted in another way.
 */
int secret_parse(struct secret **secret, const char *pem, size_t size, const char *passphrase)
	__attribute__((warn_unused_result));
/* Encrypted when passphrase is not NULL (600,000 iterations); `openssl pkey` reads it. */
int secret_print(const struct secret *secret, const char *passphrase, struct text *pem)
	__attribute__((warn_unused_result));
int secret_sign(const struct secret *secret, const void *data, size_t size,
		uint8_t signature[KEY_SIGNATURE], size_t *length)
	__attribute__((warn_unused_result));
void secret_public(const struct secret *secret, struct key *key);

/*
 * A private key that stays where it is, on a token for example. sign gets the digest of the message
 * (SHA-384 for P-384, else SHA-256) and returns the signature in any form of key_signature_read.
 * secret_sign verifies it before returning it, else -EKEYREJECTED; -errno of sign is passed on.
 * Ed25519 is -ENOTSUP, and so is secret_print of such a key. secret_free calls release.
 */
struct secret_device {
	int (*sign)(void *context, const uint8_t *digest, size_t size,
		    uint8_t signature[KEY_SIGNATURE], size_t *length);
	void (*release)(void *context);
};
/* 0, and secret takes over context; or -errno, and the caller keeps it. */
int secret_attach(struct secret **secret, const struct key *key, const struct secret_device *device,
		  void *context) __attribute__((warn_unused_result));
void secret_free(struct secret *secret);
