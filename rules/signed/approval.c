/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/approval.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/hex.h"
#include "rules/signed/metadata_role.h"
#include "rules/signed/strict.h"

static void parse_file(struct approval_file *file, const char *name, const json_t *value,
		       struct field *field)
{
	const char *digest;

	field_expect(field, json_is_object(value) && *name && strlen(name) < sizeof(file->name),
		     "files", "objects under names of files");
	field_integer(field, value, "length", 0, FIELD_INTEGER_MAX, FIELD_REQUIRED, &file->length);
	digest = field_text(field, value, "sha256", 64, FIELD_REQUIRED);
	field_expect(field, hex_parse(file->sha256, sizeof(file->sha256), digest), "sha256",
		     "64 hexadecimal digits in lower case");
	if (!field->error)
		snprintf(file->name, sizeof(file->name), "%s", name);
}

static void parse_files(struct approval *approval, const json_t *signed_, struct field *field)
{
	json_t *files = field_object(field, signed_, "files", FIELD_REQUIRED), *value;
	const size_t count = json_object_size(files);
	const char *name;

	field_expect(field, count >= 1 && count <= APPROVAL_FILES, "files", "1 to 16");
	json_object_foreach(files, name, value) {
		if (field->error)
			return;
		parse_file(&approval->file[approval->files++], name, value, field);
	}
}

static void parse_repository(struct approval *approval, const json_t *signed_, struct field *field)
{
	static const char name[] = "x-cordon-repository";
	const char *repository = field_text(field, signed_, name, METADATA_KEYID - 1,
					    FIELD_REQUIRED);

	field_expect(field, metadata_is_keyid(repository), name,
		     "64 hexadecimal digits in lower case");
	snprintf(approval->repository, sizeof(approval->repository), "%s", repository);
}

static bool names_appliance(const struct approval *approval, const char *name)
{
	for (size_t i = 0; i < approval->appliances; i++) {
		if (strcmp(approval->appliance[i], name) == 0)
			return true;
	}
	return false;
}

static void parse_appliance(struct approval *approval, const json_t *value, struct field *field)
{
	const char *name = json_string_value(value);

	field_expect(field, name && strlen(name) == json_string_length(value) &&
		     !approval_appliance_wrong(name) && !names_appliance(approval, name),
		     "appliances", "ids of keys and serial numbers, each once");
	if (!field->error)
		snprintf(approval->appliance[approval->appliances++], APPROVAL_APPLIANCE, "%s",
			 name);
}

static void parse_appliances(struct approval *approval, const json_t *signed_, struct field *field)
{
	const json_t *value = json_object_get(signed_, "appliances");
	const size_t count = json_array_size(value);

	if (!field->error && !value) {
		diag_error(field->diag, field->source, 0, 0,
			   "does not say which appliances it is signed for (\"appliances\"), as "
			   "older versions of cordon repo settings wrote it: sign it again with "
			   "--for or --for-all");
		field_result(field, -EINVAL);
	}
	approval->all = json_is_string(value) && strcmp(json_string_value(value), "all") == 0;
	field_expect(field, approval->all || (count >= 1 && count <= APPROVAL_APPLIANCES),
		     "appliances", "\"all\", or 1 to 256 names of appliances");
	for (size_t i = 0; !field->error && i < count; i++)
		parse_appliance(approval, json_array_get(value, i), field);
}

static void parse(struct approval *approval, struct field *field)
{
	struct metadata *metadata = approval->metadata;
	json_t *signed_ = field_object(field, metadata->document, "signed", FIELD_REQUIRED);
	const char *type;

	metadata_check_signatures(metadata->document, field);
	type = field_text(field, signed_, "_type", 64, FIELD_REQUIRED);
	field_expect(field, strcmp(type, APPROVAL_TYPE) == 0, "_type", "\"" APPROVAL_TYPE "\"");
	field_integer(field, signed_, "version", 1, FIELD_INTEGER_MAX, FIELD_REQUIRED,
		      &approval->version);
	parse_appliances(approval, signed_, field);
	parse_repository(approval, signed_, field);
	parse_files(approval, signed_, field);
	if (!field->error)
		field_result(field, strict_canonical(signed_, &metadata->canonical));
}

int approval_parse(struct approval *approval, const void *bytes, size_t size, struct diag *diag)
{
	struct field field = { .source = APPROVAL_NAME, .diag = diag };

	*approval = (struct approval){ .metadata = calloc(1, sizeof(*approval->metadata)) };
	if (!approval->metadata)
		return -ENOMEM;
	arena_init(&approval->metadata->arena, 0);
	field.error = strict_parse(&approval->metadata->document, bytes, size, APPROVAL_NAME, diag);
	if (!field.error)
		parse(approval, &field);
	if (field.error)
		approval_release(approval);
	return field.error;
}

