/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/der.h"
#include "appliance/command/command.h"
#include "rules/repo/repo.h"
#include "rules/repo/token.h"

/* Public keys of tokens: what they say themselves, or what their certificates say. */

enum { CERTIFICATE_MOST = 16 << 10, MODULUS_MOST = 512, EXPONENT_MOST = 8, POINT_MOST = 160,
       CURVE_MOST = 64, VERSION_TAG = 0xa0 };

static const uint8_t p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };

/* As of everybody's public key: what comes from a token is checked as a file is. */
static int check(const struct key *key)
{
	struct text text = TEXT_EMPTY;
	struct key again;
	int error = key_public_write(key, &text);

	if (!error)
		error = key_public_read(&again, text.data);
	text_release(&text);
	return error;
}

static int read_rsa(const struct token *token, ck_object_handle_t object, struct key *key)
{
	uint8_t modulus[MODULUS_MOST], exponent[EXPONENT_MOST];
	size_t size = token_attribute(token, object, CKA_MODULUS, modulus, sizeof(modulus));
	size_t small = token_attribute(token, object, CKA_PUBLIC_EXPONENT, exponent,
				       sizeof(exponent));
	struct der_writer der = der_writer(key->bytes, sizeof(key->bytes));

	if (size == 0 || small == 0)
		return -EINVAL;
	der_put_integer(&der, exponent, small);
	der_put_integer(&der, modulus, size);
	der_wrap(&der, DER_SEQUENCE, der.end);
	if (der.failed)
		return -EINVAL;
	key->type = KEY_RSA;
	key->size = (size_t)(der.end - der.at);
	memmove(key->bytes, der.at, key->size);
	return check(key);
}

/* The point is an octet string, and with some modules only its content. */
static int read_ec(const struct token *token, ck_object_handle_t object, struct key *key)
{
	uint8_t curve[CURVE_MOST], point[POINT_MOST];
	size_t size = token_attribute(token, object, CKA_EC_PARAMS, curve, sizeof(curve));
	struct cursor in;

	if (size == sizeof(p256) && memcmp(curve, p256, size) == 0)
		key->type = KEY_P256;
	else if (size == sizeof(p384) && memcmp(curve, p384, size) == 0)
		key->type = KEY_P384;
	else
		return -EINVAL;
	size = token_attribute(token, object, CKA_EC_POINT, point, sizeof(point));
	in = cursor_reader(point, size);
	if (size && point[0] == DER_OCTET_STRING) {
		in = der_get(&in, DER_OCTET_STRING);
		size = cursor_left(&in);
	}
	if (size == 0 || in.failed)
		return -EINVAL;
	key->size = size;
	cursor_get(&in, key->bytes, size);
	return check(key);
}

/* subjectPublicKeyInfo (RFC 5280, 4.1): the sixth of what is signed, after version and serial. */
static int decode_certificate(const uint8_t *der, size_t size, struct key *key)
{
	struct cursor in = cursor_reader(der, size);
	struct cursor outer = der_get(&in, DER_SEQUENCE);
	struct cursor content = der_get(&outer, DER_SEQUENCE), info;
	uint8_t whole[KEY_BYTES + 64];
	struct der_writer out = der_writer(whole, sizeof(whole));

	if (der_peek(&content) == VERSION_TAG)
		der_get(&content, VERSION_TAG);
	der_get(&content, DER_INTEGER);
	for (int i = 0; i < 4; i++)
		der_get(&content, DER_SEQUENCE);
	info = der_get(&content, DER_SEQUENCE);
	if (info.failed)
		return -EINVAL;
	der_put_value(&out, DER_SEQUENCE, info.data, info.size);
	return out.failed ? -EINVAL : key_public_decode(key, out.at, (size_t)(out.end - out.at));
}

static int read_certificate(const struct token *token, ck_object_handle_t object, struct key *key)
{
	uint8_t der[CERTIFICATE_MOST];

	return decode_certificate(der, token_attribute(token, object, CKA_VALUE, der, sizeof(der)),
				  key);
}

