/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/internal.h"

enum { RSA_NEW_BITS = 3072 };

static int start(enum key_type type, const uint8_t *bytes, size_t size, psa_key_id_t *id)
{
	const struct key_form *form = &key_form[type];
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_status_t status;

	psa_set_key_type(&attributes, form->psa);
	psa_set_key_algorithm(&attributes, form->algorithm);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE | PSA_KEY_USAGE_EXPORT);
	psa_set_key_bits(&attributes, form->bits);
	if (psa_crypto_init() != PSA_SUCCESS)
		return -EIO;
	if (bytes) {
		status = psa_import_key(&attributes, bytes, size, id);
	} else {
		if (type == KEY_RSA)
			psa_set_key_bits(&attributes, RSA_NEW_BITS);
		status = psa_generate_key(&attributes, id);
	}
	if (status == PSA_ERROR_INSUFFICIENT_MEMORY)
		return -ENOMEM;
	return status == PSA_SUCCESS ? 0 : -EINVAL;
}

static int complete_psa(struct secret *secret, psa_key_id_t id)
{
	struct text text = TEXT_EMPTY;
	struct key checked;
	int error;

	if (psa_export_key(id, secret->bytes, sizeof(secret->bytes), &secret->size) !=
		    PSA_SUCCESS ||
	    psa_export_public_key(id, secret->key.bytes, sizeof(secret->key.bytes),
				  &secret->key.size) != PSA_SUCCESS)
		return -EINVAL;
	/* The same limits as for other public keys. */
	error = key_public_write(&secret->key, &text);
	if (!error)
		error = key_public_read(&checked, text.data);
	text_release(&text);
	return error;
}

static int complete_ed25519(struct secret *secret, const uint8_t *bytes, size_t size)
{
	if (!key_ed25519)
		return -ENOTSUP;
	if (bytes && size != ED25519_SEED)
		return -EINVAL;
	secret->size = ED25519_SEED;
	secret->key.size = 32;
	if (bytes)
		memcpy(secret->bytes, bytes, size);
	else if (key_ed25519->generate(secret->bytes))
		return -EIO;
	return key_ed25519->point(secret->bytes, secret->key.bytes);
}

static int build(struct secret **out, enum key_type type, const uint8_t *bytes, size_t size)
{
	struct secret *secret = calloc(1, sizeof(*secret));
	psa_key_id_t id;
	int error;

	if (!secret)
		return -ENOMEM;
	secret->key.type = type;
	if (type == KEY_ED25519) {
		error = complete_ed25519(secret, bytes, size);
	} else {
		error = start(type, bytes, size, &id);
		if (!error) {
			error = complete_psa(secret, id);
			psa_destroy_key(id);
		}
	}
	if (error) {
		secret_free(secret);
		return error;
	}
	*out = secret;
	return 0;
}

int secret_generate(struct secret **secret, enum key_type type)
{
	return type < KEY_TYPES ? build(secret, type, NULL, 0) : -EINVAL;
}

int secret_import(struct secret **secret, enum key_type type, const uint8_t *bytes, size_t size)
{
	return build(secret, type, bytes, size);
}

static int sign_psa(const struct secret *secret, const void *data, size_t size, uint8_t *out,
		    size_t room, size_t *length)
{
	psa_status_t status;
	psa_key_id_t id;
	int error = start(secret->key.type, secret->bytes, secret->size, &id);

	if (error)
		return error;
	status = psa_sign_message(id, key_form[secret->key.type].algorithm, data, size, out, room,
				  length);
	psa_destroy_key(id);
	return status == PSA_SUCCESS ? 0 : -EIO;
}

/* ---- elsewhere ---- */

int secret_attach(struct secret **out, const struct key *key, const struct secret_device *device,
		  void *context)
{
	struct secret *secret = key->type == KEY_ED25519 ? NULL : calloc(1, sizeof(*secret));

	if (!secret)
		return key->type == KEY_ED25519 ? -ENOTSUP : -ENOMEM;
	secret->key = *key;
	secret->device = device;
	secret->context = context;
	*out = secret;
	return 0;
}

/* Another machine made the signature: verify it before it is used. */
static int sign_elsewhere(const struct secret *secret, const void *data, size_t size,
			  uint8_t signature[KEY_SIGNATURE], size_t *length)
{
	const psa_algorithm_t hash = secret->key.type == KEY_P384 ? PSA_ALG_SHA_384 :
								    PSA_ALG_SHA_256;
	uint8_t digest[ECDSA_MOST], bytes[KEY_SIGNATURE];
	size_t digest_size, count = 0;
	int error;

	if (psa_crypto_init() != PSA_SUCCESS ||
	    psa_hash_compute(hash, data, size, digest, sizeof(digest), &digest_size) != PSA_SUCCESS)
		return -EIO;
	error = secret->device->sign(secret->context, digest, digest_size, bytes, &count);
	if (error)
		return error;
	error = key_signature_read(&secret->key, data, size, bytes, count, signature, length);
	return error == -EINVAL || error == -EACCES ? -EKEYREJECTED : error;
}

int secret_sign(const struct secret *secret, const void *data, size_t size,
		uint8_t signature[KEY_SIGNATURE], size_t *length)
{
	size_t half = key_form[secret->key.type].bits / 8;
	uint8_t raw[2 * ECDSA_MOST];
	int error;

	if (secret->device)
		return sign_elsewhere(secret, data, size, signature, length);
	if (secret->key.type == KEY_ED25519) {
		if (!key_ed25519)
			return -ENOTSUP;
		*length = 64;
		return key_ed25519->sign(secret->bytes, data, size, signature);
	}
	if (secret->key.type == KEY_RSA)
		return sign_psa(secret, data, size, signature, KEY_SIGNATURE, length);
	error = sign_psa(secret, data, size, raw, sizeof(raw), length);
	return error ? error : ecdsa_encode(raw, half, signature, length);
}

void secret_public(const struct secret *secret, struct key *key)
{
	*key = secret->key;
}

void secret_free(struct secret *secret)
{
	if (!secret)
		return;
	if (secret->device)
		secret->device->release(secret->context);
	mbedtls_platform_zeroize(secret, sizeof(*secret));
	free(secret);
}
