/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <mbedtls/base64.h>
#include <string.h>

#include "appliance/base/crypto/internal.h"

/* Signatures made elsewhere, in the forms of tokens and of the programs that use them. */

enum { ED25519_BYTES = 64, TEXT_MOST = 2 * KEY_SIGNATURE };

/* Bytes of the modulus, and so of a signature. */
static size_t rsa_size(const struct key *key)
{
	struct cursor in = cursor_reader(key->bytes, key->size);
	struct cursor sequence = der_get(&in, DER_SEQUENCE);
	struct cursor modulus = der_get(&sequence, DER_INTEGER);
	size_t size = cursor_left(&modulus);

	return size > 0 && modulus.data[0] == 0 ? size - 1 : size;
}

static int verify(const struct key *key, const void *message, size_t message_size,
		  const uint8_t *signature, size_t length)
{
	int error = key_verify(key, message, message_size, signature, length);

	return error == -EBADMSG ? -EACCES : error;
}

/* DER, or r and s side by side. A few signatures pass for both; the form that verifies is meant. */
static int take_ecdsa(const struct key *key, const void *message, size_t message_size,
		      const uint8_t *bytes, size_t size, uint8_t *signature, size_t *length)
{
	size_t half = key_form[key->type].bits / 8;
	uint8_t raw[2 * ECDSA_MOST];
	int error = -EINVAL;

	if (ecdsa_decode(raw, half, bytes, size) == 0) {
		memcpy(signature, bytes, size);
		*length = size;
		error = verify(key, message, message_size, signature, *length);
	}
	if ((error != -EINVAL && error != -EACCES) || size != 2 * half ||
	    ecdsa_encode(bytes, half, signature, length) ||
	    ecdsa_decode(raw, half, signature, *length))
		return error;
	return verify(key, message, message_size, signature, *length);
}

static int take(const struct key *key, const void *message, size_t message_size,
		const uint8_t *bytes, size_t size, uint8_t *signature, size_t *length)
{
	if (key->type == KEY_P256 || key->type == KEY_P384)
		return take_ecdsa(key, message, message_size, bytes, size, signature, length);
	if (size != (key->type == KEY_RSA ? rsa_size(key) : ED25519_BYTES))
		return -EINVAL;
	memcpy(signature, bytes, size);
	*length = size;
	return verify(key, message, message_size, signature, size);
}

/*
 * Removes white space and the colons that some tools put between bytes; 0: not text, or too much.
 */
static size_t compact(const char *bytes, size_t size, char *text)
{
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == ':' || isspace(byte))
			continue;
		if (length == TEXT_MOST || byte <= ' ' || byte > '~')
			return 0;
		text[length++] = (char)byte;
	}
	text[length] = '\0';
	return length;
}

static int digit(char character)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = strchr(digits, tolower((unsigned char)character));

	return found && *found ? (int)(found - digits) : -1;
}

static bool decode_hex(const char *text, size_t length, uint8_t *out, size_t *size)
{
	*size = length / 2;
	for (size_t i = 0; i < *size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return length % 2 == 0;
}

static bool decode_base64(const char *text, size_t length, uint8_t *out, size_t *size)
{
	return mbedtls_base64_decode(out, KEY_SIGNATURE, size, (const unsigned char *)text,
				     length) == 0;
}

int key_signature_read(const struct key *key, const void *message, size_t message_size,
		       const void *bytes, size_t size, uint8_t signature[KEY_SIGNATURE],
		       size_t *length)
{
	static bool (*const decode[])(const char *, size_t, uint8_t *, size_t *) = {
		decode_hex, decode_base64,
	};
	uint8_t binary[KEY_SIGNATURE];
	char text[TEXT_MOST + 1];
	size_t characters = compact(bytes, size, text), count;
	int error = size > KEY_SIGNATURE ? -EINVAL :
		    take(key, message, message_size, bytes, size, signature, length);

	for (size_t i = 0; i < 2 && characters && (error == -EINVAL || error == -EACCES); i++) {
		int other = decode[i](text, characters, binary, &count) ?
			    take(key, message, message_size, binary, count, signature, length) :
			    -EINVAL;

		if (other != -EINVAL)
			error = other;
	}
	return error;
}