int token_public(const struct token *token, ck_object_handle_t object, struct key *key)
{
	ck_object_class_t class = CKO_DATA;
	ck_key_type_t type = CKK_VENDOR_DEFINED;

	memset(key, 0, sizeof(*key));
	token_attribute(token, object, CKA_CLASS, &class, sizeof(class));
	if (class == CKO_CERTIFICATE)
		return read_certificate(token, object, key);
	token_attribute(token, object, CKA_KEY_TYPE, &type, sizeof(type));
	if (type == CKK_RSA)
		return read_rsa(token, object, key);
	return type == CKK_EC ? read_ec(token, object, key) : -EINVAL;
}

int token_public_of(const struct token *token, ck_object_handle_t private, struct key *key)
{
	static const ck_object_class_t class[] = { CKO_PUBLIC_KEY, CKO_CERTIFICATE };
	ck_object_handle_t object[TOKEN_OBJECTS];
	uint8_t id[TOKEN_ID];
	size_t size = token_attribute(token, private, CKA_ID, id, sizeof(id));
	int error = token_public(token, private, key);

	for (size_t i = 0; error && i < 2; i++) {
		size_t count = token_find_id(token, id, size, class[i], object);

		for (size_t j = 0; error && j < count; j++)
			error = token_public(token, object[j], key);
	}
	return error;
}

/* ---- list ---- */

struct token_listing {
	const struct token_search *search;
	json_t *array;		/* NULL: printed */
	size_t count;
	struct key *key;	/* NULL: all are listed; else the first is kept */
	struct key seen[TOKEN_OBJECTS];
	size_t seens;
};

/* A public key and its certificate are one key. */
static bool is_seen(struct token_listing *listing, const struct key *key)
{
	for (size_t i = 0; i < listing->seens; i++) {
		if (key_equal(&listing->seen[i], key))
			return true;
	}
	if (listing->seens < TOKEN_OBJECTS)
		listing->seen[listing->seens++] = *key;
	return false;
}

static void list_one(struct token_listing *listing, const struct token *token,
		     ck_object_handle_t object, const struct key *key)
{
	char *uri = token_object_uri(token, object);

	if (listing->key && listing->count == 0)
		*listing->key = *key;
	listing->count++;
	if (uri && listing->array)
		json_array_append_new(listing->array,
				      json_pack("{s:s, s:s, s:s}", "uri", uri, "token", token->name,
						"scheme", key_scheme_print(key->type)));
	else if (uri && !listing->key)
		printf("%-20s %s\n", key_scheme_print(key->type), uri);
	free(uri);
}

static int list_token(void *context, const struct token *token)
{
	static const ck_object_class_t class[] = { CKO_PUBLIC_KEY, CKO_CERTIFICATE };
	struct token_listing *listing = context;
	ck_object_handle_t object[TOKEN_OBJECTS];
	struct key key;

	for (size_t i = 0; i < 2; i++) {
		size_t count = token_find(token, listing->search, class[i], object);

		for (size_t j = 0; j < count; j++) {
			if (token_public(token, object[j], &key) == 0 && !is_seen(listing, &key))
				list_one(listing, token, object[j], &key);
		}
	}
	return EXIT_YES;
}

int repo_token_list(const char *uri, json_t *array)
{
	struct token_search search;
	struct token_listing listing = { .search = &search, .array = array };
	int code = token_search_open(&search, uri);

	if (code)
		return code;
	token_each(&search, list_token, &listing);
	token_search_close(&search);
	if (listing.count == 0)
		fprintf(stderr, "cordon repo: %s: no token with a public key or certificate that "
			"can be seen without its PIN: is it plugged in, and has p11-kit its module "
			"(\"p11-kit list-modules\")?\n", uri);
	return listing.count ? EXIT_YES : EXIT_NO;
}

int repo_token_public(struct key *key, const char *uri)
{
	struct token_search search;
	struct token_listing listing = { .search = &search, .key = key };
	int code = token_search_open(&search, uri);

	if (code)
		return code;
	token_each(&search, list_token, &listing);
	token_search_close(&search);
	if (listing.count == 0)
		fprintf(stderr, "cordon repo: %s: no public key or certificate of a type that "
			"signs releases, ECDSA P-256 or P-384 or RSA of 2048 to 4096 bits, can be "
			"seen there without a PIN\n", uri);
	else if (listing.count > 1)
		fprintf(stderr, "cordon repo: %s: %zu keys fit; expected one, as "
			"\"cordon repo key list\" shows it\n", uri, listing.count);
	return listing.count == 1 ? EXIT_YES : EXIT_NO;
}
