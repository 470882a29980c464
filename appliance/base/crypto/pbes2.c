/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>
#include <string.h>

#include "appliance/base/crypto/internal.h"

/*
 * Encrypted private keys (RFC 8018, appendix A.4). Written here because Mbed TLS 2.28 reads PBES2
 * only with DES and cannot write encrypted keys.
 */
enum {
	SALT = 16,
	SALT_MOST = 64,
	IV = 16,
	AES_MOST = 32,
	ITERATIONS = 600000,
	ITERATIONS_MOST = 10000000
};

static const uint8_t oid_pbes2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d };
static const uint8_t oid_pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c };
/* One more byte follows each and says which. */
static const uint8_t oid_hmac[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02 };
static const uint8_t oid_aes[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01 };

enum { HMAC_SHA1 = 7, HMAC_SHA256 = 9, HMAC_SHA384 = 10, HMAC_SHA512 = 11 };
enum { AES128_CBC = 0x02, AES192_CBC = 0x16, AES256_CBC = 0x2a };

struct parameters {
	uint8_t salt[SALT_MOST];
	size_t salt_size;
	uint32_t iterations;
	mbedtls_md_type_t hash;
	size_t key_size;
	uint8_t iv[IV];
};

static bool is_oid(struct cursor *in, const uint8_t *oid, size_t size)
{
	struct cursor value = der_get(in, DER_OID);

	return cursor_left(&value) == size && memcmp(value.data, oid, size) == 0;
}

/* The byte after a known prefix; 0 if the prefix is another. */
static uint8_t oid_tail(struct cursor *in, const uint8_t *oid, size_t size)
{
	struct cursor value = der_get(in, DER_OID);

	return cursor_left(&value) == size + 1 && memcmp(value.data, oid, size) == 0 ?
		       value.data[size] : 0;
}

static mbedtls_md_type_t hash_of(struct cursor *in)
{
	struct cursor prf;

	if (der_peek(in) != DER_SEQUENCE)
		return MBEDTLS_MD_SHA1;	/* RFC 8018's default */
	prf = der_get(in, DER_SEQUENCE);
	switch (oid_tail(&prf, oid_hmac, sizeof(oid_hmac))) {
	case HMAC_SHA1:
		return MBEDTLS_MD_SHA1;
	case HMAC_SHA256:
		return MBEDTLS_MD_SHA256;
	case HMAC_SHA384:
		return MBEDTLS_MD_SHA384;
	case HMAC_SHA512:
		return MBEDTLS_MD_SHA512;
	default:
		return MBEDTLS_MD_NONE;
	}
}

static size_t key_size_of(struct cursor *in)
{
	switch (oid_tail(in, oid_aes, sizeof(oid_aes))) {
	case AES128_CBC:
		return 16;
	case AES192_CBC:
		return 24;
	case AES256_CBC:
		return 32;
	default:
		return 0;
	}
}

static int decode_parameters(struct parameters *parameters, struct cursor *in)
{
	struct cursor both, derivation, inner, salt, cipher, iv;

	if (!is_oid(in, oid_pbes2, sizeof(oid_pbes2)))
		return in->failed ? -EINVAL : -ENOTSUP;
	both = der_get(in, DER_SEQUENCE);
	derivation = der_get(&both, DER_SEQUENCE);
	if (!is_oid(&derivation, oid_pbkdf2, sizeof(oid_pbkdf2)))
		return derivation.failed ? -EINVAL : -ENOTSUP;
	inner = der_get(&derivation, DER_SEQUENCE);
	salt = der_get(&inner, DER_OCTET_STRING);
	parameters->salt_size = cursor_left(&salt);
	if (parameters->salt_size > sizeof(parameters->salt))
		return -ENOTSUP;
	cursor_get(&salt, parameters->salt, parameters->salt_size);
	parameters->iterations = der_get_number(&inner);
	if (der_peek(&inner) == DER_INTEGER)
		der_get_number(&inner);	/* the cipher determines its key length */
	parameters->hash = hash_of(&inner);
	cipher = der_get(&both, DER_SEQUENCE);
	parameters->key_size = key_size_of(&cipher);
	iv = der_get(&cipher, DER_OCTET_STRING);
	cursor_get(&iv, parameters->iv, sizeof(parameters->iv));
	if (inner.failed || der_end(&iv) || der_end(&cipher) || der_end(&both))
		return -EINVAL;
	if (parameters->hash == MBEDTLS_MD_NONE || parameters->key_size == 0 ||
	    parameters->iterations == 0 || parameters->iterations > ITERATIONS_MOST)
		return -ENOTSUP;
	return 0;
}

static int derive(const struct parameters *parameters, const char *passphrase, uint8_t *key)
{
	const unsigned char *word = (const unsigned char *)passphrase;
	size_t length = strlen(passphrase);

	if (length > KEY_PASSPHRASE_MAX)
		return -EINVAL;
#if MBEDTLS_VERSION_NUMBER >= 0x03030000
	return mbedtls_pkcs5_pbkdf2_hmac_ext(parameters->hash, word, length, parameters->salt,
					     parameters->salt_size, parameters->iterations,
					     (uint32_t)parameters->key_size, key) ? -EIO : 0;
#else
	mbedtls_md_context_t md;
	int error;

	mbedtls_md_init(&md);
	error = mbedtls_md_setup(&md, mbedtls_md_info_from_type(parameters->hash), 1);
	if (!error)
		error = mbedtls_pkcs5_pbkdf2_hmac(&md, word, length, parameters->salt,
						  parameters->salt_size, parameters->iterations,
						  (uint32_t)parameters->key_size, key);
	mbedtls_md_free(&md);
	return error ? -EIO : 0;
#endif
}

