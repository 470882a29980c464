/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/signing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct metadata_role *find_role(const struct metadata *delegator, const char *role)
{
	for (size_t i = 0; i < delegator->roles; i++) {
		if (strcmp(delegator->role[i].name, role) == 0)
			return &delegator->role[i];
	}
	return NULL;
}

static bool contains(char (*ids)[METADATA_KEYID], size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(ids[i], id) == 0)
			return true;
	}
	return false;
}

/* Adds the signatures that delegator requires of the metadata as the next demand. */
static int add_demand(struct signing *signing, const struct metadata *metadata,
		      const struct metadata *delegator, const char *by, struct diag *diag)
{
	const struct metadata_role *role = find_role(delegator, signing->role);
	struct signing_demand *demand = &signing->demand[signing->demands];
	char signer[KEYRING_KEYS][METADATA_KEYID];
	int error;

	if (!role || role->keyids > KEYRING_KEYS) {
		diag_error(diag, signing->role, 0, 0, role ? "more than %d keys" :
			   "no metadata says which keys sign this role (at most %d)", KEYRING_KEYS);
		return -EINVAL;
	}
	*demand = (struct signing_demand){ .by = by, .threshold = role->threshold };
	error = metadata_verify(metadata, role, delegator->key, delegator->keys, signing->role,
				signer, KEYRING_KEYS, &demand->have, NULL);
	if (error && error != -EACCES)
		return error;
	for (size_t i = 0; i < role->keyids; i++) {
		struct signing_key *key = &demand->key[demand->keys];
		const struct metadata_key *known = metadata_key_lookup(
			delegator->key, delegator->keys, role->keyid[i]);

		if (!known)
			continue;
		snprintf(key->id, sizeof(key->id), "%s", role->keyid[i]);
		keyring_owner(delegator, key->id, key->name);
		key->key = known->key;
		key->has_signed = contains(signer, demand->have, key->id);
		demand->keys++;
	}
	signing->demands++;
	return 0;
}

static int root_demands(struct signing *signing, const struct repository *repository,
			const struct metadata *metadata, struct diag *diag)
{
	int error = 0;

	if (repository->root && repository->root->version < metadata->version)
		error = add_demand(signing, metadata, repository->root, "the root before", diag);
	if (!error)
		error = add_demand(signing, metadata, metadata,
				   signing->demands ? "the new root" : "", diag);
	return error;
}

static int other_demands(struct signing *signing, const struct repository *repository,
			 const struct metadata *metadata, struct diag *diag)
{
	bool top = repository_type(signing->role) != METADATA_TARGETS ||
		   strcmp(signing->role, "targets") == 0;
	const char *by = top ? "root" : "targets";
	struct metadata *delegator;
	int error = repository_newest(repository, by, &delegator, diag);

	if (error == -ENOENT)
		diag_error(diag, repository->path, 0, 0, "there is no %s metadata", by);
	if (error)
		return error;
	error = add_demand(signing, metadata, delegator, "", diag);
	metadata_free(delegator);
	return error;
}

int signing_judge(struct signing *signing, const struct repository *repository, const char *role,
		  const struct metadata *metadata, struct diag *diag)
{
	memset(signing, 0, sizeof(*signing));
	snprintf(signing->role, sizeof(signing->role), "%s", role);
	signing->version = metadata->version;
	signing->expires = metadata->expires;
	return metadata->type == METADATA_ROOT ?
		       root_demands(signing, repository, metadata, diag) :
		       other_demands(signing, repository, metadata, diag);
}

/* Takes the metadata. */
static int judge(struct signing *signing, const struct repository *repository, const char *role,
		 struct metadata *metadata, struct diag *diag)
{
	int error = signing_judge(signing, repository, role, metadata, diag);

	metadata_free(metadata);
	return error;
}

int signing_load(struct signing *signing, const struct repository *repository, const char *role,
		 struct diag *diag)
{
	struct metadata *metadata;
	int error = repository_staged(repository, role, &metadata, diag);

	return error ? error : judge(signing, repository, role, metadata, diag);
}

int signing_load_published(struct signing *signing, const struct repository *repository,
			   const char *role, struct diag *diag)
{
	struct metadata *metadata;
	int error = repository_published(repository, role, &metadata, diag);

	return error ? error : judge(signing, repository, role, metadata, diag);
}