void approval_release(struct approval *approval)
{
	metadata_free(approval->metadata);
	approval->metadata = NULL;
}

int approval_digest(const struct approval *approval, uint8_t digest[DIGEST_SIZE])
{
	return digest_sha256(approval->metadata->canonical.data,
			     approval->metadata->canonical.length, digest);
}

/* ---- for whom ---- */

const char *approval_appliance_wrong(const char *name)
{
	static const char *const filler[] = {
		"to be filled by o.e.m.",
		"default string",
		"system serial number",
		"serial number",
		"none",
		"not specified",
		"not applicable",
		"not available",
		"n/a",
		"unknown",
		"invalid",
		"oem",
		"0123456789",
		"123456789",
		"1234567890",
		"all",
	};
	const size_t length = strlen(name);

	if (length == 0 || length >= APPROVAL_APPLIANCE)
		return "expected 1 to 64 characters";
	for (size_t i = 0; i < length; i++) {
		if (name[i] < ' ' || name[i] > '~')
			return "expected printable ASCII";
	}
	if (name[0] == ' ' || name[length - 1] == ' ')
		return "expected no blank at either end";
	for (size_t i = 0; i < sizeof(filler) / sizeof(*filler); i++) {
		if (strcasecmp(name, filler[i]) == 0)
			return "expected a serial number, found the text that makers leave in its "
			       "place";
	}
	if (strspn(name, "0 .-") == length)
		return "expected a serial number, found an empty one";
	return NULL;
}

void approval_print_appliances(const struct approval *approval, size_t most, struct text *out)
{
	if (approval->all) {
		text_puts(out, "all appliances");
		return;
	}
	for (size_t i = 0; i < approval->appliances && i < most; i++)
		text_printf(out, "%s%s", i ? ", " : "", approval->appliance[i]);
	if (approval->appliances > most)
		text_printf(out, " and %zu more", approval->appliances - most);
}

/* A key id is never accepted as a serial number, which anyone can set to any text. */
static bool is_for(const struct approval *approval, const struct approval_judge *judge)
{
	if (approval->all || (judge->key[0] && names_appliance(approval, judge->key)))
		return true;
	return judge->serial[0] && !approval_appliance_wrong(judge->serial) &&
	       !metadata_is_keyid(judge->serial) && names_appliance(approval, judge->serial);
}

static int refuse_appliance(const struct approval *approval, const struct approval_judge *judge,
			    struct diag *diag)
{
	struct text names = TEXT_EMPTY;

	approval_print_appliances(approval, 2, &names);
	diag_error(diag, APPROVAL_NAME, 0, 0,
		   "is signed for other appliances: %s; this one is %s%s%s%s: sign it for one of "
		   "these with cordon repo settings --for",
		   names.data ? names.data : "", judge->serial[0] ? "serial " : "", judge->serial,
		   judge->serial[0] && judge->key[0] ? ", key "
		   : judge->key[0]		     ? "key "
						     : "",
		   judge->serial[0] || judge->key[0] ? judge->key
						     : "without serial number and key");
	text_release(&names);
	return -ENODEV;
}

/* ---- may it be taken? ---- */

static int check_repository(const struct approval *approval, const struct approval_judge *judge,
			    struct diag *diag)
{
	if (!judge->repository[0])
		diag_error(
			diag, "root.json", 0, 0,
			"version %lld does not name its repository, so its keys cannot sign "
			"settings: expected a root from a newer cordon repo rotate",
			(long long)judge->root->version);
	else if (strcmp(approval->repository, judge->repository) != 0)
		diag_error(diag, APPROVAL_NAME, 0, 0,
			   "is signed in the repository %s, but this appliance trusts %s: expected "
			   "settings of the latter", approval->repository, judge->repository);
	else
		return 0;
	return -EACCES;
}

static int check_root(const struct approval_judge *judge, struct diag *diag)
{
	char expired[32], now[32];

	if (metadata_expired(judge->root, judge->now)) {
		metadata_time_print(judge->root->expires, expired);
		metadata_time_print(judge->now, now);
		diag_error(diag, APPROVAL_NAME, 0, 0,
			   "the trust root (version %lld) expired at %s (the time here is %s), so "
			   "its keys no longer approve settings: update to a newer root first",
			   (long long)judge->root->version, expired, now);
		return -ESTALE;
	}
	if (strcmp(judge->root_repository, judge->repository) == 0 &&
	    judge->root->version < judge->root_version) {
		diag_error(diag, APPROVAL_NAME, 0, 0,
			   "this appliance trusted root version %lld before its data partition was "
			   "lost; it now has version %lld, which no longer approves settings: "
			   "update to the newer root, or install a newer image, first",
			   (long long)judge->root_version, (long long)judge->root->version);
		return -ESTALE;
	}
	return 0;
}

