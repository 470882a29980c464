/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/rotation.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "rules/publisher/plan.h"
#include "rules/publisher/signing.h"

enum { KEYID_BEGINNING = 8 };

/* The document being changed, and where role and keys are in it. */
struct rotation_change {
	const struct rotation *rotation;
	struct metadata *before;	/* staged or published */
	json_t *document;
	json_t *keys;
	json_t *roles;			/* object in root, array in targets */
	json_t *role;
	struct diag *diag;
};

static bool is_top(const char *role)
{
	return repository_type(role) != METADATA_TARGETS || strcmp(role, "targets") == 0;
}

/* ---- finding the place ---- */

static json_t *find_delegation(const json_t *roles, const char *name)
{
	json_t *role;
	size_t index;

	json_array_foreach(roles, index, role) {
		const char *text = json_string_value(json_object_get(role, "name"));

		if (text && strcmp(text, name) == 0)
			return role;
	}
	return NULL;
}

static int create_delegation(struct rotation_change *change)
{
	change->role = json_pack("{s:s, s:[], s:i, s:[], s:b}", "name", change->rotation->role,
				 "keyids", "threshold", 1, "paths", "terminating", 1);
	return json_array_append_new(change->roles, change->role) ? -ENOMEM : 0;
}

static int find_place(struct rotation_change *change)
{
	const char *role = change->rotation->role;
	json_t *content = document_signed(change->document);
	bool top = is_top(role);
	json_t *place = top ? content : json_object_get(content, "delegations");

	change->keys = json_object_get(place, "keys");
	change->roles = json_object_get(place, "roles");
	change->role = top ? json_object_get(change->roles, role) :
			     find_delegation(change->roles, role);
	if (change->role)
		return 0;
	if (!top && change->rotation->create && json_is_array(change->roles))
		return create_delegation(change);
	diag_error(change->diag, role, 0, 0, "no such role");
	return -ENOENT;
}

/* ---- keys ---- */

static int add_key(struct rotation_change *change, const struct keyring_key *key)
{
	json_t *keyids = json_object_get(change->role, "keyids"), *id;
	size_t index;

	json_array_foreach(keyids, index, id) {
		const struct metadata_key *known = metadata_key_lookup(
			change->before->key, change->before->keys, json_string_value(id));

		if (strcmp(json_string_value(id), key->id) != 0 &&
		    !(known && key_equal(&known->key, &key->key)))
			continue;
		diag_error(change->diag, key->name, 0, 0, "this key already signs \"%s\"",
			   change->rotation->role);
		return -EEXIST;
	}
	if (json_array_size(keyids) == KEYRING_KEYS) {
		diag_error(change->diag, change->rotation->role, 0, 0, "at most %d keys",
			   KEYRING_KEYS);
		return -E2BIG;
	}
	if (json_array_append_new(keyids, json_string(key->id)) ||
	    json_object_set_new(change->keys, key->id, keyring_json(key)))
		return -ENOMEM;
	return 0;
}

static int remove_key(struct rotation_change *change, const char *who)
{
	json_t *keyids = json_object_get(change->role, "keyids");
	size_t removed = 0;

	for (size_t i = json_array_size(keyids); i-- > 0;) {
		const char *id = json_string_value(json_array_get(keyids, i));
		char name[KEYRING_NAME];

		keyring_owner(change->before, id, name);
		if (strcmp(who, name) != 0 && (strlen(who) < KEYID_BEGINNING ||
					       strncmp(who, id, strlen(who)) != 0))
			continue;
		json_array_remove(keyids, i);
		removed++;
	}
	if (removed)
		return 0;
	diag_error(change->diag, who, 0, 0, "no key of \"%s\" has this name or id prefix; expected "
		   "one of the role's names, or %d digits of a key id", change->rotation->role,
		   KEYID_BEGINNING);
	return -ENOENT;
}

/* Removes keys that no role lists any more. */
static void sweep_keys(struct rotation_change *change)
{
	const char *id;
	json_t *key;
	void *next;

	json_object_foreach_safe(change->keys, next, id, key) {
		if (!keyring_in_use(change->roles, id))
			json_object_del(change->keys, id);
	}
}

/* ---- the change ---- */

static int set_patterns(struct rotation_change *change)
{
	const struct rotation *rotation = change->rotation;
	json_t *paths;

	if (rotation->patterns == 0)
		return 0;
	paths = json_array();
	for (size_t i = 0; i < rotation->patterns; i++) {
		if (json_array_append_new(paths, json_string(rotation->pattern[i]))) {
			json_decref(paths);
			return -ENOMEM;
		}
	}
	json_object_del(change->role, "path_hash_prefixes");
	return json_object_set_new(change->role, "paths", paths) ? -ENOMEM : 0;
}

static int edit_role(struct rotation_change *change)
{
	const struct rotation *rotation = change->rotation;
	int error = 0;

	for (size_t i = 0; !error && i < rotation->removes; i++)
		error = remove_key(change, rotation->remove[i]);
	for (size_t i = 0; !error && i < rotation->adds; i++)
		error = add_key(change, &rotation->add[i]);
	if (!error)
		error = set_patterns(change);
	if (!error && rotation->threshold &&
	    json_object_set_new(change->role, "threshold", json_integer(rotation->threshold)))
		error = -ENOMEM;
	if (!error)
		error = plan_check_threshold(
			rotation->role,
			json_integer_value(json_object_get(change->role, "threshold")),
			json_array_size(json_object_get(change->role, "keyids")), change->diag);
	return error;
}