static bool met(const struct signing_demand *demand)
{
	return demand->threshold > 0 && demand->have >= (uint64_t)demand->threshold;
}

bool signing_complete(const struct signing *signing)
{
	for (size_t i = 0; i < signing->demands; i++) {
		if (!met(&signing->demand[i]))
			return false;
	}
	return signing->demands > 0;
}

const struct signing_key *signing_may(const struct signing *signing, const struct key *key)
{
	for (size_t i = 0; i < signing->demands; i++) {
		const struct signing_demand *demand = &signing->demand[i];

		for (size_t j = 0; j < demand->keys; j++) {
			if (key_equal(&demand->key[j].key, key))
				return &demand->key[j];
		}
	}
	return NULL;
}

static void print_names(const struct signing_demand *demand, bool has_signed, struct text *out)
{
	const char *separator = "";

	for (size_t i = 0; i < demand->keys; i++) {
		if (demand->key[i].has_signed != has_signed)
			continue;
		text_printf(out, "%s%s", separator, demand->key[i].name);
		separator = ", ";
	}
}

static void print_demand(const struct signing_demand *demand, struct text *out)
{
	if (*demand->by)
		text_printf(out, "for %s ", demand->by);
	if (met(demand) && demand->have > (uint64_t)demand->threshold)
		text_printf(out, "%zu signatures, %" PRId64 " needed", demand->have,
			    demand->threshold);
	else
		text_printf(out, "%zu of %" PRId64 " signature%s", demand->have,
			    demand->threshold, demand->threshold == 1 ? "" : "s");
	if (demand->have) {
		text_puts(out, " (");
		print_names(demand, true, out);
		text_puts(out, ")");
	}
	if (met(demand))
		return;
	text_printf(out, "; any %" PRId64 " of: ", demand->threshold - (int64_t)demand->have);
	print_names(demand, false, out);
}

void signing_print(const struct signing *signing, struct text *out)
{
	for (size_t i = 0; i < signing->demands; i++) {
		text_puts(out, i ? "; " : "");
		print_demand(&signing->demand[i], out);
	}
}

/* The ids by which the demands know a key: a renamed key has one id in the old root and another in
 * the new one. *at starts at 0; NULL: no more. */
static const char *next_id(const struct signing *signing, const struct key *key, size_t *at)
{
	while (*at < 2 * KEYRING_KEYS) {
		const size_t demand = *at / KEYRING_KEYS, index = *at % KEYRING_KEYS;

		(*at)++;
		if (demand < signing->demands && index < signing->demand[demand].keys &&
		    key_equal(&signing->demand[demand].key[index].key, key))
			return signing->demand[demand].key[index].id;
	}
	return NULL;
}

int signing_sign(const struct signing *signing, struct metadata *metadata,
		 const struct secret *secret, struct diag *diag)
{
	struct key key;
	const char *id;
	size_t at = 0;
	int error = 0;

	secret_public(secret, &key);
	while (!error && (id = next_id(signing, &key, &at)))
		error = document_sign(metadata->document, secret, id);
	if (error)
		diag_error(diag, signing->role, 0, 0, "cannot sign: %s", strerror(-error));
	return error;
}

int signing_take(const struct signing *signing, struct metadata *metadata, const struct key *key,
		 const void *bytes, size_t size, struct diag *diag)
{
	uint8_t signature[KEY_SIGNATURE];
	const char *id;
	size_t length, at = 0;
	int error = key_signature_read(key, metadata->canonical.data, metadata->canonical.length,
				       bytes, size, signature, &length);

	while (!error && (id = next_id(signing, key, &at)))
		error = document_add(metadata->document, id, signature, length);
	if (error == -EACCES)
		diag_error(diag, signing->role, 0, 0, "not a signature of this key over this "
			   "version %" PRId64 ": expected one of the bytes that --payload wrote, "
			   "ECDSA or RSA-PSS (salt of 32 bytes) over SHA-256 or the key's own hash",
			   signing->version);
	else if (error)
		diag_error(diag, signing->role, 0, 0, "not a signature of this key's type: %s",
			   strerror(-error));
	return error;
}

