/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/members.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/text.h"
#include "rules/publisher/document.h"
#include "rules/publisher/keyring.h"
#include "rules/signed/packed.h"

/* Names that an object may have; NULL ends the list. */
static const char *const top_root[] = { "_type", "spec_version", "version", "expires",
					"consistent_snapshot", "keys", "roles",
					"x-cordon-periods", "x-cordon-repository", NULL };
static const char *const top_roles[] = { "root", "timestamp", "snapshot", "targets", NULL };
static const char *const top_targets[] = { "_type", "spec_version", "version", "expires", "targets",
					   "delegations", "x-cordon-repository", NULL };
static const char *const delegations[] = { "keys", "roles", NULL };
static const char *const key[] = { "keytype", "scheme", "keyval", "x-cordon-name", NULL };
static const char *const keyval[] = { "public", NULL };
static const char *const root_role[] = { "keyids", "threshold", NULL };
static const char *const delegation[] = { "name", "keyids", "threshold", "terminating", "paths",
					  "path_hash_prefixes", NULL };
static const char *const target[] = { "length", "hashes", NULL };
static const char *const image[] = { "length", "hashes", "custom", NULL };
static const char *const hashes[] = { "sha256", NULL };
static const char *const custom[] = { "arch", "version", "build", NULL };
static const char *const document[] = { "signatures", "signed", NULL };
static const char *const signature[] = { "keyid", "sig", NULL };

struct place {
	const char *role;
	struct diag *diag;
};

static bool is_one_of(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

static int refuse(const struct place *place, const char *where, const char *name,
		  const char *expected)
{
	char clean[64];

	diag_error(place->diag, place->role, 0, 0, "%s: \"%s\" cannot be shown, but would be "
		   "signed: %s; stage this again with \"cordon repo\"", where,
		   text_name(clean, sizeof(clean), name), expected);
	return -EINVAL;
}

static int check(const struct place *place, const char *where, const json_t *object,
		 const char *const *names)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		if (!is_one_of(names, name))
			return refuse(place, where, name, "expected only the members that \"cordon "
				      "repo\" writes");
	}
	return 0;
}

/* ---- keys ---- */

/* Nobody could ever sign it. */
static int check_threshold(const struct place *place, const json_t *role)
{
	const json_int_t threshold = json_integer_value(json_object_get(role, "threshold"));

	if (threshold <= (json_int_t)json_array_size(json_object_get(role, "keyids")))
		return 0;
	return refuse(place, "a role", "threshold", "it exceeds the number of the role's keys");
}

static int check_signers(const struct place *place, const json_t *role, const json_t *keys)
{
	int error = check_threshold(place, role);
	json_t *entry;
	size_t index;

	if (error)
		return error;

	json_array_foreach(json_object_get(role, "keyids"), index, entry) {
		if (!json_object_get(keys, json_string_value(entry)))
			return refuse(place, "keyids", json_string_value(entry),
				      "its key is missing");
	}
	return 0;
}

/* Two ids of one person would be shown as one, but a client that counts ids counts both. */
static int check_once(const struct place *place, const struct metadata *metadata,
		      const struct metadata_role *role)
{
	const struct metadata_key *known[METADATA_ROLE_KEYS];

	for (size_t i = 0; i < role->keyids; i++) {
		known[i] = metadata_key_lookup(metadata->key, metadata->keys, role->keyid[i]);
		for (size_t j = 0; known[i] && known[i]->usable && j < i; j++) {
			if (known[j] && known[j]->usable &&
			    key_equal(&known[i]->key, &known[j]->key))
				return refuse(place, "keyids", role->keyid[i], "it is the same key "
					      "as another one of this role; expected each once");
		}
	}
	return 0;
}

static int check_each_once(const struct place *place, const struct metadata *metadata)
{
	int error = 0;

	for (size_t i = 0; !error && i < metadata->roles; i++)
		error = check_once(place, metadata, &metadata->role[i]);
	return error;
}

static int check_keys(const struct place *place, const json_t *keys, const json_t *roles)
{
	const char *id;
	json_t *entry;

	json_object_foreach((json_t *)(uintptr_t)keys, id, entry) {
		const char *name = json_string_value(json_object_get(entry, "x-cordon-name"));
		int error = check(place, "a key", entry, key);

		if (!error)
			error = check(place, "a key", json_object_get(entry, "keyval"), keyval);
		if (!error && (!name || !keyring_name_valid(name)))
			error = refuse(place, "a key", "x-cordon-name", "expected a name");
		if (!error && !keyring_in_use(roles, id))
			error = refuse(place, "keys", id, "no role names this key");
		if (error)
			return error;
	}
	return 0;
}

/* ---- root ---- */

