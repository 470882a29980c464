/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/metadata.h"

#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "rules/signed/strict.h"

const char *metadata_type_print(enum metadata_type type)
{
	static const char *const word[] = { "root", "timestamp", "snapshot", "targets" };

	return word[type];
}

void metadata_free(struct metadata *metadata)
{
	if (!metadata)
		return;
	json_decref(metadata->document);
	text_release(&metadata->canonical);
	arena_release(&metadata->arena);
	free(metadata);
}

bool metadata_expired(const struct metadata *metadata, int64_t now)
{
	return metadata->expires <= now;
}

const char *metadata_repository(const struct metadata *metadata)
{
	return metadata->repository;
}

int metadata_fingerprint(const struct metadata *root, char hex[METADATA_KEYID])
{
	uint8_t digest[DIGEST_SIZE];
	int error = digest_sha256(root->canonical.data, root->canonical.length, digest);

	if (!error)
		hex_print(digest, sizeof(digest), hex);
	return error;
}

/* ---- keys of a role ---- */

static bool names_key(const struct metadata_role *role, const char *keyid)
{
	for (size_t i = 0; i < role->keyids; i++) {
		if (strcmp(role->keyid[i], keyid) == 0)
			return true;
	}
	return false;
}

bool metadata_role_lost_key(const struct metadata_role *before, const struct metadata_role *after)
{
	for (size_t i = 0; i < before->keyids; i++) {
		if (!names_key(after, before->keyid[i]))
			return true;
	}
	return false;
}

/* ---- time ---- */

static int digits(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

int metadata_time_parse(int64_t *seconds, const char *text)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	struct tm tm = { .tm_isdst = 0 }, back;
	time_t time;

	if (strlen(text) != sizeof(form) - 1)
		return -EINVAL;
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return -EINVAL;
	}
	tm.tm_year = digits(text, 4) - 1900;
	tm.tm_mon = digits(text + 5, 2) - 1;
	tm.tm_mday = digits(text + 8, 2);
	tm.tm_hour = digits(text + 11, 2);
	tm.tm_min = digits(text + 14, 2);
	tm.tm_sec = digits(text + 17, 2);
	back = tm;
	time = timegm(&back);
	/*
	 * timegm turns 31 February into 3 March: if it had to change anything, it was not a date.
	 */
	if (tm.tm_year < 70 || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday ||
	    back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return -EINVAL;
	*seconds = time;
	return 0;
}

void metadata_time_print(int64_t seconds, char text[32])
{
	time_t time = seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(text, 32, "1970-01-01T00:00:00Z");
}

/* ---- keys and signatures ---- */

int metadata_keyid(const json_t *key, char id[METADATA_KEYID])
{
	struct text canonical = TEXT_EMPTY;
	uint8_t digest[DIGEST_SIZE];
	int error = strict_canonical(key, &canonical);

	if (!error)
		error = digest_sha256(canonical.data, canonical.length, digest);
	if (!error)
		hex_print(digest, sizeof(digest), id);
	text_release(&canonical);
	return error;
}

const struct metadata_key *metadata_key_lookup(const struct metadata_key *keys, size_t count,
					       const char *id)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(keys[i].id, id) == 0)
			return &keys[i];
	}
	return NULL;
}

const char *metadata_key_owner(const struct metadata *root, const char *id)
{
	const json_t *signed_ = json_object_get(root->document, "signed");
	const json_t *key = json_object_get(json_object_get(signed_, "keys"), id);

	return json_string_value(json_object_get(key, "x-cordon-name"));
}

static const char *find_signature(const struct metadata *metadata, const char *keyid)
{
	const json_t *signatures = json_object_get(metadata->document, "signatures");

	for (size_t i = 0; i < json_array_size(signatures); i++) {
		const json_t *entry = json_array_get(signatures, i);

		if (strcmp(json_string_value(json_object_get(entry, "keyid")), keyid) == 0)
			return json_string_value(json_object_get(entry, "sig"));
	}
	return NULL;
}

static bool signature_holds(const struct metadata *metadata, const struct metadata_key *key)
{
	uint8_t signature[KEY_SIGNATURE];
	const char *text = find_signature(metadata, key->id);
	size_t length = text ? strlen(text) / 2 : 0;

	return length > 0 && length <= sizeof(signature) && hex_parse(signature, length, text) &&
	       key_verify(&key->key, metadata->canonical.data, metadata->canonical.length,
			  signature, length) == 0;
}

static bool counted_before(const struct metadata_key *const *counted, size_t count,
			   const struct key *key)
{
	for (size_t i = 0; i < count; i++) {
		const struct key *other = &counted[i]->key;

		if (other->type == key->type && other->size == key->size &&
		    memcmp(other->bytes, key->bytes, key->size) == 0)
			return true;
	}
	return false;
}

int metadata_verify(const struct metadata *metadata, const struct metadata_role *role,
		    const struct metadata_key *keys, size_t key_count, const char *source,
		    char (*signer)[METADATA_KEYID], size_t signers, size_t *count,
		    struct diag *diag)
{
	const struct metadata_key *counted[METADATA_ROLE_KEYS];
	size_t good = 0;

