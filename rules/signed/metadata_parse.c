/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/metadata.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "rules/signed/metadata_role.h"
#include "rules/signed/strict.h"

enum { BUDGET = 16 << 20 };	/* bytes for the arrays; the document has strict_budget */

/* ---- what all four have ---- */

static bool version_is_1(const char *text)
{
	size_t parts = 0;

	if (text[0] != '1')
		return false;
	for (text++; *text == '.' && parts < 2; parts++) {
		size_t digits = strspn(++text, "0123456789");

		if (digits == 0)
			return false;
		text += digits;
	}
	return *text == '\0' && parts > 0;
}

static void parse_repository(struct metadata *metadata, const json_t *signed_, struct field *field)
{
	static const char name[] = "x-cordon-repository";
	const char *text = field_text(field, signed_, name, METADATA_NAME, FIELD_OPTIONAL);

	if (*text == '\0')
		return;
	field_expect(field, metadata_is_keyid(text), name, "64 hexadecimal digits in lower case");
	metadata->repository = text;
}

static void parse_header(struct metadata *metadata, const json_t *signed_, struct field *field)
{
	const char *word;
	char expected[METADATA_NAME];

	word = field_text(field, signed_, "_type", METADATA_NAME, FIELD_REQUIRED);
	snprintf(expected, sizeof(expected), "\"%s\"", metadata_type_print(metadata->type));
	field_expect(field, strcmp(word, metadata_type_print(metadata->type)) == 0, "_type",
		     expected);
	word = field_text(field, signed_, "spec_version", 32, FIELD_REQUIRED);
	field_expect(field, version_is_1(word), "spec_version", "1.x or 1.x.y");
	field_integer(field, signed_, "version", 1, FIELD_INTEGER_MAX, FIELD_REQUIRED,
		      &metadata->version);
	field_time(field, signed_, "expires", FIELD_REQUIRED, &metadata->expires);
	parse_repository(metadata, signed_, field);
}

/* The specification requires each key id once. The content of "sig" is judged on verification; an
 * empty one marks a signer who has not signed yet. */
void metadata_check_signatures(const json_t *document, struct field *field)
{
	const char *keyid[METADATA_SIGNATURES];
	const json_t *signatures = field_array(field, document, "signatures", METADATA_SIGNATURES,
					       FIELD_REQUIRED);
	const size_t count = json_array_size(signatures);

	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(signatures, i);

		keyid[i] = json_string_value(json_object_get(entry, "keyid"));
		field_expect(field, keyid[i] && metadata_is_keyid(keyid[i]) &&
			     json_is_string(json_object_get(entry, "sig")), "signatures",
			     "objects of \"keyid\", 64 hexadecimal digits in lower case, and "
			     "\"sig\"");
	}
	metadata_check_unique(keyid, count, "signatures", field);
}

/* ---- files ---- */

static void parse_hash(struct metadata_file *file, const char *word, const json_t *value,
		       struct field *field)
{
	const char *text = json_string_value(value);
	bool good = text != NULL;

	if (good && strcmp(word, "sha256") == 0)
		good = file->has_sha256 = hex_parse(file->sha256, sizeof(file->sha256), text);
	else if (good && strcmp(word, "sha512") == 0)
		good = file->has_sha512 = hex_parse(file->sha512, sizeof(file->sha512), text);
	else
		file->has_unknown = true;
	field_expect(field, good, "hashes", "hexadecimal digits in lower case");
}

static void parse_hashes(struct metadata_file *file, const json_t *value, int presence,
			 struct field *field)
{
	json_t *hashes = field_object(field, value, "hashes", presence), *hash;
	const size_t count = json_object_size(hashes);
	const char *word;

	field_expect(field, !hashes || (count >= 1 && count <= 16), "hashes", "1 to 16");
	if (field->error)
		return;
	json_object_foreach(hashes, word, hash)
		parse_hash(file, word, hash, field);
}