int pbkdf2_sha256(const char *passphrase, const uint8_t *salt, size_t salt_size,
		  uint32_t iterations, uint8_t *key, size_t size)
{
	struct parameters parameters = { .salt_size = salt_size, .iterations = iterations,
					 .hash = MBEDTLS_MD_SHA256, .key_size = size };

	if (salt_size > SALT_MOST)
		return -EINVAL;
	memcpy(parameters.salt, salt, salt_size);
	return derive(&parameters, passphrase, key);
}

static int import_aes(const uint8_t *key, size_t size, psa_key_id_t *id)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	psa_set_key_type(&attributes, PSA_KEY_TYPE_AES);
	psa_set_key_algorithm(&attributes, PSA_ALG_CBC_PKCS7);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT);
	if (psa_crypto_init() != PSA_SUCCESS ||
	    psa_import_key(&attributes, key, size, id) != PSA_SUCCESS)
		return -EIO;
	return 0;
}

static int cipher_key(const struct parameters *parameters, const char *passphrase, psa_key_id_t *id)
{
	uint8_t key[AES_MOST];
	int error = derive(parameters, passphrase, key);

	if (!error)
		error = import_aes(key, parameters->key_size, id);
	mbedtls_platform_zeroize(key, sizeof(key));
	return error;
}

int pbes2_decode(const uint8_t *der, size_t size, const char *passphrase, uint8_t *out,
		 size_t *out_size)
{
	struct cursor in = cursor_reader(der, size);
	struct cursor outer = der_get(&in, DER_SEQUENCE);
	struct cursor algorithm = der_get(&outer, DER_SEQUENCE);
	struct cursor data = der_get(&outer, DER_OCTET_STRING);
	struct parameters parameters = { .salt_size = 0 };
	uint8_t input[IV + SECRET_DER];
	size_t length = cursor_left(&data);
	psa_status_t status;
	psa_key_id_t id;
	int error;

	if (der_end(&in) || der_end(&outer) || length > SECRET_DER)
		return -EINVAL;
	error = decode_parameters(&parameters, &algorithm);
	if (error)
		return error;
	if (!passphrase)
		return -EACCES;
	error = cipher_key(&parameters, passphrase, &id);
	if (error)
		return error;
	memcpy(input, parameters.iv, IV);
	cursor_get(&data, input + IV, length);
	status = psa_cipher_decrypt(id, PSA_ALG_CBC_PKCS7, input, IV + length, out, size, out_size);
	psa_destroy_key(id);
	return status == PSA_SUCCESS ? 0 : -EACCES;
}

static void encode_parameters(const struct parameters *parameters, struct der_writer *out)
{
	const uint8_t *end = out->at, *inner;

	der_put_value(out, DER_OCTET_STRING, parameters->iv, IV);
	der_put(out, (const uint8_t[]){ AES256_CBC }, 1);
	der_put(out, oid_aes, sizeof(oid_aes));
	der_put(out, (const uint8_t[]){ DER_OID, sizeof(oid_aes) + 1 }, 2);
	der_wrap(out, DER_SEQUENCE, end);
	inner = out->at;
	der_put_value(out, DER_NULL, NULL, 0);
	der_put(out, (const uint8_t[]){ HMAC_SHA256 }, 1);
	der_put(out, oid_hmac, sizeof(oid_hmac));
	der_put(out, (const uint8_t[]){ DER_OID, sizeof(oid_hmac) + 1 }, 2);
	der_wrap(out, DER_SEQUENCE, inner);
	der_put_number(out, parameters->iterations);
	der_put_value(out, DER_OCTET_STRING, parameters->salt, parameters->salt_size);
	der_wrap(out, DER_SEQUENCE, inner);
	der_put_value(out, DER_OID, oid_pbkdf2, sizeof(oid_pbkdf2));
	der_wrap(out, DER_SEQUENCE, inner);
	der_wrap(out, DER_SEQUENCE, end);
	der_put_value(out, DER_OID, oid_pbes2, sizeof(oid_pbes2));
	der_wrap(out, DER_SEQUENCE, end);
}

int pbes2_encode(const uint8_t *der, size_t size, const char *passphrase, struct der_writer *out)
{
	struct parameters parameters = { .salt_size = SALT, .iterations = ITERATIONS,
					 .hash = MBEDTLS_MD_SHA256, .key_size = AES_MOST };
	uint8_t encrypted[IV + SECRET_DER + IV];
	size_t length;
	psa_status_t status;
	psa_key_id_t id;
	int error;

	if (psa_crypto_init() != PSA_SUCCESS ||
	    psa_generate_random(parameters.salt, SALT) != PSA_SUCCESS)
		return -EIO;
	error = cipher_key(&parameters, passphrase, &id);
	if (error)
		return error;
	/* PSA chooses the IV and puts it in front. */
	status = psa_cipher_encrypt(id, PSA_ALG_CBC_PKCS7, der, size, encrypted, sizeof(encrypted),
				    &length);
	psa_destroy_key(id);
	if (status != PSA_SUCCESS || length < IV)
		return -EIO;
	memcpy(parameters.iv, encrypted, IV);
	der_put_value(out, DER_OCTET_STRING, encrypted + IV, length - IV);
	encode_parameters(&parameters, out);
	der_wrap(out, DER_SEQUENCE, out->end);
	return out->failed ? -EINVAL : 0;
}