	/* Signatures beyond the threshold matter only to callers that ask for names. */
	for (size_t i = 0; i < role->keyids && i < METADATA_ROLE_KEYS; i++) {
		const struct metadata_key *key =
			metadata_key_lookup(keys, key_count, role->keyid[i]);

		if (!signer && (int64_t)good >= role->threshold)
			break;
		if (key && key->usable && !counted_before(counted, good, &key->key) &&
		    signature_holds(metadata, key))
			counted[good++] = key;
	}
	for (size_t i = 0; signer && i < good && i < signers; i++)
		snprintf(signer[i], sizeof(signer[i]), "%s", counted[i]->id);
	if (count)
		*count = good < signers ? good : signers;
	if ((int64_t)good >= role->threshold)
		return 0;
	diag_error(diag, source, 0, 0, "%zu of %lld signatures by the role's keys", good,
		   (long long)role->threshold);
	return -EACCES;
}

/* ---- what one file says of another ---- */

static int compare_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct metadata_file *)file)->name);
}

const struct metadata_file *metadata_file_lookup(const struct metadata *metadata, const char *name)
{
	return metadata->files == 0 ? NULL : bsearch(name, metadata->file, metadata->files,
						     sizeof(*metadata->file), compare_name);
}

int metadata_file_check(const struct metadata_file *file, const void *bytes, size_t size,
			const char *source, struct diag *diag)
{
	uint8_t sha256[DIGEST_SIZE], sha512[DIGEST_SHA512_SIZE];
	bool known = file->has_sha256 || file->has_sha512;

	if (file->length >= 0 && (uint64_t)file->length != size) {
		diag_error(diag, source, 0, 0, "has %zu bytes: expected %lld", size,
			   (long long)file->length);
		return -EINVAL;
	}
	if (!known && (file->has_unknown || file->version == 0)) {
		diag_error(diag, source, 0, 0, "no known hash to check it by: expected sha256 or "
			   "sha512");
		return -EINVAL;
	}
	if ((file->has_sha256 && digest_sha256(bytes, size, sha256) < 0) ||
	    (file->has_sha512 && digest_sha512(bytes, size, sha512) < 0))
		return -EIO;
	if ((file->has_sha256 && memcmp(sha256, file->sha256, sizeof(sha256)) != 0) ||
	    (file->has_sha512 && memcmp(sha512, file->sha512, sizeof(sha512)) != 0)) {
		diag_error(diag, source, 0, 0, "content differs from what was signed: the digest "
			   "differs");
		return -EINVAL;
	}
	return 0;
}

/* ---- delegations ---- */

/* One component of a path; * and ? match only within it. */
static bool part_matches(const char *pattern, size_t pattern_length, const char *part,
			 size_t part_length)
{
	size_t at = 0, from = 0, star = SIZE_MAX, star_from = 0;

	while (from < part_length) {
		if (at < pattern_length && pattern[at] == '*') {
			star = at++;
			star_from = from;
		} else if (at < pattern_length &&
			   (pattern[at] == '?' || pattern[at] == part[from])) {
			at++;
			from++;
		} else if (star != SIZE_MAX) {
			at = star + 1;
			from = ++star_from;
		} else {
			return false;
		}
	}
	while (at < pattern_length && pattern[at] == '*')
		at++;
	return at == pattern_length;
}

/* A pattern that python-tuf, go-tuf and a shell read in different ways covers nothing here. */
static bool pattern_is_plain(const char *pattern)
{
	if (*pattern == '\0' || *pattern == '/' || strpbrk(pattern, "[\\"))
		return false;
	for (const char *part = pattern;; part++) {
		size_t length = strcspn(part, "/");

		if (length == 2 && part[0] == '.' && part[1] == '.')
			return false;
		part += length;
		if (*part == '\0')
			return true;
	}
}

static bool pattern_covers(const char *pattern, const char *path)
{
	if (!pattern_is_plain(pattern))
		return false;
	for (;; pattern++, path++) {
		size_t pattern_length = strcspn(pattern, "/"), path_length = strcspn(path, "/");

		if (!part_matches(pattern, pattern_length, path, path_length))
			return false;
		pattern += pattern_length;
		path += path_length;
		if (*pattern != *path)
			return false;
		if (*pattern == '\0')
			return true;
	}
}

bool metadata_role_covers(const struct metadata_role *role, const char *path)
{
	uint8_t digest[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];

	if (role->by_hash && digest_sha256(path, strlen(path), digest) < 0)
		return false;
	if (role->by_hash)
		hex_print(digest, sizeof(digest), text);
	for (size_t i = 0; i < role->patterns; i++) {
		const char *pattern = role->pattern[i];

		if (role->by_hash ? strncmp(text, pattern, strlen(pattern)) == 0
				  : pattern_covers(pattern, path))
			return true;
	}
	return false;
}
