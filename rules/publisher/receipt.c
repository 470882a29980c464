/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/receipt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "rules/signed/field.h"
#include "rules/signed/strict.h"

enum { TEXT_MOST = 8192 };

/* "" stands for a member without information. */
static void take_text(struct field *field, const json_t *content, const char *name, char *out,
		      size_t size, bool cut)
{
	const char *text = json_string_value(json_object_get(content, name));

	field_expect(field, text && (cut || strlen(text) < size), name, "a short text");
	if (!field->error)
		snprintf(out, size, "%s", text);
}

static void take_texts(struct receipt *receipt, const json_t *content, struct field *field)
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

	for (size_t i = 0; i < sizeof(word) / sizeof(*word); i++)
		take_text(field, content, word[i].name, word[i].out, RECEIPT_WORD, false);
	take_text(field, content, "bundle", receipt->bundle, sizeof(receipt->bundle), false);
	take_text(field, content, "refusal", receipt->refusal, sizeof(receipt->refusal), true);
}

static void take_since(struct receipt *receipt, const json_t *content, struct field *field)
{
	const char *text = json_string_value(json_object_get(content, "since"));

	field_expect(field, text && (!*text || metadata_time_parse(&receipt->since, text) == 0),
		     "since", "a time as 2026-11-24T10:00:00Z, or \"\"");
}

static void take_clock(struct receipt *receipt, const json_t *content, struct field *field)
{
	const char *text = json_string_value(json_object_get(content, "clock"));

	receipt->clock_set = text && strcmp(text, "set") == 0;
	field_expect(field, receipt->clock_set || (text && strcmp(text, "floor") == 0), "clock",
		     "\"set\" or \"floor\"");
}

static void take_numbers(struct receipt *receipt, const json_t *content, struct field *field)
{
	const struct {
		const char *name;
		int64_t *out;
	} number[] = {
		{ "uptime", &receipt->uptime },
		{ "release", &receipt->release },
		{ "sequence", &receipt->sequence },
	};

	field_time(field, content, "time", FIELD_REQUIRED, &receipt->time);
	for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++)
		field_integer(field, content, number[i].name, 0, FIELD_INTEGER_MAX, FIELD_REQUIRED,
			      number[i].out);
}

static void take_key(struct receipt *receipt, struct key *key, const json_t *content,
		     struct field *field)
{
	const json_t *object = field_object(field, content, "key", FIELD_REQUIRED);
	const char *keytype, *scheme, *public;
	enum key_type type;

	keytype = field_text(field, object, "keytype", RECEIPT_WORD, FIELD_REQUIRED);
	scheme = field_text(field, object, "scheme", RECEIPT_WORD, FIELD_REQUIRED);
	public = field_text(field, field_object(field, object, "keyval", FIELD_REQUIRED), "public",
			    TEXT_MOST, FIELD_REQUIRED);
	if (field->error)
		return;
	field_expect(field, key_type_parse(&type, keytype, scheme) == 0 &&
		     key_public_parse(key, type, public) == 0, "key", "a public key");
	if (!field->error)
		field_result(field, metadata_keyid(object, receipt->keyid));
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
		 struct field *field)
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

/* Optional. One by another key or of another appliance says nothing about this one. */
static void take_note(struct receipt *receipt, const struct key *key, const json_t *content)
{
	const char *note = json_string_value(json_object_get(content, "checkpoint"));
	char origin[CHECKPOINT_ORIGIN];
	size_t signer;

	if (!note || strlen(note) >= RECEIPT_NOTE ||
	    checkpoint_origin(origin, receipt->appliance) < 0 ||
	    checkpoint_verify(&receipt->log, note, strlen(note), key, 1, &signer) < 0 ||
	    strcmp(receipt->log.origin, origin) != 0)
		return;
	strcpy(receipt->note, note);
}

static void parse(struct receipt *receipt, const json_t *document, struct field *field)
{
	const json_t *content = field_object(field, document, "signed", FIELD_REQUIRED);
	const char *type = field_text(field, content, "_type", RECEIPT_WORD, FIELD_REQUIRED);
	struct key key;
	int64_t spec;

	field_expect(field, strcmp(type, "receipt") == 0, "_type", "\"receipt\"");
	field_integer(field, content, "spec", 1, 1, FIELD_REQUIRED, &spec);
	take_texts(receipt, content, field);
	take_numbers(receipt, content, field);
	take_clock(receipt, content, field);
	take_since(receipt, content, field);
	take_key(receipt, &key, content, field);
	if (!field->error)
		field_result(field, check(receipt, &key, document, field));
	if (!field->error)
		take_note(receipt, &key, content);
}

int receipt_parse(struct receipt *receipt, const void *bytes, size_t size, const char *source,
		  struct diag *diag)
{
	struct field field = { .source = source, .diag = diag };
	json_t *document;

	memset(receipt, 0, sizeof(*receipt));
	if (size > RECEIPT_MAX) {
		diag_error(diag, source, 0, 0, "larger than allowed for a receipt");
		return -EINVAL;
	}
	field.error = strict_parse(&document, bytes, size, source, diag);
	if (field.error)
		return field.error;
	parse(receipt, document, &field);
	json_decref(document);
	return field.error;
}
