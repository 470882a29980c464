/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/metadata_role.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts a copy, to keep the order of delegations, and of key ids in messages. */
void metadata_check_unique(const char *const *text, size_t count, const char *name,
			   struct field *field)
{
	const char **sorted;

	if (field->error)
		return;
	sorted = malloc((count + 1) * sizeof(*sorted));
	if (!sorted) {
		field_result(field, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = text[i];
	qsort(sorted, count, sizeof(*sorted), compare_text);
	for (size_t i = 1; i < count; i++)
		field_expect(field, strcmp(sorted[i - 1], sorted[i]) != 0, name, "each only once");
	free(sorted);
}

bool metadata_is_keyid(const char *text)
{
	return strlen(text) == METADATA_KEYID - 1 && hex_check(text);
}

/* ---- keys and roles ---- */

/* The id of a key computed from keytype, scheme and keyval only: publishers use it when a tool has
 * added fields of its own to the key. */
static int short_keyid(const json_t *key, char id[METADATA_KEYID])
{
	json_t *part = json_pack("{s:O, s:O, s:O}", "keytype", json_object_get(key, "keytype"),
				 "scheme", json_object_get(key, "scheme"), "keyval",
				 json_object_get(key, "keyval"));
	int error = part ? metadata_keyid(part, id) : -ENOMEM;

	json_decref(part);
	return error;
}

/*
 * Recomputes every key id, as the specification requires (4.3): otherwise one key could be listed
 * under two names. An id of neither form (as one in version 11 of sigstore's root) is refused.
 */
static void check_keyid(const json_t *value, const char *id, struct field *field)
{
	char full[METADATA_KEYID] = "", brief[METADATA_KEYID] = "";

	if (field->error)
		return;
	field_result(field, metadata_keyid(value, full));
	if (field->error || strcmp(full, id) == 0)
		return;
	field_result(field, short_keyid(value, brief));
	field_expect(field, strcmp(brief, id) == 0, "keys",
		     "each under the SHA-256 of its canonical form");
}

/* A key of a kind that is unknown here may be known elsewhere: it is kept, but does not count. */
static void parse_public(struct metadata_key *key, const json_t *keyval, struct field *field)
{
	const char *public = field_text(field, keyval, "public", KEY_PEM_MAX, FIELD_REQUIRED);
	int error;

	if (field->error)
		return;
	error = key_public_parse(&key->key, key->key.type, public);
	key->usable = error == 0;
	field_result(field, error == -ENOMEM ? error : 0);
}

static void parse_key(struct metadata_key *key, const char *id, const json_t *value,
		      struct field *field)
{
	const char *type = field_text(field, value, "keytype", METADATA_NAME, FIELD_REQUIRED);
	const char *scheme = field_text(field, value, "scheme", METADATA_NAME, FIELD_REQUIRED);
	const json_t *keyval = field_object(field, value, "keyval", FIELD_REQUIRED);

	check_keyid(value, id, field);
	snprintf(key->id, sizeof(key->id), "%s", id);
	if (!field->error && key_type_parse(&key->key.type, type, scheme) == 0)
		parse_public(key, keyval, field);
}

static void parse_keys(struct metadata *metadata, const json_t *parent, struct field *field)
{
	json_t *keys = field_object(field, parent, "keys", FIELD_REQUIRED), *value;
	const size_t count = json_object_size(keys);
	const char *id;

	field_expect(field, count <= METADATA_KEYS, "keys", "at most 1024");
	if (field->error)
		return;
	metadata->key = arena_array(&metadata->arena, count + 1, sizeof(*metadata->key));
	field_result(field, metadata->key ? 0 : -ENOMEM);
	json_object_foreach(keys, id, value) {
		field_expect(field, metadata_is_keyid(id) && json_is_object(value), "keys",
			     "objects under 64 hexadecimal digits");
		if (field->error)
			return;
		parse_key(&metadata->key[metadata->keys++], id, value, field);
	}
}

/* An array of strings, each accepted by check. */
static void parse_texts(struct metadata *metadata, const char ***text, size_t *count,
			const json_t *array, const char *name, bool (*check)(const char *),
			struct field *field)
{
	size_t size = json_array_size(array);

	*text = arena_array(&metadata->arena, size + 1, sizeof(**text));
	field_result(field, *text ? 0 : -ENOMEM);
	for (*count = 0; !field->error && *count < size; ++*count) {
		const char *one = json_string_value(json_array_get(array, *count));

		(*text)[*count] = one;
		field_expect(field, one && check(one), name,
			     "strings of the required form");
	}
}

static void parse_role(struct metadata *metadata, struct metadata_role *role, const json_t *value,
		       struct field *field)
{
	const json_t *keyids;

	field_integer(field, value, "threshold", 1, METADATA_KEYS, FIELD_REQUIRED,
		      &role->threshold);
	keyids = field_array(field, value, "keyids", METADATA_ROLE_KEYS, FIELD_REQUIRED);
	parse_texts(metadata, &role->keyid, &role->keyids, keyids, "keyids", metadata_is_keyid,
		    field);
	metadata_check_unique(role->keyid, role->keyids, "keyids", field);
}

void metadata_parse_root(struct metadata *metadata, const json_t *signed_, struct field *field)
{
	const json_t *roles;

	field_boolean(field, signed_, "consistent_snapshot", FIELD_OPTIONAL,
		      &metadata->consistent_snapshot);
	parse_keys(metadata, signed_, field);
	roles = field_object(field, signed_, "roles", FIELD_REQUIRED);
	metadata->role = arena_array(&metadata->arena, 4, sizeof(*metadata->role));
	field_result(field, metadata->role ? 0 : -ENOMEM);
	for (; !field->error && metadata->roles < 4; metadata->roles++) {
		struct metadata_role *role = &metadata->role[metadata->roles];

		snprintf(role->name, sizeof(role->name), "%s",
			 metadata_type_print((enum metadata_type)metadata->roles));
		parse_role(metadata, role, field_object(field, roles, role->name, FIELD_REQUIRED),
			   field);
	}
}

/* ---- delegations ---- */

static bool is_pattern(const char *text)
{
	return *text != '\0' && strlen(text) < METADATA_NAME;
}

static bool is_prefix(const char *text)
{
	return *text != '\0' && strlen(text) < METADATA_KEYID && hex_check(text);
}

static void parse_patterns(struct metadata *metadata, struct metadata_role *role,
			   const json_t *value, struct field *field)
{
	bool by_path = json_object_get(value, "paths") != NULL;
	const char *name = by_path ? "paths" : "path_hash_prefixes";
	const json_t *patterns;

	role->by_hash = !by_path;
	field_expect(field, !by_path || !json_object_get(value, "path_hash_prefixes"),
		     "path_hash_prefixes", "only one of \"paths\" and \"path_hash_prefixes\"");
	patterns = field_array(field, value, name, METADATA_PATHS, FIELD_REQUIRED);
	parse_texts(metadata, &role->pattern, &role->patterns, patterns, name,
		    by_path ? is_pattern : is_prefix, field);
}

/* A delegated role has a file under its own name, so it cannot use one of the four. */
static bool name_is_free(const char *name)
{
	for (enum metadata_type type = METADATA_ROOT; type <= METADATA_TARGETS; type++) {
		if (strcmp(name, metadata_type_print(type)) == 0)
			return false;
	}
	return true;
}

static void parse_delegation(struct metadata *metadata, struct metadata_role *role,
			     const json_t *value, struct field *field)
{
	const char *name = field_text(field, value, "name", METADATA_NAME - 1, FIELD_REQUIRED);

	field_expect(field, name_is_free(name), "name",
		     "a name other than those of the four top-level roles");
	snprintf(role->name, sizeof(role->name), "%s", name);
	field_boolean(field, value, "terminating", FIELD_REQUIRED, &role->terminating);
	parse_role(metadata, role, value, field);
	parse_patterns(metadata, role, value, field);
}

void metadata_parse_delegations(struct metadata *metadata, const json_t *delegations,
				struct field *field)
{
	const char *name[METADATA_ROLES];
	const json_t *roles;

	parse_keys(metadata, delegations, field);
	roles = field_array(field, delegations, "roles", METADATA_ROLES, FIELD_REQUIRED);
	metadata->role = arena_array(&metadata->arena, json_array_size(roles) + 1,
				     sizeof(*metadata->role));
	field_result(field, metadata->role ? 0 : -ENOMEM);
	for (; !field->error && metadata->roles < json_array_size(roles); metadata->roles++) {
		struct metadata_role *role = &metadata->role[metadata->roles];

		parse_delegation(metadata, role, json_array_get(roles, metadata->roles), field);
		name[metadata->roles] = role->name;
	}
	metadata_check_unique(name, metadata->roles, "roles", field);
}
