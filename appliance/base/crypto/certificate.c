/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/certificate.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/crypto/internal.h"

/* RFC 5280, in DER, written from the end towards the beginning. */

enum { CERTIFICATE_MOST = 1024, UTF8_STRING = 0x0c, GENERALIZED_TIME = 0x18, UTC_TIME = 0x17,
       DER_SET = 0x31, EXTENSIONS = 0xa3, IDENTIFIER = 20 };

/* ecdsa-with-SHA256 (RFC 5758, 3.2); id-at-commonName. */
static const uint8_t algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
				     0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const uint8_t common_name[] = { 0x06, 0x03, 0x55, 0x04, 0x03 };
/* All critical: basicConstraints: not a CA; keyUsage: digitalSignature; extKeyUsage: clientAuth. */
static const uint8_t uses[] = {
	0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00,
	0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07,
	0x80,
	0x30, 0x16, 0x06, 0x03, 0x55, 0x1d, 0x25, 0x01, 0x01, 0xff, 0x04, 0x0c, 0x30, 0x0a, 0x06,
	0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02,
};
/* subjectKeyIdentifier, authorityKeyIdentifier: 20 bytes follow. */
static const uint8_t subject_key[] = { 0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d,
				       0x0e, 0x04, 0x16, 0x04, 0x14 };
static const uint8_t authority_key[] = { 0x30, 0x1f, 0x06, 0x03, 0x55, 0x1d, 0x23,
					 0x04, 0x18, 0x30, 0x16, 0x80, 0x14 };

static bool name_is_valid(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t length = strspn(name, allowed);

	return length > 0 && length < CERTIFICATE_NAME && name[length] == '\0';
}

static void put_name(struct der_writer *out, const char *name)
{
	const uint8_t *end = out->at;

	der_put_value(out, UTF8_STRING, name, strlen(name));
	der_put(out, common_name, sizeof(common_name));
	der_wrap(out, DER_SEQUENCE, end);
	der_wrap(out, DER_SET, end);
	der_wrap(out, DER_SEQUENCE, end);
}

static void put_validity(struct der_writer *out)
{
	const uint8_t *end = out->at;

	der_put_value(out, GENERALIZED_TIME, "99991231235959Z", 15);
	der_put_value(out, UTC_TIME, "700101000000Z", 13);
	der_wrap(out, DER_SEQUENCE, end);
}

static void put_key(struct der_writer *out, const struct key *key)
{
	const struct key_form *form = &key_form[key->type];
	const uint8_t *end = out->at, *middle;

	der_put(out, key->bytes, key->size);
	der_put(out, "", 1);	/* no unused bits */
	der_wrap(out, DER_BIT_STRING, end);
	middle = out->at;
	der_put(out, form->identifier, form->identifier_size);
	der_wrap(out, DER_SEQUENCE, middle);
	der_wrap(out, DER_SEQUENCE, end);
}

/* OpenSSL distinguishes two certificates of one name by the keys' identifiers: those of an
 * appliance before and after a new setup. */
static void put_extensions(struct der_writer *out, const uint8_t *identifier)
{
	const uint8_t *end = out->at;

	der_put(out, identifier, IDENTIFIER);
	der_put(out, authority_key, sizeof(authority_key));
	der_put(out, identifier, IDENTIFIER);
	der_put(out, subject_key, sizeof(subject_key));
	der_put(out, uses, sizeof(uses));
	der_wrap(out, DER_SEQUENCE, end);
	der_wrap(out, EXTENSIONS, end);
}

/* What is signed. */
static void put_content(struct der_writer *out, const struct key *key, const uint8_t *identifier,
			const char *name)
{
	const uint8_t *end = out->at;

	put_extensions(out, identifier);
	put_key(out, key);
	put_name(out, name);
	put_validity(out);
	put_name(out, name);
	der_put(out, algorithm, sizeof(algorithm));
	der_put_number(out, 1);		/* serial: the key tells them apart */
	der_put(out, "\xa0\x03\x02\x01\x02", 5);	/* version 3 */
	der_wrap(out, DER_SEQUENCE, end);
}

int certificate_print(const struct secret *secret, const char *name, struct text *pem)
{
	uint8_t content[CERTIFICATE_MOST], whole[CERTIFICATE_MOST], signature[KEY_SIGNATURE];
	struct der_writer inner = der_writer(content, sizeof(content));
	struct der_writer out = der_writer(whole, sizeof(whole));
	uint8_t digest[DIGEST_SIZE];
	struct key key;
	size_t length;
	int error;

	secret_public(secret, &key);
	if (key.type != KEY_P256 || !name_is_valid(name))
		return -EINVAL;
	error = digest_sha256(key.bytes, key.size, digest);
	if (error)
		return error;
	put_content(&inner, &key, digest, name);
	if (inner.failed)
		return -EINVAL;
	error = secret_sign(secret, inner.at, (size_t)(inner.end - inner.at), signature, &length);
	if (error)
		return error;
	der_put(&out, signature, length);
	der_put(&out, "", 1);
	der_wrap(&out, DER_BIT_STRING, out.end);
	der_put(&out, algorithm, sizeof(algorithm));
	der_put(&out, inner.at, (size_t)(inner.end - inner.at));
	der_wrap(&out, DER_SEQUENCE, out.end);
	return out.failed ? -EINVAL : pem_encode(out.at, (size_t)(out.end - out.at), "CERTIFICATE",
						 pem);
}
