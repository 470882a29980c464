/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "rules/signed/strict.h"

json_t *document_signed(const json_t *document)
{
	return json_object_get(document, "signed");
}

int document_set_time(json_t *object, const char *member, int64_t seconds)
{
	char text[32];

	metadata_time_print(seconds, text);
	return json_object_set_new(object, member, json_string(text)) ? -ENOMEM : 0;
}

/* Takes the reference of content. */
static json_t *wrap(json_t *content)
{
	return json_pack("{s:[], s:o}", "signatures", "signed", content);
}

json_t *document_new(const char *type, int64_t version, int64_t expires)
{
	json_t *content = json_pack("{s:s, s:s, s:I}", "_type", type, "spec_version",
				    DOCUMENT_SPECIFICATION, "version", (json_int_t)version);

	if (content && document_set_time(content, "expires", expires)) {
		json_decref(content);
		content = NULL;
	}
	return content ? wrap(content) : NULL;
}

json_t *document_next(const struct metadata *metadata, int64_t version, int64_t expires)
{
	json_t *content = json_deep_copy(document_signed(metadata->document));

	if (!content)
		return NULL;
	if (json_object_set_new(content, "version", json_integer(version)) ||
	    document_set_time(content, "expires", expires)) {
		json_decref(content);
		return NULL;
	}
	return wrap(content);
}

static void drop_signature(json_t *signatures, const char *keyid)
{
	for (size_t i = json_array_size(signatures); i-- > 0;) {
		const char *id = json_string_value(
			json_object_get(json_array_get(signatures, i), "keyid"));

		if (id && strcmp(id, keyid) == 0)
			json_array_remove(signatures, i);
	}
}

int document_add(json_t *document, const char *keyid, const uint8_t *signature, size_t length)
{
	json_t *signatures = json_object_get(document, "signatures");
	char hex[2 * KEY_SIGNATURE + 1];

	hex_print(signature, length, hex);
	drop_signature(signatures, keyid);
	return json_array_append_new(signatures, json_pack("{s:s, s:s}", "keyid", keyid, "sig",
							   hex)) ? -ENOMEM : 0;
}

int document_sign(json_t *document, const struct secret *secret, const char *keyid)
{
	uint8_t signature[KEY_SIGNATURE];
	struct text canonical = TEXT_EMPTY;
	size_t length;
	int error = strict_canonical(document_signed(document), &canonical);

	if (!error)
		error = secret_sign(secret, canonical.data, canonical.length, signature, &length);
	text_release(&canonical);
	return error ? error : document_add(document, keyid, signature, length);
}

int document_print(const json_t *document, struct text *out)
{
	char *text = json_dumps(document, JSON_INDENT(1) | JSON_SORT_KEYS);

	if (!text)
		return -ENOMEM;
	text_puts(out, text);
	text_puts(out, "\n");
	free(text);
	return text_failed(out) ? -ENOMEM : 0;
}

json_t *document_describe(const void *data, size_t size)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	if (digest_sha256(data, size, digest))
		return NULL;
	hex_print(digest, sizeof(digest), hex);
	return json_pack("{s:I, s:{s:s}}", "length", (json_int_t)size, "hashes", "sha256", hex);
}
