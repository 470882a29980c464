/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/publisher/signing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
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

/* What delegator asks of the metadata, added as the next demand. */
static int add_demand(struct signing *signing, const struct metadata *metadata,
		      const struct metadata *delegator, const char *by, struct diag *diag)
{
	const struct metadata_role *role = find_role(delegator, signing->role);
	struct signing_demand *demand = &signing->demand[signing->demands];
	char signer[KEYRING_KEYS][METADATA_KEYID];
	int error;

	if (!role || role->keyids > KEYRING_KEYS) {
		diag_error(diag, signing->role, 0, 0, role ? "more than %d keys" :
			   "no metadata says whose keys sign this role (at most %d)", KEYRING_KEYS);
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

static int judge(struct signing *signing, const struct repository *repository, const char *role,
		 struct metadata *metadata, struct diag *diag)
{
	int error;

	memset(signing, 0, sizeof(*signing));
	snprintf(signing->role, sizeof(signing->role), "%s", role);
	signing->version = metadata->version;
	signing->expires = metadata->expires;
	error = metadata->type == METADATA_ROOT ?
			root_demands(signing, repository, metadata, diag) :
			other_demands(signing, repository, metadata, diag);
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

int signing_add(const struct signing *signing, const struct repository *repository,
		const struct secret *secret, struct diag *diag)
{
	struct metadata *metadata;
	struct key key;
	int error = repository_staged(repository, signing->role, &metadata, diag);

	if (error)
		return error;
	secret_public(secret, &key);
	/* A renamed key has one id for the root before and another for the new one. */
	for (size_t i = 0; !error && i < signing->demands; i++) {
		const struct signing_demand *demand = &signing->demand[i];

		for (size_t j = 0; !error && j < demand->keys; j++) {
			if (key_equal(&demand->key[j].key, &key))
				error = document_sign(metadata->document, secret,
						      demand->key[j].id);
		}
	}
	if (!error)
		error = repository_stage(repository, signing->role, metadata->document, diag);
	metadata_free(metadata);
	if (error)
		diag_error(diag, signing->role, 0, 0, "cannot sign: %s", strerror(-error));
	return error;
}
