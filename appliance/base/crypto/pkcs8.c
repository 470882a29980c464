/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <mbedtls/platform_util.h>
#include <string.h>

#include "appliance/base/crypto/internal.h"

/* Files of private keys: PKCS#8 (RFC 5958), SEC 1 (RFC 5915) and PKCS#1 (RFC 8017, A.1.2). */

/* Where the curve's OID begins in the identifier of an EC key. */
enum { EC_CURVE_AT = 9, EC_VERSION = 1 };

/* The scalar of an ECPrivateKey. The parameters may be absent where the outside names the curve. */
static struct cursor ec_scalar(struct cursor *in, struct cursor *parameters)
{
	struct cursor sequence = der_get(in, DER_SEQUENCE);
	struct cursor scalar;

	if (der_get_number(&sequence) != EC_VERSION)
		sequence.failed = true;
	scalar = der_get(&sequence, DER_OCTET_STRING);
	*parameters = cursor_reader(NULL, 0);
	if (der_peek(&sequence) == DER_CONTEXT_0)
		*parameters = der_get(&sequence, DER_CONTEXT_0);
	scalar.failed |= sequence.failed;
	return scalar;
}

static int import(struct secret **secret, enum key_type type, const struct cursor *bytes)
{
	if (bytes->failed || bytes->size == 0)
		return -EINVAL;
	return secret_import(secret, type, bytes->data, bytes->size);
}

static int decode_ec(struct secret **secret, const uint8_t *der, size_t size)
{
	struct cursor in = cursor_reader(der, size), parameters;
	struct cursor scalar = ec_scalar(&in, &parameters);

	for (enum key_type type = KEY_P256; type <= KEY_P384; type++) {
		size_t length = key_form[type].identifier_size - EC_CURVE_AT;

		if (cursor_left(&parameters) == length &&
		    memcmp(parameters.data, key_form[type].identifier + EC_CURVE_AT, length) == 0)
			return import(secret, type, &scalar);
	}
	return -EINVAL;
}

static int decode_rsa(struct secret **secret, const uint8_t *der, size_t size)
{
	return secret_import(secret, KEY_RSA, der, size);
}

static int decode_info(struct secret **secret, const uint8_t *der, size_t size)
{
	struct cursor in = cursor_reader(der, size);
	struct cursor outer = der_get(&in, DER_SEQUENCE);
	uint32_t version = der_get_number(&outer);
	struct cursor identifier = der_get(&outer, DER_SEQUENCE);
	struct cursor content = der_get(&outer, DER_OCTET_STRING), parameters;
	enum key_type type;

	if (der_end(&in) || version > 1 || content.failed || key_form_lookup(&type, &identifier))
		return -EINVAL;
	if (type == KEY_P256 || type == KEY_P384)
		content = ec_scalar(&content, &parameters);
	else if (type == KEY_ED25519)
		content = der_get(&content, DER_OCTET_STRING);
	return import(secret, type, &content);
}

static int decode_encrypted(struct secret **secret, const uint8_t *der, size_t size,
			    const char *passphrase)
{
	uint8_t plain[SECRET_DER];
	size_t length;
	int error = pbes2_decode(der, size, passphrase, plain, &length);

	if (!error) {
		error = decode_info(secret, plain, length);
		/* Padding that fits by chance. */
		if (error == -EINVAL)
			error = -EACCES;
	}
	mbedtls_platform_zeroize(plain, sizeof(plain));
	return error;
}

static int decode_any(struct secret **secret, const char *pem, size_t size, const char *passphrase,
		      uint8_t der[SECRET_DER])
{
	static const struct {
		const char *label;
		int (*decode)(struct secret **secret, const uint8_t *der, size_t size);
	} plain[] = {
		{ "PRIVATE KEY", decode_info },
		{ "EC PRIVATE KEY", decode_ec },
		{ "RSA PRIVATE KEY", decode_rsa },
	};
	size_t length;
	int error = pem_decode(pem, size, "ENCRYPTED PRIVATE KEY", der, SECRET_DER, &length);

	if (error != -ENOENT)
		return error ? error : decode_encrypted(secret, der, length, passphrase);
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		error = pem_decode(pem, size, plain[i].label, der, SECRET_DER, &length);
		if (error != -ENOENT)
			return error ? error : plain[i].decode(secret, der, length);
	}
	return -EINVAL;
}

int secret_parse(struct secret **secret, const char *pem, size_t size, const char *passphrase)
{
	uint8_t der[SECRET_DER];
	int error;

	if (size > KEY_PEM_MAX)
		return -EINVAL;
	error = decode_any(secret, pem, size, passphrase, der);
	mbedtls_platform_zeroize(der, sizeof(der));
	return error;
}

static void encode_ec(const struct secret *secret, struct der_writer *out)
{
	const uint8_t *end = out->at;

	der_put(out, secret->key.bytes, secret->key.size);
	der_put(out, "", 1);	/* no unused bits */
	der_wrap(out, DER_BIT_STRING, end);
	der_wrap(out, DER_CONTEXT_1, end);
	der_put_value(out, DER_OCTET_STRING, secret->bytes, secret->size);
	der_put_number(out, EC_VERSION);
	der_wrap(out, DER_SEQUENCE, end);
}

static void encode_info(const struct secret *secret, struct der_writer *out)
{
	const struct key_form *form = &key_form[secret->key.type];
	const uint8_t *end = out->at;

	if (secret->key.type == KEY_RSA)
		der_put(out, secret->bytes, secret->size);
	else if (secret->key.type == KEY_ED25519)
		der_put_value(out, DER_OCTET_STRING, secret->bytes, secret->size);
	else
		encode_ec(secret, out);
	der_wrap(out, DER_OCTET_STRING, end);
	der_put_value(out, DER_SEQUENCE, form->identifier, form->identifier_size);
	der_put_number(out, 0);
	der_wrap(out, DER_SEQUENCE, end);
}

int secret_print(const struct secret *secret, const char *passphrase, struct text *pem)
{
	uint8_t plain[SECRET_DER], encrypted[SECRET_DER];
	struct der_writer in = der_writer(plain, sizeof(plain));
	struct der_writer out = der_writer(encrypted, sizeof(encrypted));
	int error;

	if (secret->device)
		return -ENOTSUP;
	encode_info(secret, &in);
	if (in.failed)
		error = -EINVAL;
	else if (passphrase)
		error = pbes2_encode(in.at, (size_t)(in.end - in.at), passphrase, &out);
	else
		error = pem_encode(in.at, (size_t)(in.end - in.at), "PRIVATE KEY", pem);
	if (!error && passphrase)
		error = pem_encode(out.at, (size_t)(out.end - out.at), "ENCRYPTED PRIVATE KEY",
				   pem);
	mbedtls_platform_zeroize(plain, sizeof(plain));
	return error;
}
