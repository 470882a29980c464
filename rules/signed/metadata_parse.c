/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/metadata.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "rules/signed/metadata_role.h"
#include "rules/signed/strict.h"

enum { BUDGET = 16 << 20 };	/* of the arrays; the document has strict_budget */

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

static int parse_repository(struct metadata *metadata, const json_t *signed_,
			    const struct field *field)
{
	static const char name[] = "x-cordon-repository";
	int error = field_text(field, signed_, name, METADATA_NAME, FIELD_OPTIONAL,
			       &metadata->repository);

	if (!error && metadata->repository && !metadata_is_keyid(metadata->repository))
		error = field_wrong(field, name, "64 hexadecimal digits in lower case");
	return error;
}

static int parse_header(struct metadata *metadata, const json_t *signed_, const struct field *field)
{
	const char *word, *specification;
	int error = field_text(field, signed_, "_type", METADATA_NAME, FIELD_REQUIRED, &word);

	if (!error && strcmp(word, metadata_type_print(metadata->type)) != 0) {
		diag_error(field->diag, field->source, 0, 0, "\"_type\": expected \"%s\"",
			   metadata_type_print(metadata->type));
		error = -EINVAL;
	}
	if (!error)
		error = field_text(field, signed_, "spec_version", 32, FIELD_REQUIRED,
				   &specification);
	if (!error && !version_is_1(specification))
		error = field_wrong(field, "spec_version", "1.x or 1.x.y");
	if (!error)
		error = field_integer(field, signed_, "version", 1, FIELD_INTEGER_MAX,
				      FIELD_REQUIRED, &metadata->version);
	if (!error)
		error = field_time(field, signed_, "expires", FIELD_REQUIRED, &metadata->expires);
	if (!error)
		error = parse_repository(metadata, signed_, field);
	return error;
}

/* The specification wants every key id once; what "sig" says is judged when it is verified: an
 * empty one is how a signer who has not signed yet looks. */
int metadata_check_signatures(const json_t *document, const struct field *field)
{
	const char *keyid[METADATA_SIGNATURES];
	json_t *signatures;
	size_t count;
	int error = field_array(field, document, "signatures", METADATA_SIGNATURES,
				FIELD_REQUIRED, &signatures);

	if (error)
		return error;
	count = json_array_size(signatures);
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(signatures, i);

		keyid[i] = json_string_value(json_object_get(entry, "keyid"));
		if (!keyid[i] || !metadata_is_keyid(keyid[i]) ||
		    !json_is_string(json_object_get(entry, "sig")))
			return field_wrong(field, "signatures", "objects of \"keyid\", 64 "
					   "hexadecimal digits in lower case, and \"sig\"");
	}
	return metadata_check_unique(keyid, count, "signatures", field);
}

/* ---- files ---- */

static int parse_hash(struct metadata_file *file, const char *word, const json_t *value,
		      const struct field *field)
{
	const char *text = json_string_value(value);
	bool good = text != NULL;

	if (good && strcmp(word, "sha256") == 0)
		good = file->has_sha256 = hex_parse(file->sha256, sizeof(file->sha256), text);
	else if (good && strcmp(word, "sha512") == 0)
		good = file->has_sha512 = hex_parse(file->sha512, sizeof(file->sha512), text);
	else
		file->has_unknown = true;
	return good ? 0 : field_wrong(field, "hashes", "hexadecimal digits in lower case");
}

static int parse_hashes(struct metadata_file *file, const json_t *value, int presence,
			const struct field *field)
{
	json_t *hashes = NULL, *hash;
	const char *word;
	int error = field_object(field, value, "hashes", presence, &hashes);

	if (error || !hashes)
		return error;
	if (json_object_size(hashes) == 0 || json_object_size(hashes) > 16)
		return field_wrong(field, "hashes", "1 to 16");
	json_object_foreach(hashes, word, hash) {
		error = parse_hash(file, word, hash, field);
		if (error)
			return error;
	}
	return 0;
}

