/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/key.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/crypto/internal.h"
#include "appliance/base/hex.h"

enum { RSA_LEAST_BITS = 2048, RSA_MOST_BITS = 4096, ED25519_SIGNATURE = 64, ED25519_POINT = 32 };

static const uint8_t p256_identifier[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
					   0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
					   0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t p384_identifier[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
					   0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t rsa_identifier[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
					  0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
static const uint8_t ed25519_identifier[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

const struct key_form key_form[KEY_TYPES] = {
	[KEY_P256] = { "ecdsa", "ecdsa-sha2-nistp256",
		       PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1),
		       PSA_ALG_ECDSA(PSA_ALG_SHA_256), 256, p256_identifier,
		       sizeof(p256_identifier) },
	[KEY_P384] = { "ecdsa", "ecdsa-sha2-nistp384",
		       PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1),
		       PSA_ALG_ECDSA(PSA_ALG_SHA_384), 384, p384_identifier,
		       sizeof(p384_identifier) },
	[KEY_RSA] = { "rsa", "rsassa-pss-sha256", PSA_KEY_TYPE_RSA_KEY_PAIR,
		      PSA_ALG_RSA_PSS(PSA_ALG_SHA_256), 0, rsa_identifier, sizeof(rsa_identifier) },
	[KEY_ED25519] = { "ed25519", "ed25519", PSA_KEY_TYPE_NONE, PSA_ALG_NONE, 256,
			  ed25519_identifier, sizeof(ed25519_identifier) },
};

const struct key_ed25519 *key_ed25519;

const char *key_type_print(enum key_type type)
{
	return type < KEY_TYPES ? key_form[type].keytype : "?";
}

const char *key_scheme_print(enum key_type type)
{
	return type < KEY_TYPES ? key_form[type].scheme : "?";
}

int key_type_parse(enum key_type *type, const char *keytype, const char *scheme)
{
	for (enum key_type i = 0; i < KEY_TYPES; i++) {
		if (strcmp(scheme, key_form[i].scheme) != 0)
			continue;
		if (strcmp(keytype, key_form[i].keytype) != 0 &&
		    !(strcmp(key_form[i].keytype, "ecdsa") == 0 && strcmp(keytype, scheme) == 0))
			return -EINVAL;
		*type = i;
		return 0;
	}
	return -EINVAL;
}

int key_form_lookup(enum key_type *type, const struct cursor *identifier)
{
	for (enum key_type i = 0; i < KEY_TYPES; i++) {
		if (cursor_left(identifier) != key_form[i].identifier_size ||
		    memcmp(identifier->data, key_form[i].identifier, identifier->size) != 0)
			continue;
		*type = i;
		return 0;
	}
	return -EINVAL;
}

static int import(const struct key *key, psa_key_id_t *id)
{
	const struct key_form *form = &key_form[key->type];
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_status_t status;

	psa_set_key_type(&attributes,
			 (psa_key_type_t)PSA_KEY_TYPE_PUBLIC_KEY_OF_KEY_PAIR(form->psa));
	psa_set_key_algorithm(&attributes, form->algorithm);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_MESSAGE);
	psa_set_key_bits(&attributes, form->bits);
	if (psa_crypto_init() != PSA_SUCCESS)
		return -EIO;
	status = psa_import_key(&attributes, key->bytes, key->size, id);
	if (status == PSA_ERROR_INSUFFICIENT_MEMORY)
		return -ENOMEM;
	return status == PSA_SUCCESS ? 0 : -EINVAL;
}

/* One key has one form: the parts are in DER, and nothing follows. */
static int check_rsa(const struct key *key)
{
	uint8_t modulus[RSA_MOST_BITS / 8], exponent[RSA_MOST_BITS / 8];
	struct cursor in = cursor_reader(key->bytes, key->size);
	struct cursor sequence = der_get(&in, DER_SEQUENCE);
	size_t zeros = 0;

	der_get_integer(&sequence, modulus, sizeof(modulus));
	der_get_integer(&sequence, exponent, sizeof(exponent));
	if (der_end(&sequence) || der_end(&in))
		return -EINVAL;
	while (zeros < sizeof(modulus) && modulus[zeros] == 0)
		zeros++;
	return (sizeof(modulus) - zeros) * 8 < RSA_LEAST_BITS ? -EINVAL : 0;
}

static int check(const struct key *key)
{
	psa_key_id_t id;
	int error;

	if (key->type == KEY_ED25519) {
		if (!key_ed25519)
			return -ENOTSUP;
		return key->size == ED25519_POINT && key_ed25519->valid(key->bytes) ? 0 : -EINVAL;
	}
	if (key->type == KEY_RSA) {
		error = check_rsa(key);
		if (error)
			return error;
	}
	error = import(key, &id);
	if (!error)
		psa_destroy_key(id);
	return error;
}

int key_public_decode(struct key *key, const void *der, size_t size)
{
	struct cursor in = cursor_reader(der, size);
	struct cursor outer = der_get(&in, DER_SEQUENCE);
	struct cursor identifier = der_get(&outer, DER_SEQUENCE);
	struct cursor bits = der_get(&outer, DER_BIT_STRING);

	memset(key, 0, sizeof(*key));
	if (der_end(&in) || der_end(&outer) || key_form_lookup(&key->type, &identifier) ||
	    cursor_get8(&bits) != 0)
		return -EINVAL;
	key->size = cursor_left(&bits);
	if (key->size == 0 || key->size > sizeof(key->bytes))
		return -EINVAL;
	cursor_get(&bits, key->bytes, key->size);
	return check(key);
}

/* Lower case only, so that one key has one text. */
static int decode_hex(struct key *key, const char *text)
{
	key->type = KEY_ED25519;
	key->size = ED25519_POINT;
	return hex_parse(key->bytes, key->size, text) ? check(key) : -EINVAL;
}

int key_public_read(struct key *key, const char *text)
{
	uint8_t der[KEY_BYTES];
	size_t length = strlen(text), size;
	int error;

	memset(key, 0, sizeof(*key));
	if (length > KEY_PEM_MAX)
		return -EINVAL;
	error = pem_decode(text, length, "PUBLIC KEY", der, sizeof(der), &size);
	return error ? -EINVAL : key_public_decode(key, der, size);
}

int key_public_parse(struct key *key, enum key_type type, const char *text)
{
	int error;

	memset(key, 0, sizeof(*key));
	if (type == KEY_ED25519)
		return decode_hex(key, text);
	error = key_public_read(key, text);
	return !error && key->type != type ? -EINVAL : error;
}

int key_public_encode(const struct key *key, uint8_t der[KEY_DER], size_t *size)
{
	const struct key_form *form = &key_form[key->type];
	struct der_writer writer = der_writer(der, KEY_DER);
	const uint8_t *middle;

	der_put(&writer, key->bytes, key->size);
	der_put(&writer, "", 1);	/* no unused bits */
	der_wrap(&writer, DER_BIT_STRING, writer.end);
	middle = writer.at;
	der_put(&writer, form->identifier, form->identifier_size);
	der_wrap(&writer, DER_SEQUENCE, middle);
	der_wrap(&writer, DER_SEQUENCE, writer.end);
	if (writer.failed)
		return -EINVAL;
	*size = (size_t)(writer.end - writer.at);
	memmove(der, writer.at, *size);
	return 0;
}

int key_public_write(const struct key *key, struct text *out)
{
	uint8_t der[KEY_DER];
	size_t size;
	int error = key_public_encode(key, der, &size);

	return error ? error : pem_encode(der, size, "PUBLIC KEY", out);
}

int key_public_print(const struct key *key, struct text *out)
{
	char digits[2 * ED25519_POINT + 1];

	if (key->type != KEY_ED25519)
		return key_public_write(key, out);
	hex_print(key->bytes, ED25519_POINT, digits);
	text_puts(out, digits);
	return text_failed(out) ? -ENOMEM : 0;
}

bool key_equal(const struct key *a, const struct key *b)
{
	return a->type == b->type && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static int verify_psa(const struct key *key, const void *data, size_t size,
		      const uint8_t *signature, size_t length)
{
	psa_status_t status;
	psa_key_id_t id;
	int error = import(key, &id);

	if (error)
		return error == -EINVAL ? -EBADMSG : error;
	status = psa_verify_message(id, key_form[key->type].algorithm, data, size, signature,
				    length);
	psa_destroy_key(id);
	return status == PSA_SUCCESS ? 0 : -EBADMSG;
}

int key_verify(const struct key *key, const void *data, size_t size, const uint8_t *signature,
	       size_t length)
{
	uint8_t raw[2 * ECDSA_MOST];
	size_t half = key_form[key->type].bits / 8;

	switch (key->type) {
	case KEY_P256:
	case KEY_P384:
		if (ecdsa_decode(raw, half, signature, length))
			return -EBADMSG;
		return verify_psa(key, data, size, raw, 2 * half);
	case KEY_RSA:
		return verify_psa(key, data, size, signature, length);
	case KEY_ED25519:
		if (!key_ed25519)
			return -ENOTSUP;
		return length == ED25519_SIGNATURE &&
		       key_ed25519->verify(key->bytes, data, size, signature) ? 0 : -EBADMSG;
	case KEY_TYPES:
		break;
	}
	return -EBADMSG;
}