static int check_version(const struct approval *approval, const struct approval_judge *judge,
			 struct diag *diag)
{
	uint8_t digest[DIGEST_SIZE];

	if (approval->version > judge->last)
		return 0;
	if (approval->version == judge->last && judge->again &&
	    approval_digest(approval, digest) == 0 &&
	    memcmp(digest, judge->again, sizeof(digest)) == 0)
		return 0;
	diag_error(diag, APPROVAL_NAME, 0, 0,
		   "has version %lld, but version %lld was accepted already: expected a later one "
		   "(cordon repo settings --version)",
		   (long long)approval->version, (long long)judge->last);
	return -EEXIST;
}

int approval_verify(const struct approval *approval, const struct approval_judge *judge,
		    struct diag *diag)
{
	const struct metadata *root = judge->root;
	int error = check_repository(approval, judge, diag);

	if (!error)
		error = check_root(judge, diag);
	if (!error)
		error = metadata_verify(approval->metadata, &root->role[METADATA_ROOT], root->key,
					root->keys, APPROVAL_NAME, NULL, 0, NULL, diag);
	if (!error && !is_for(approval, judge))
		error = refuse_appliance(approval, judge, diag);
	return error ? error : check_version(approval, judge, diag);
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
		diag_error(diag, name, 0, 0, APPROVAL_NAME " does not list this file: offer "
			   "exactly the signed set, or remove this file");
		return -ENOENT;
	}
	if (digest_sha256(data, size, digest) < 0)
		return -EIO;
	if ((uint64_t)file->length == size && memcmp(digest, file->sha256, sizeof(digest)) == 0)
		return 0;
	diag_error(diag, name, 0, 0, "content differs from what was signed in " APPROVAL_NAME);
	return -EINVAL;
}

/* ---- the root ---- */

int approval_repository(const struct metadata *root, char repository[METADATA_KEYID])
{
	const char *named = metadata_repository(root);

	if (root->version == 1)
		return metadata_fingerprint(root, repository);
	snprintf(repository, METADATA_KEYID, "%s", named ? named : "");
	return 0;
}

/* The bundle was verified starting from that root, and its newest root alone counts (offer.c): a
 * key that was withdrawn from it signs nothing any more. */
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

static void follow(struct trust **trust, const struct archive *bundle)
{
	const struct archive_file *next;

	do {
		char name[64];

		snprintf(name, sizeof(name), "%lld.root.json",
			 (long long)trust_get(*trust, METADATA_ROOT)->version + 1);
		next = archive_lookup(bundle, name);
	} while (next && trust_root(*trust, next->data, next->size, NULL) == 0);
	take_newest(trust, bundle);
}

int approval_root(struct trust **trust, char repository[METADATA_KEYID], const void *root,
		  size_t size, const struct archive *bundle, struct diag *diag)
{
	int error;

	repository[0] = '\0';
	*trust = trust_new(0);
	error = *trust ? trust_root(*trust, root, size, diag) : -ENOMEM;
	/* The roots that follow belong to the same repository, whether or not they name it. */
	if (!error)
		error = approval_repository(trust_get(*trust, METADATA_ROOT), repository);
	if (!error && bundle)
		follow(trust, bundle);
	if (!error && !repository[0])
		error = approval_repository(trust_get(*trust, METADATA_ROOT), repository);
	if (error) {
		trust_free(*trust);
		*trust = NULL;
	}
	return error;
}

static bool same_signed(const struct metadata *a, const struct metadata *b)
{
	return a->canonical.length == b->canonical.length &&
	       memcmp(a->canonical.data, b->canonical.data, a->canonical.length) == 0;
}

int approval_replace(const struct metadata *trusted, const char *repository, const void *next,
		     size_t size, bool *other, struct diag *diag)
{
	char of[METADATA_KEYID];
	struct trust *trust;
	const struct metadata *root;
	int error = approval_root(&trust, of, next, size, NULL, diag);

	if (error)
		return error;
	root = trust_get(trust, METADATA_ROOT);
	*other = !of[0] || strcmp(of, repository) != 0;
	if (!*other && root->version <= trusted->version && !same_signed(root, trusted)) {
		diag_error(diag, "root.json", 0, 0,
			   "is %s version %lld, but this appliance trusts version %lld of the same "
			   "repository: expected a later one, or none",
			   root->version == trusted->version ? "another" : "the older",
			   (long long)root->version, (long long)trusted->version);
		error = -EEXIST;
	}
	trust_free(trust);
	return error;
}