static int drop_role(struct rotation_change *change)
{
	json_t *role;
	size_t index;

	json_array_foreach(change->roles, index, role) {
		if (role == change->role)
			return json_array_remove(change->roles, index) ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int set_period(struct rotation_change *change)
{
	json_t *content = document_signed(change->document), *periods;

	if (!change->rotation->period)
		return 0;
	if (change->before->type != METADATA_ROOT) {
		diag_error(change->diag, change->rotation->role, 0, 0,
			   "the lifetime of its signatures is chosen on signing: give --expires to "
			   "\"add\"");
		return -EINVAL;
	}
	periods = json_object_get(content, "x-cordon-periods");
	if (!periods) {
		periods = json_object();
		if (json_object_set_new(content, "x-cordon-periods", periods))
			return -ENOMEM;
	}
	return json_object_set_new(periods, change->rotation->role,
				   json_integer(change->rotation->period)) ? -ENOMEM : 0;
}

static int edit(struct rotation_change *change)
{
	int error = find_place(change);

	if (!error)
		error = change->rotation->drop ? drop_role(change) : edit_role(change);
	if (!error)
		error = set_period(change);
	if (!error)
		sweep_keys(change);
	return error;
}

static int newest_root(const struct repository *repository, struct metadata **root,
		       struct diag *diag)
{
	int error = repository_newest(repository, "root", root, diag);

	if (error == -ENOENT)
		diag_error(diag, repository->path, 0, 0, "there is no root: expected \"cordon repo "
			   "init\" first");
	return error;
}

static int next_document(struct repository *repository, const char *role, int64_t now,
			 int64_t period, const struct metadata *before, json_t **document,
			 struct diag *diag)
{
	struct metadata *root;
	int error = newest_root(repository, &root, diag);

	if (error)
		return error;
	*document = document_next(before, repository_version(repository, role) + 1,
				  now + (period ? period : plan_period(root, role)));
	metadata_free(root);
	return *document ? 0 : -ENOMEM;
}

static int stage_empty(struct repository *repository, const char *role, int64_t now,
		       struct diag *diag)
{
	struct metadata *root;
	json_t *document;
	int error = newest_root(repository, &root, diag);

	if (error)
		return error;
	document = document_new("targets", repository_version(repository, role) + 1,
				now + plan_period(root, role));
	metadata_free(root);
	if (!document || json_object_set_new(document_signed(document), "targets", json_object()))
		error = -ENOMEM;
	if (!error)
		error = repository_stage(repository, role, document, diag);
	json_decref(document);
	return error;
}

/* Finds roles with published files that the new keys do not vouch for. */
struct review {
	struct repository *repository;
	struct text *notes;
	struct diag *diag;
	int64_t now;
};

static int review_role(void *context, const char *role)
{
	struct review *review = context;
	struct signing signing;
	int error = signing_load(&signing, review->repository, role, review->diag);

	if (strcmp(role, "root") == 0)
		return error == -ENOENT ? 0 : error;
	/*
	 * As long as nothing is published, the first root may change, and everything staged names
	 * it.
	 */
	if (!error && !review->repository->root)
		return rotation_renew(review->repository, role, review->now, 0, review->diag);
	if (error != -ENOENT)
		return error;
	error = signing_load_published(&signing, review->repository, role, review->diag);
	if (!error && signing_complete(&signing))
		return 0;
	if (error && error != -ENOENT)
		return error;
	text_printf(review->notes, "%s: also staged, for its new keys to sign\n", role);
	return error ? stage_empty(review->repository, role, review->now, review->diag) :
		       rotation_renew(review->repository, role, review->now, 0, review->diag);
}

int rotation_stage(struct repository *repository, const struct rotation *rotation, int64_t now,
		   struct text *notes, struct diag *diag)
{
	const char *file = is_top(rotation->role) ? "root" : "targets";
	struct review review = { repository, notes, diag, now };
	struct rotation_change change = { .rotation = rotation, .diag = diag };
	int error = repository_newest(repository, file, &change.before, diag);

	if (error == -ENOENT)
		diag_error(diag, repository->path, 0, 0, "there is no %s metadata to change", file);
	if (error)
		return error;
	error = next_document(repository, file, now, 0, change.before, &change.document, diag);
	if (!error)
		error = edit(&change);
	if (!error)
		error = repository_stage(repository, file, change.document, diag);
	if (!error)
		error = repository_each(repository, review_role, &review, diag);
	json_decref(change.document);
	metadata_free(change.before);
	return error;
}

int rotation_renew(struct repository *repository, const char *role, int64_t now, int64_t period,
		   struct diag *diag)
{
	struct metadata *before;
	json_t *document = NULL;
	int error = repository_newest(repository, role, &before, diag);

	if (error == -ENOENT)
		diag_error(diag, role, 0, 0, "no such role");
	if (error)
		return error;
	error = next_document(repository, role, now, period, before, &document, diag);
	if (!error)
		error = repository_stage(repository, role, document, diag);
	json_decref(document);
	metadata_free(before);
	return error;
}