static int check_periods(const struct place *place, const json_t *periods)
{
	const char *name;
	json_t *value;

	if (!json_is_object(periods))
		return refuse(place, "root", "x-cordon-periods", "expected an object");
	json_object_foreach((json_t *)(uintptr_t)periods, name, value) {
		if (!json_is_integer(value) || json_integer_value(value) < 1 ||
		    json_integer_value(value) > DOCUMENT_PERIOD_MAX)
			return refuse(place, "x-cordon-periods", name,
				      "expected seconds, at most a hundred years");
	}
	return 0;
}

static int check_root(const struct place *place, const json_t *content)
{
	const json_t *roles = json_object_get(content, "roles");
	int error = check(place, "root", content, top_root);
	const char *name;
	json_t *role;

	if (!error)
		error = check(place, "roles", roles, top_roles);
	json_object_foreach((json_t *)(uintptr_t)roles, name, role) {
		if (!error)
			error = check(place, name, role, root_role);
		if (!error)
			error = check_signers(place, role, json_object_get(content, "keys"));
	}
	if (!error && !json_is_true(json_object_get(content, "consistent_snapshot")))
		error = refuse(place, "root", "consistent_snapshot", "expected true");
	if (!error)
		error = check_periods(place, json_object_get(content, "x-cordon-periods"));
	return error ? error : check_keys(place, json_object_get(content, "keys"), roles);
}

/* ---- targets ---- */

static int check_target(const struct place *place, const char *name, const json_t *entry)
{
	const bool is_image = strcmp(place->role, PACKED_ROLE) == 0;
	int error = check(place, name, entry, is_image ? image : target);

	if (!error)
		error = check(place, name, json_object_get(entry, "hashes"), hashes);
	if (!error && is_image)
		error = check(place, name, json_object_get(entry, "custom"), custom);
	return error;
}

/* A pattern that stands twice. */
static bool repeats(const json_t *texts)
{
	for (size_t i = 0; i < json_array_size(texts); i++) {
		for (size_t j = 0; j < i; j++) {
			if (json_equal(json_array_get(texts, i), json_array_get(texts, j)))
				return true;
		}
	}
	return false;
}

static int check_delegations(const struct place *place, const json_t *content)
{
	const json_t *section = json_object_get(content, "delegations");
	const json_t *roles = json_object_get(section, "roles");
	int error = check(place, "delegations", section, delegations);
	json_t *role;
	size_t index;

	if (!error && section && json_array_size(roles) == 0 && strcmp(place->role, "targets") != 0)
		error = refuse(place, place->role, "delegations", "it is empty; expected none");
	json_array_foreach(roles, index, role) {
		if (!error)
			error = check(place, "a delegation", role, delegation);
		if (!error)
			error = check_signers(place, role, json_object_get(section, "keys"));
		if (!error && (repeats(json_object_get(role, "paths")) ||
			       repeats(json_object_get(role, "path_hash_prefixes"))))
			error = refuse(place, "a delegation", "paths", "expected each once");
	}
	return error ? error : check_keys(place, json_object_get(section, "keys"), roles);
}

/* What a role may list: "targets" nothing itself; "rules" and "images" only their own files, so
 * that appliances accept those from them alone. */
static bool may_list(const char *role, const char *path)
{
	static const char *const bound[] = { "rules", PACKED_ROLE };

	if (strcmp(role, "targets") == 0)
		return false;
	for (size_t i = 0; i < sizeof(bound) / sizeof(*bound); i++) {
		const size_t length = strlen(bound[i]);
		const bool beneath = strncmp(path, bound[i], length) == 0 && path[length] == '/';

		if (beneath != (strcmp(role, bound[i]) == 0))
			return false;
	}
	return true;
}

static int check_targets(const struct place *place, const json_t *content)
{
	int error = check(place, place->role, content, top_targets);
	const char *name;
	json_t *entry;

	json_object_foreach(json_object_get(content, "targets"), name, entry) {
		if (!error && !may_list(place->role, name))
			error = refuse(place, "targets", name, "this role may not speak for it");
		if (!error)
			error = check_target(place, name, entry);
	}
	return error ? error : check_delegations(place, content);
}

/* ---- the whole ---- */

static int check_signatures(const struct place *place, const json_t *file)
{
	int error = check(place, "the file", file, document);
	json_t *entry;
	size_t index;

	json_array_foreach(json_object_get(file, "signatures"), index, entry) {
		if (!error)
			error = check(place, "signatures", entry, signature);
	}
	return error;
}

int members_check(const char *role, const struct metadata *metadata, struct diag *diag)
{
	const struct place place = { role, diag };
	const json_t *content = document_signed(metadata->document);
	const char *specification = json_string_value(json_object_get(content, "spec_version"));
	int error = check_signatures(&place, metadata->document);

	if (!error && (!specification || strcmp(specification, DOCUMENT_SPECIFICATION) != 0))
		error = refuse(&place, role, "spec_version", "expected \"" DOCUMENT_SPECIFICATION
			       "\"");
	if (!error)
		error = metadata->type == METADATA_ROOT ? check_root(&place, content) :
							  check_targets(&place, content);
	return error ? error : check_each_once(&place, metadata);
}