/* A target has no version; length and hashes are required. */
static void parse_file(struct metadata_file *file, const char *name, const json_t *value,
		       bool target, struct field *field)
{
	int presence = target ? FIELD_REQUIRED : FIELD_OPTIONAL;

	file->name = name;
	file->length = -1;
	field_expect(field, *name && strlen(name) < METADATA_NAME && json_is_object(value),
		     target ? "targets" : "meta", "objects under names of 1 to 255 bytes");
	if (!target)
		field_integer(field, value, "version", 1, FIELD_INTEGER_MAX, FIELD_REQUIRED,
			      &file->version);
	field_integer(field, value, "length", 0, FIELD_INTEGER_MAX, presence, &file->length);
	parse_hashes(file, value, presence, field);
	if (target)
		file->custom = field_object(field, value, "custom", FIELD_OPTIONAL);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct metadata_file *)a)->name,
		      ((const struct metadata_file *)b)->name);
}

static void parse_files(struct metadata *metadata, json_t *files, bool targets,
			struct field *field)
{
	const size_t count = json_object_size(files);
	const char *name;
	json_t *value;

	field_expect(field, count <= METADATA_FILES, targets ? "targets" : "meta",
		     "at most 65536");
	if (field->error)
		return;
	metadata->file = arena_array(&metadata->arena, count + 1, sizeof(*metadata->file));
	field_result(field, metadata->file ? 0 : -ENOMEM);
	json_object_foreach(files, name, value) {
		if (field->error)
			return;
		parse_file(&metadata->file[metadata->files++], name, value, targets, field);
	}
	if (!field->error)
		qsort(metadata->file, metadata->files, sizeof(*metadata->file), compare_files);
}

static void parse_timestamp(struct metadata *metadata, const json_t *signed_, struct field *field)
{
	json_t *meta = field_object(field, signed_, "meta", FIELD_REQUIRED);

	field_expect(field, json_object_size(meta) == 1 && json_object_get(meta, "snapshot.json"),
		     "meta", "\"snapshot.json\" alone");
	parse_files(metadata, meta, false, field);
	field_time(field, signed_, "x-cordon-signed-at", FIELD_OPTIONAL, &metadata->signed_at);
	field_integer(field, signed_, "x-cordon-hold", 0, FIELD_INTEGER_MAX, FIELD_OPTIONAL,
		      &metadata->hold);
}

static void parse_snapshot(struct metadata *metadata, const json_t *signed_, struct field *field)
{
	parse_files(metadata, field_object(field, signed_, "meta", FIELD_REQUIRED), false, field);
}

static void parse_targets(struct metadata *metadata, const json_t *signed_, struct field *field)
{
	const json_t *delegations;

	parse_files(metadata, field_object(field, signed_, "targets", FIELD_REQUIRED), true, field);
	delegations = field_object(field, signed_, "delegations", FIELD_OPTIONAL);
	if (delegations)
		metadata_parse_delegations(metadata, delegations, field);
}

/* ---- the whole ---- */

static void parse(struct metadata *metadata, struct field *field)
{
	static void (*const parse_type[])(struct metadata *, const json_t *, struct field *) = {
		metadata_parse_root, parse_timestamp, parse_snapshot, parse_targets,
	};
	json_t *signed_ = field_object(field, metadata->document, "signed", FIELD_REQUIRED);

	metadata_check_signatures(metadata->document, field);
	parse_header(metadata, signed_, field);
	if (!field->error)
		parse_type[metadata->type](metadata, signed_, field);
	if (!field->error)
		field_result(field, strict_canonical(signed_, &metadata->canonical));
	if (field->error == -ENOMEM)
		diag_error(field->diag, field->source, 0, 0, "needs more memory than allowed");
}

int metadata_parse(struct metadata **out, enum metadata_type type, const void *bytes, size_t size,
		   const char *source, struct diag *diag)
{
	struct field field = { .source = source, .diag = diag };
	struct metadata *metadata = calloc(1, sizeof(*metadata));

	if (!metadata)
		return -ENOMEM;
	metadata->type = type;
	metadata->canonical = TEXT_EMPTY;
	arena_init(&metadata->arena, BUDGET);
	field.error = strict_parse(&metadata->document, bytes, size, source, diag);
	if (!field.error)
		parse(metadata, &field);
	if (field.error)
		metadata_free(metadata);
	else
		*out = metadata;
	return field.error;
}
