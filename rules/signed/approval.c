/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/approval.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto/digest.h"
#include "base/hex.h"
#include "signed/metadata_role.h"
#include "signed/strict.h"

static int parse_file(struct approval_file *file, const char *name, const json_t *value,
		      const struct field *field)
{
	const char *digest;
	int error = 0;

	if (!json_is_object(value) || !*name || strlen(name) >= sizeof(file->name))
		error = field_wrong(field, "files", "objects under names of files");
	if (!error)
		error = field_integer(field, value, "length", 0, FIELD_INTEGER_MAX, FIELD_REQUIRED,
				      &file->length);
	if (!error)
		error = field_text(field, value, "sha256", 64, FIELD_REQUIRED, &digest);
	if (!error && !hex_parse(file->sha256, sizeof(file->sha256), digest))
		error = field_wrong(field, "sha256", "64 hexadecimal digits in lower case");
	if (!error)
		snprintf(file->name, sizeof(file->name), "%s", name);
	return error;
}

static int parse_files(struct approval *approval, const json_t *signed_, const struct field *field)
{
	json_t *files, *value;
	const char *name;
	int error = field_object(field, signed_, "files", FIELD_REQUIRED, &files);

	if (!error && (json_object_size(files) == 0 || json_object_size(files) > APPROVAL_FILES))
		error = field_wrong(field, "files", "1 to 16");
	if (error)
		return error;
	json_object_foreach(files, name, value) {
		error = parse_file(&approval->file[approval->files], name, value, field);
		if (error)
			return error;
		approval->files++;
	}
	return 0;
}

static int parse(struct approval *approval, const struct field *field)
{
	json_t *signed_;
	const char *type;
	int error = field_object(field, approval->metadata->document, "signed", FIELD_REQUIRED, &signed_);

	if (!error)
		error = metadata_check_signatures(approval->metadata->document, field);
	if (!error)
		error = field_text(field, signed_, "_type", 64, FIELD_REQUIRED, &type);
	if (!error && strcmp(type, APPROVAL_TYPE) != 0)
		error = field_wrong(field, "_type", "\"" APPROVAL_TYPE "\"");
	if (!error)
		error = field_integer(field, signed_, "version", 1, FIELD_INTEGER_MAX, FIELD_REQUIRED,
				      &approval->version);
	if (!error)
		error = parse_files(approval, signed_, field);
	if (!error)
		error = strict_canonical(signed_, &approval->metadata->canonical);
	return error;
}

int approval_parse(struct approval *approval, const void *bytes, size_t size, struct diag *diag)
{
	const struct field field = { APPROVAL_NAME, diag };
	int error;

	*approval = (struct approval){ .metadata = calloc(1, sizeof(*approval->metadata)) };
	if (!approval->metadata)
		return -ENOMEM;
	arena_init(&approval->metadata->arena, 0);
	error = strict_parse(&approval->metadata->document, bytes, size, APPROVAL_NAME, diag);
	if (!error)
		error = parse(approval, &field);
	if (error)
		approval_release(approval);
	return error;
}

void approval_release(struct approval *approval)
{
	metadata_free(approval->metadata);
	approval->metadata = NULL;
}

int approval_verify(const struct approval *approval, const struct metadata *root, int64_t last,
		    struct diag *diag)
{
	int error = metadata_verify(approval->metadata, &root->role[METADATA_ROOT], root->key, root->keys,
				    APPROVAL_NAME, NULL, 0, NULL, diag);

	if (!error && approval->version <= last) {
		diag_error(diag, APPROVAL_NAME, 0, 0, "has version %lld, and version %lld was taken "
			   "already: expected a later one (cordon repo settings --version)",
			   (long long)approval->version, (long long)last);
		error = -EEXIST;
	}
	return error;
}

int approval_check(const struct approval *approval, const char *name, const void *data, size_t size,
		   struct diag *diag)
{
	const struct approval_file *file = NULL;
	uint8_t digest[DIGEST_SIZE];

	for (size_t i = 0; i < approval->files && !file; i++) {
		if (strcmp(approval->file[i].name, name) == 0)
			file = &approval->file[i];
	}
	if (!file) {
		diag_error(diag, name, 0, 0, APPROVAL_NAME " does not name this file: expected all of the "
			   "set, or take it away");
		return -ENOENT;
	}
	if (digest_sha256(data, size, digest) < 0)
		return -EIO;
	if ((uint64_t)file->length == size && memcmp(digest, file->sha256, sizeof(digest)) == 0)
		return 0;
	diag_error(diag, name, 0, 0, "other content than was signed in " APPROVAL_NAME);
	return -EINVAL;
}

/* The bundle was verified on the way from that root, and has the newest alone (offer.c): who was taken out of
 * it signs nothing any more. */
static void take_newest(struct trust **trust, const struct archive *bundle)
{
	const struct archive_file *root = archive_lookup(bundle, "root.json");
	struct trust *newest = root ? trust_new(0) : NULL, *old = *trust;

	if (newest && trust_root(newest, root->data, root->size, NULL) == 0 &&
	    trust_get(newest, METADATA_ROOT)->version > trust_get(old, METADATA_ROOT)->version) {
		*trust = newest;
		newest = old;
	}
	trust_free(newest);
}

int approval_root(struct trust **trust, const void *root, size_t size, const struct archive *bundle,
		  struct diag *diag)
{
	int error;

	*trust = trust_new(0);
	error = *trust ? trust_root(*trust, root, size, diag) : -ENOMEM;
	while (!error && bundle) {
		const struct archive_file *next;
		char name[64];

		snprintf(name, sizeof(name), "%lld.root.json",
			 (long long)trust_get(*trust, METADATA_ROOT)->version + 1);
		next = archive_lookup(bundle, name);
		if (!next || trust_root(*trust, next->data, next->size, NULL) < 0)
			break;
	}
	if (!error && bundle)
		take_newest(trust, bundle);
	if (error) {
		trust_free(*trust);
		*trust = NULL;
	}
	return error;
}