static bool same_content(const struct metadata *one, const struct metadata *other)
{
	return one->canonical.length == other->canonical.length &&
	       memcmp(one->canonical.data, other->canonical.data, one->canonical.length) == 0;
}

/* Loads what is staged now, if it is still what was shown. */
static int load_unchanged(const struct repository *repository, const char *role,
			  const struct metadata *shown, struct metadata **metadata,
			  struct diag *diag)
{
	int error = repository_staged(repository, role, metadata, diag);

	if (!error && same_content(shown, *metadata))
		return 0;
	if (!error || error == -ENOENT)
		diag_error(diag, role, 0, 0, "what is staged was changed after it was shown: "
			   "nothing was signed; look at it again");
	metadata_free(*metadata);
	*metadata = NULL;
	return error && error != -ENOENT ? error : -EBUSY;
}

int signing_unchanged(const struct repository *repository, const char *role,
		      const struct metadata *shown, struct diag *diag)
{
	struct metadata *metadata;
	int error = load_unchanged(repository, role, shown, &metadata, diag);

	if (!error)
		metadata_free(metadata);
	return error;
}

static bool has_keyid(const json_t *signatures, const char *keyid)
{
	json_t *entry;
	size_t index;

	json_array_foreach(signatures, index, entry) {
		const char *id = json_string_value(json_object_get(entry, "keyid"));

		if (id && strcmp(id, keyid) == 0)
			return true;
	}
	return false;
}

/* Adds signatures that others made meanwhile; ours stay as just made. */
static int join(json_t *ours, const json_t *theirs)
{
	json_t *entry;
	size_t index;

	json_array_foreach(theirs, index, entry) {
		const char *id = json_string_value(json_object_get(entry, "keyid"));

		if (id && !has_keyid(ours, id) && json_array_append(ours, entry))
			return -ENOMEM;
	}
	return 0;
}

/* The signatures in the judged file that count. */
static json_t *good_signatures(const struct signing *judged, const json_t *signatures)
{
	json_t *good = json_array(), *entry;
	size_t index;

	json_array_foreach(signatures, index, entry) {
		const char *id = json_string_value(json_object_get(entry, "keyid"));
		bool counts = false;

		for (size_t i = 0; i < judged->demands; i++) {
			for (size_t j = 0; j < judged->demand[i].keys; j++)
				counts |= judged->demand[i].key[j].has_signed &&
					  strcmp(judged->demand[i].key[j].id, id) == 0;
		}
		if (counts && json_array_append(good, entry))
			break;
	}
	return good;
}

static int take_good(const struct signing *signing, const struct repository *repository,
		     struct metadata *metadata, const struct metadata *other, struct diag *diag)
{
	struct signing *judged = malloc(sizeof(*judged));
	int error = judged ? signing_judge(judged, repository, signing->role, other, diag) :
		    -ENOMEM;

	if (!error) {
		json_t *good = good_signatures(judged, json_object_get(other->document,
								       "signatures"));

		error = join(json_object_get(metadata->document, "signatures"), good);
		json_decref(good);
	}
	free(judged);
	return error;
}

int signing_take_file(const struct signing *signing, const struct repository *repository,
		      struct metadata *metadata, const char *source, const void *bytes, size_t size,
		      struct diag *diag)
{
	struct metadata *other;
	int error = metadata_parse(&other, metadata->type, bytes, size, source, diag);

	if (error)
		return error;
	if (same_content(metadata, other)) {
		error = take_good(signing, repository, metadata, other, diag);
	} else {
		diag_error(diag, source, 0, 0, "is not the content that is staged here and was "
			   "shown: expected the same version with other signatures");
		error = -EINVAL;
	}
	metadata_free(other);
	return error;
}

int signing_merge(const struct repository *repository, const char *role,
		  const struct metadata *signed_, struct diag *diag)
{
	struct metadata *staged;
	int error = load_unchanged(repository, role, signed_, &staged, diag);

	if (error)
		return error;
	error = join(json_object_get(signed_->document, "signatures"),
		     json_object_get(staged->document, "signatures"));
	if (!error)
		error = repository_stage(repository, role, signed_->document, diag);
	metadata_free(staged);
	return error;
}
