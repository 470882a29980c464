/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/publisher/receipt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto/digest.h"
#include "signed/field.h"
#include "base/hex.h"
#include "signed/strict.h"

enum { TEXT_MOST = 8192 };

/* "" stands for a member without information. */
static int take_text(const struct field *field, const json_t *content, const char *name, char *out,
		     size_t size, bool cut)
{
	const json_t *value = json_object_get(content, name);
	const char *text = json_string_value(value);

	if (!text || (!cut && strlen(text) >= size))
		return field_wrong(field, name, "a short text");
	snprintf(out, size, "%s", text);
	return 0;
}

static int take_texts(struct receipt *receipt, const json_t *content, const struct field *field)
{
	const struct {
		const char *name;
		char *out;
	} word[] = {
		{ "appliance", receipt->appliance }, { "state", receipt->state },
		{ "mode", receipt->mode },	     { "freshness", receipt->freshness },
		{ "result", receipt->result },	     { "ring", receipt->ring },
		{ "image", receipt->image },
	};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(word) / sizeof(*word); i++)
		error = take_text(field, content, word[i].name, word[i].out, RECEIPT_WORD, false);
	if (!error)
		error = take_text(field, content, "bundle", receipt->bundle,
				  sizeof(receipt->bundle), false);
	if (!error)
		error = take_text(field, content, "refusal", receipt->refusal,
				  sizeof(receipt->refusal), true);
	return error;
}

static int take_since(struct receipt *receipt, const json_t *content, const struct field *field)
{
	const char *text = json_string_value(json_object_get(content, "since"));

	if (!text || (*text && metadata_time_parse(&receipt->since, text)))
		return field_wrong(field, "since", "a time as 2026-11-24T10:00:00Z, or \"\"");
	return 0;
}

static int take_clock(struct receipt *receipt, const json_t *content, const struct field *field)
{
	const char *text = json_string_value(json_object_get(content, "clock"));

	if (!text || (strcmp(text, "set") != 0 && strcmp(text, "floor") != 0))
		return field_wrong(field, "clock", "\"set\" or \"floor\"");
	receipt->clock_set = strcmp(text, "set") == 0;
	return 0;
}

static int take_numbers(struct receipt *receipt, const json_t *content, const struct field *field)
{
	const struct {
		const char *name;
		int64_t *out;
	} number[] = {
		{ "uptime", &receipt->uptime },
		{ "release", &receipt->release },
		{ "sequence", &receipt->sequence },
	};
	int error = field_time(field, content, "time", FIELD_REQUIRED, &receipt->time);

	for (size_t i = 0; !error && i < sizeof(number) / sizeof(*number); i++)
		error = field_integer(field, content, number[i].name, 0, FIELD_INTEGER_MAX,
				      FIELD_REQUIRED, number[i].out);
	return error;
}

static int take_key(struct receipt *receipt, struct key *key, const json_t *content,
		    const struct field *field)
{
	const char *keytype, *scheme, *public;
	json_t *object, *value;
	enum key_type type;
	int error = field_object(field, content, "key", FIELD_REQUIRED, &object);

	if (!error)
		error = field_text(field, object, "keytype", RECEIPT_WORD, FIELD_REQUIRED,
				   &keytype);
	if (!error)
		error = field_text(field, object, "scheme", RECEIPT_WORD, FIELD_REQUIRED, &scheme);
	if (!error)
		error = field_object(field, object, "keyval", FIELD_REQUIRED, &value);
	if (!error)
		error = field_text(field, value, "public", TEXT_MOST, FIELD_REQUIRED, &public);
	if (error)
		return error;
	if (key_type_parse(&type, keytype, scheme) || key_public_parse(key, type, public))
		return field_wrong(field, "key", "a public key");
	return metadata_keyid(object, receipt->keyid);
}

/* One signature, by the key in it. */
static int check_signature(const struct receipt *receipt, const struct key *key,
			   const json_t *document, const struct text *canonical)
{
	const json_t *signatures = json_object_get(document, "signatures");
	const json_t *entry = json_array_get(signatures, 0);
	const char *keyid = json_string_value(json_object_get(entry, "keyid"));
	const char *text = json_string_value(json_object_get(entry, "sig"));
	uint8_t signature[KEY_SIGNATURE];
	size_t length = text ? strlen(text) / 2 : 0;

	if (json_array_size(signatures) != 1 || !keyid || strcmp(keyid, receipt->keyid) != 0 ||
	    length == 0 || length > sizeof(signature) || !hex_parse(signature, length, text))
		return -EBADMSG;
	return key_verify(key, canonical->data, canonical->length, signature, length);
}

static int check(struct receipt *receipt, const struct key *key, const json_t *document,
		 const struct field *field)
{
	struct text canonical = TEXT_EMPTY;
	uint8_t digest[DIGEST_SIZE];
	int error = strict_canonical(json_object_get(document, "signed"), &canonical);

	if (!error)
		error = digest_sha256(canonical.data, canonical.length, digest);
	if (!error) {
		hex_print(digest, sizeof(digest), receipt->digest);
		error = check_signature(receipt, key, document, &canonical);
		if (error)
			diag_error(field->diag, field->source, 0, 0,
				   "the signature is not by the key in it");
	}
	text_release(&canonical);
	return error;
}

static int parse(struct receipt *receipt, const json_t *document, const struct field *field)
{
	const char *type;
	json_t *content;
	struct key key;
	int64_t spec;
	int error = field_object(field, document, "signed", FIELD_REQUIRED, &content);

	if (!error)
		error = field_text(field, content, "_type", RECEIPT_WORD, FIELD_REQUIRED, &type);
	if (!error && strcmp(type, "receipt") != 0)
		error = field_wrong(field, "_type", "\"receipt\"");
	if (!error)
		error = field_integer(field, content, "spec", 1, 1, FIELD_REQUIRED, &spec);
	if (!error)
		error = take_texts(receipt, content, field);
	if (!error)
		error = take_numbers(receipt, content, field);
	if (!error)
		error = take_clock(receipt, content, field);
	if (!error)
		error = take_since(receipt, content, field);
	if (!error)
		error = take_key(receipt, &key, content, field);
	return error ? error : check(receipt, &key, document, field);
}

int receipt_parse(struct receipt *receipt, const void *bytes, size_t size, const char *source,
		  struct diag *diag)
{
	const struct field field = { source, diag };
	json_t *document;
	int error;

	memset(receipt, 0, sizeof(*receipt));
	if (size > RECEIPT_MAX) {
		diag_error(diag, source, 0, 0, "larger than allowed for a receipt");
		return -EINVAL;
	}
	error = strict_parse(&document, bytes, size, source, diag);
	if (error)
		return error;
	error = parse(receipt, document, &field);
	json_decref(document);
	return error;
}