/* A target has no version, and must say length and hashes. */
static int parse_file(struct metadata_file *file, const char *name, const json_t *value,
		      bool target, const struct field *field)
{
	int presence = target ? FIELD_REQUIRED : FIELD_OPTIONAL, error = 0;
	json_t *custom = NULL;

	file->name = name;
	file->length = -1;
	if (*name == '\0' || strlen(name) >= METADATA_NAME || !json_is_object(value))
		return field_wrong(field, target ? "targets" : "meta",
				   "objects under names of 1 to 255 bytes");
	if (!target)
		error = field_integer(field, value, "version", 1, FIELD_INTEGER_MAX,
				      FIELD_REQUIRED, &file->version);
	if (!error)
		error = field_integer(field, value, "length", 0, FIELD_INTEGER_MAX, presence,
				      &file->length);
	if (!error)
		error = parse_hashes(file, value, presence, field);
	if (!error && target)
		error = field_object(field, value, "custom", FIELD_OPTIONAL, &custom);
	file->custom = custom;
	return error;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct metadata_file *)a)->name,
		      ((const struct metadata_file *)b)->name);
}

static int parse_files(struct metadata *metadata, json_t *files, bool targets,
		       const struct field *field)
{
	const char *name;
	json_t *value;

	if (json_object_size(files) > METADATA_FILES)
		return field_wrong(field, targets ? "targets" : "meta", "at most 65536");
	metadata->file = arena_array(&metadata->arena, json_object_size(files) + 1,
				     sizeof(*metadata->file));
	if (!metadata->file)
		return -ENOMEM;
	json_object_foreach(files, name, value) {
		int error = parse_file(&metadata->file[metadata->files], name, value, targets,
				       field);

		if (error)
			return error;
		metadata->files++;
	}
	qsort(metadata->file, metadata->files, sizeof(*metadata->file), compare_files);
	return 0;
}

static int parse_timestamp(struct metadata *metadata, const json_t *signed_,
			   const struct field *field)
{
	json_t *meta;
	int error = field_object(field, signed_, "meta", FIELD_REQUIRED, &meta);

	if (!error && (json_object_size(meta) != 1 || !json_object_get(meta, "snapshot.json")))
		error = field_wrong(field, "meta", "\"snapshot.json\" alone");
	if (!error)
		error = parse_files(metadata, meta, false, field);
	if (!error)
		error = field_time(field, signed_, "x-cordon-signed-at", FIELD_OPTIONAL,
				   &metadata->signed_at);
	if (!error)
		error = field_integer(field, signed_, "x-cordon-hold", 0, FIELD_INTEGER_MAX,
				      FIELD_OPTIONAL, &metadata->hold);
	return error;
}

static int parse_snapshot(struct metadata *metadata, const json_t *signed_,
			  const struct field *field)
{
	json_t *meta;
	int error = field_object(field, signed_, "meta", FIELD_REQUIRED, &meta);

	return error ? error : parse_files(metadata, meta, false, field);
}

static int parse_targets(struct metadata *metadata, const json_t *signed_,
			 const struct field *field)
{
	json_t *targets, *delegations = NULL;
	int error = field_object(field, signed_, "targets", FIELD_REQUIRED, &targets);

	if (!error)
		error = parse_files(metadata, targets, true, field);
	if (!error)
		error = field_object(field, signed_, "delegations", FIELD_OPTIONAL, &delegations);
	if (!error && delegations)
		error = metadata_parse_delegations(metadata, delegations, field);
	return error;
}

/* ---- the whole ---- */

static int parse(struct metadata *metadata, const struct field *field)
{
	static int (*const parse_type[])(struct metadata *, const json_t *,
					 const struct field *) = {
		metadata_parse_root, parse_timestamp, parse_snapshot, parse_targets,
	};
	json_t *signed_;
	int error = field_object(field, metadata->document, "signed", FIELD_REQUIRED, &signed_);

	if (!error)
		error = metadata_check_signatures(metadata->document, field);
	if (!error)
		error = parse_header(metadata, signed_, field);
	if (!error)
		error = parse_type[metadata->type](metadata, signed_, field);
	if (!error)
		error = strict_canonical(signed_, &metadata->canonical);
	if (error == -ENOMEM)
		diag_error(field->diag, field->source, 0, 0, "needs more memory than it may");
	return error;
}

int metadata_parse(struct metadata **out, enum metadata_type type, const void *bytes, size_t size,
		   const char *source, struct diag *diag)
{
	const struct field field = { source, diag };
	struct metadata *metadata = calloc(1, sizeof(*metadata));
	int error;

	if (!metadata)
		return -ENOMEM;
	metadata->type = type;
	metadata->canonical = TEXT_EMPTY;
	arena_init(&metadata->arena, BUDGET);
	error = strict_parse(&metadata->document, bytes, size, source, diag);
	if (!error)
		error = parse(metadata, &field);
	if (error)
		metadata_free(metadata);
	else
		*out = metadata;
	return error;
}
