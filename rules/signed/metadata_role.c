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

/* Sorts a copy: the order of delegations, and of key ids for messages, is to stay. */
int metadata_check_unique(const char *const *text, size_t count, const char *name,
			const struct field *field)
{
	const char **sorted = malloc((count + 1) * sizeof(*sorted));
	int error = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = text[i];
	qsort(sorted, count, sizeof(*sorted), compare_text);
	for (size_t i = 1; !error && i < count; i++) {
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			error = field_wrong(field, name, "each only once");
	}
	free(sorted);
	return error;
}

bool metadata_is_keyid(const char *text)
{
	return strlen(text) == METADATA_KEYID - 1 && hex_check(text);
}

/* ---- keys and roles ---- */

/* The id of a key by keytype, scheme and keyval alone: what publishers make of a key to which a
 * tool has added fields of its own. */
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
 * Every key id is computed, as the specification wants (4.3): a key that may choose its name could
 * stand under two. An id of neither form (as one in version 11 of sigstore's root) is refused.
 */
static int check_keyid(const json_t *value, const char *id, const struct field *field)
{
	char full[METADATA_KEYID], brief[METADATA_KEYID];
	int error = metadata_keyid(value, full);

	if (!error && strcmp(full, id) == 0)
		return 0;
	if (!error)
		error = short_keyid(value, brief);
	if (!error && strcmp(brief, id) != 0)
		error = field_wrong(field, "keys", "each under the SHA-256 of its canonical form");
	return error;
}

/* A key of a kind that is not known here may be known elsewhere: kept, and counts for nothing. */
static int parse_public(struct metadata_key *key, const json_t *keyval, const struct field *field)
{
	const char *public;
	int error = field_text(field, keyval, "public", KEY_PEM_MAX, FIELD_REQUIRED, &public);

	if (error)
		return error;
	error = key_public_parse(&key->key, key->key.type, public);
	key->usable = error == 0;
	return error == -ENOMEM ? error : 0;
}

static int parse_key(struct metadata_key *key, const char *id, const json_t *value,
		     const struct field *field)
{
	const char *type, *scheme;
	json_t *keyval;
	int error = field_text(field, value, "keytype", METADATA_NAME, FIELD_REQUIRED, &type);

	if (!error)
		error = field_text(field, value, "scheme", METADATA_NAME, FIELD_REQUIRED, &scheme);
	if (!error)
		error = field_object(field, value, "keyval", FIELD_REQUIRED, &keyval);
	if (!error)
		error = check_keyid(value, id, field);
	snprintf(key->id, sizeof(key->id), "%s", id);
	if (!error && key_type_parse(&key->key.type, type, scheme) == 0)
		error = parse_public(key, keyval, field);
	return error;
}

static int parse_keys(struct metadata *metadata, const json_t *parent, const struct field *field)
{
	json_t *keys, *value;
	const char *id;
	int error = field_object(field, parent, "keys", FIELD_REQUIRED, &keys);

	if (error)
		return error;
	if (json_object_size(keys) > METADATA_KEYS)
		return field_wrong(field, "keys", "at most 1024");
	metadata->key = arena_array(&metadata->arena, json_object_size(keys) + 1,
				    sizeof(*metadata->key));
	if (!metadata->key)
		return -ENOMEM;
	json_object_foreach(keys, id, value) {
		if (!metadata_is_keyid(id) || !json_is_object(value))
			return field_wrong(field, "keys", "objects under 64 hexadecimal digits");
		error = parse_key(&metadata->key[metadata->keys], id, value, field);
		if (error)
			return error;
		metadata->keys++;
	}
	return 0;
}

/* An array of strings, each as check wants it. */
static int parse_texts(struct metadata *metadata, const char ***text, size_t *count,
		       json_t *array, const char *name, bool (*check)(const char *),
		       const struct field *field)
{
	size_t size = json_array_size(array);

	*text = arena_array(&metadata->arena, size + 1, sizeof(**text));
	if (!*text)
		return -ENOMEM;
	for (*count = 0; *count < size; ++*count) {
		(*text)[*count] = json_string_value(json_array_get(array, *count));
		if (!(*text)[*count] || !check((*text)[*count]))
			return field_wrong(field, name, "strings of the form that belongs there");
	}
	return 0;
}

static int parse_role(struct metadata *metadata, struct metadata_role *role, const json_t *value,
		      const struct field *field)
{
	json_t *keyids;
	int error = field_integer(field, value, "threshold", 1, METADATA_KEYS, FIELD_REQUIRED,
				  &role->threshold);

	if (!error)
		error = field_array(field, value, "keyids", METADATA_ROLE_KEYS, FIELD_REQUIRED,
				    &keyids);
	if (!error)
		error = parse_texts(metadata, &role->keyid, &role->keyids, keyids, "keyids",
				    metadata_is_keyid, field);
	if (!error)
		error = metadata_check_unique(role->keyid, role->keyids, "keyids", field);
	return error;
}

int metadata_parse_root(struct metadata *metadata, const json_t *signed_, const struct field *field)
{
	json_t *roles, *value;
	int error = field_boolean(field, signed_, "consistent_snapshot", FIELD_OPTIONAL,
				  &metadata->consistent_snapshot);

	if (!error)
		error = parse_keys(metadata, signed_, field);
	if (!error)
		error = field_object(field, signed_, "roles", FIELD_REQUIRED, &roles);
	metadata->role = arena_array(&metadata->arena, 4, sizeof(*metadata->role));
	if (!error && !metadata->role)
		error = -ENOMEM;
	for (; !error && metadata->roles < 4; metadata->roles++) {
		struct metadata_role *role = &metadata->role[metadata->roles];

		snprintf(role->name, sizeof(role->name), "%s",
			 metadata_type_print((enum metadata_type)metadata->roles));
		error = field_object(field, roles, role->name, FIELD_REQUIRED, &value);
		if (!error)
			error = parse_role(metadata, role, value, field);
	}
	return error;
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

static int parse_patterns(struct metadata *metadata, struct metadata_role *role,
			  const json_t *value, const struct field *field)
{
	bool by_path = json_object_get(value, "paths") != NULL;
	const char *name = by_path ? "paths" : "path_hash_prefixes";
	json_t *patterns;
	int error;

	role->by_hash = !by_path;
	if (by_path && json_object_get(value, "path_hash_prefixes"))
		return field_wrong(field, "path_hash_prefixes", "no \"paths\" beside it");
	error = field_array(field, value, name, METADATA_PATHS, FIELD_REQUIRED, &patterns);
	if (error)
		return error;
	return parse_texts(metadata, &role->pattern, &role->patterns, patterns, name,
			   by_path ? is_pattern : is_prefix, field);
}

/* A delegated role has a file of its own name: it cannot be one of the four. */
static bool name_is_free(const char *name)
{
	for (enum metadata_type type = METADATA_ROOT; type <= METADATA_TARGETS; type++) {
		if (strcmp(name, metadata_type_print(type)) == 0)
			return false;
	}
	return true;
}

static int parse_delegation(struct metadata *metadata, struct metadata_role *role,
			    const json_t *value, const struct field *field)
{
	const char *name;
	int error = field_text(field, value, "name", METADATA_NAME - 1, FIELD_REQUIRED, &name);

	if (error)
		return error;
	if (!name_is_free(name))
		return field_wrong(field, "name", "another name than those of the four top roles");
	snprintf(role->name, sizeof(role->name), "%s", name);
	error = field_boolean(field, value, "terminating", FIELD_REQUIRED, &role->terminating);
	if (!error)
		error = parse_role(metadata, role, value, field);
	if (!error)
		error = parse_patterns(metadata, role, value, field);
	return error;
}

int metadata_parse_delegations(struct metadata *metadata, const json_t *delegations,
			     const struct field *field)
{
	const char *name[METADATA_ROLES];
	json_t *roles;
	int error = parse_keys(metadata, delegations, field);

	if (!error)
		error = field_array(field, delegations, "roles", METADATA_ROLES, FIELD_REQUIRED,
				    &roles);
	if (error)
		return error;
	metadata->role = arena_array(&metadata->arena, json_array_size(roles) + 1,
				     sizeof(*metadata->role));
	if (!metadata->role)
		return -ENOMEM;
	for (; !error && metadata->roles < json_array_size(roles); metadata->roles++) {
		struct metadata_role *role = &metadata->role[metadata->roles];

		error = parse_delegation(metadata, role, json_array_get(roles, metadata->roles),
					 field);
		name[metadata->roles] = role->name;
	}
	return error ? error : metadata_check_unique(name, metadata->roles, "roles", field);
}

