/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "rules/signed/strict.h"

/* ---- keys ---- */

json_t *forge_key_json(const struct key *key, const char *type, const char *scheme)
{
	struct text public = TEXT_EMPTY;
	json_t *json;

	assert_int_equal(key_public_print(key, &public), 0);
	json = json_pack("{s:s, s:s, s:{s:s}}", "keytype", type, "scheme", scheme, "keyval",
			 "public", public.data);
	assert_non_null(json);
	text_release(&public);
	return json;
}

/* Making keys takes longer than all that is signed with them: one set for the whole program. */
const struct forge_key *forge_key(enum key_type type, size_t number)
{
	static struct forge_key pool[KEY_TYPES][96];
	struct forge_key *key = &pool[type][number];

	assert_true(number < sizeof(pool[0]) / sizeof(*pool[0]));
	if (key->secret)
		return key;
	assert_int_equal(secret_generate(&key->secret, type), 0);
	secret_public(key->secret, &key->key);
	key->json = forge_key_json(&key->key, key_type_print(type), key_scheme_print(type));
	assert_int_equal(metadata_keyid(key->json, key->id), 0);
	return key;
}

const struct forge_key *forge_p256(size_t number)
{
	return forge_key(KEY_P256, number);
}

/* ---- roles ---- */

struct forge_role *forge_role(struct forge *forge, const char *name)
{
	for (size_t i = 0; i < forge->roles; i++) {
		if (strcmp(forge->role[i].name, name) == 0)
			return &forge->role[i];
	}
	fail_msg("no role %s", name);
	return NULL;
}

static struct forge_role *add_role(struct forge *forge, const char *name, const char *type)
{
	struct forge_role *role = &forge->role[forge->roles++];

	assert_true(forge->roles <= FORGE_ROLES);
	*role = (struct forge_role){ .signers = 0 };
	snprintf(role->name, sizeof(role->name), "%s", name);
	role->document = json_pack("{s:s, s:s, s:i}", "_type", type, "spec_version", "1.0.34",
				   "version", 1);
	assert_non_null(role->document);
	forge_expire(forge, name, FORGE_NOW + 30 * FORGE_DAY);
	return role;
}

void forge_expire(struct forge *forge, const char *role, int64_t when)
{
	char text[32];

	metadata_time_print(when, text);
	json_object_set_new(forge_role(forge, role)->document, "expires", json_string(text));
}

void forge_set_version(struct forge *forge, const char *role, int64_t version)
{
	json_object_set_new(forge_role(forge, role)->document, "version", json_integer(version));
}

int64_t forge_get_version(struct forge *forge, const char *role)
{
	return json_integer_value(json_object_get(forge_role(forge, role)->document, "version"));
}

void forge_grant(struct forge *forge, const char *name, const struct forge_key *const *key,
		 size_t keys, int64_t threshold)
{
	struct forge_role *root = forge_role(forge, "root"), *role = forge_role(forge, name);
	json_t *ids = json_array(), *known = json_object_get(root->document, "keys");

	role->signers = keys;
	for (size_t i = 0; i < keys; i++) {
		role->signer[i] = key[i];
		json_array_append_new(ids, json_string(key[i]->id));
		json_object_set(known, key[i]->id, key[i]->json);
	}
	json_object_set_new(json_object_get(root->document, "roles"), name,
			    json_pack("{s:o, s:I}", "keyids", ids, "threshold",
				      (json_int_t)threshold));
}

json_t *forge_delegate(struct forge *forge, const char *parent, const char *name,
		       const struct forge_key *key, const char *pattern)
{
	json_t *document = forge_role(forge, parent)->document, *delegations, *delegation;
	struct forge_role *role = NULL;

	delegations = json_object_get(document, "delegations");
	if (!delegations) {
		delegations = json_pack("{s:{}, s:[]}", "keys", "roles");
		json_object_set_new(document, "delegations", delegations);
	}
	json_object_set(json_object_get(delegations, "keys"), key->id, key->json);
	delegation = json_pack("{s:s, s:[s], s:i, s:b, s:[s]}", "name", name, "keyids", key->id,
			       "threshold", 1, "terminating", 0, "paths", pattern);
	assert_non_null(delegation);
	json_array_append_new(json_object_get(delegations, "roles"), delegation);
	for (size_t i = 0; i < forge->roles; i++) {
		if (strcmp(forge->role[i].name, name) == 0)
			role = &forge->role[i];
	}
	if (!role) {
		role = add_role(forge, name, "targets");
		json_object_set_new(role->document, "targets", json_object());
	}
	role->signer[role->signers++] = key;
	return delegation;
}

/* ---- files ---- */

struct forge_file *forge_find(const struct forge *forge, const char *name)
{
	for (size_t i = 0; i < forge->files; i++) {
		if (strcmp(forge->file[i].name, name) == 0)
			return &forge->file[i];
	}
	return NULL;
}

void forge_drop(struct forge *forge, const char *name)
{
	struct forge_file *file = forge_find(forge, name);

	if (!file)
		return;
	free(file->name);
	free(file->data);
	*file = forge->file[--forge->files];
}

void forge_put(struct forge *forge, const char *name, const void *data, size_t size)
{
	struct forge_file *file;

	forge_drop(forge, name);
	forge->file = realloc(forge->file, (forge->files + 1) * sizeof(*forge->file));
	assert_non_null(forge->file);
	file = &forge->file[forge->files++];
	file->name = strdup(name);
	file->data = malloc(size + 1);
	assert_true(file->name && file->data);
	memcpy(file->data, data, size);
	file->size = size;
}

void forge_target(struct forge *forge, const char *role, const char *path, const char *content)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1], name[1024];

	assert_int_equal(digest_sha256(content, strlen(content), digest), 0);
	hex_print(digest, sizeof(digest), hex);
	json_object_set_new(json_object_get(forge_role(forge, role)->document, "targets"), path,
			    json_pack("{s:I, s:{s:s}}", "length", (json_int_t)strlen(content),
				      "hashes", "sha256", hex));
	snprintf(name, sizeof(name), "targets/%s", path);
	forge_put(forge, name, content, strlen(content));
	snprintf(name, sizeof(name), "targets/%.*s%s.%s", (int)(base - path), path, hex, base);
	forge_put(forge, name, content, strlen(content));
}

/* ---- signing and publishing ---- */

static void put_signature(const struct forge_key *key, const struct text *canonical,
			  struct text *out)
{
	uint8_t signature[KEY_SIGNATURE];
	char hex[2 * KEY_SIGNATURE + 1];
	size_t length;

	assert_int_equal(secret_sign(key->secret, canonical->data, canonical->length, signature,
				     &length), 0);
	hex_print(signature, length, hex);
	text_printf(out, "{\"keyid\": \"%s\", \"sig\": \"%s\"}", key->id, hex);
}

void forge_sign_text(const struct forge_role *role, const char *text, size_t size, struct text *out)
{
	const struct text canonical = { .data = (char *)(uintptr_t)text, .length = size };

	text_puts(out, "{\"signatures\": [");
	for (size_t i = 0; i < role->signers; i++) {
		text_puts(out, i ? ", " : "");
		put_signature(role->signer[i], &canonical, out);
	}
	text_puts(out, "], \"signed\": ");
	text_put(out, text, size);
	text_puts(out, "}");
}

void forge_sign(const struct forge_role *role, struct text *out)
{
	struct text canonical = TEXT_EMPTY;
	char *shown = json_dumps(role->document, JSON_INDENT(1));

	assert_int_equal(strict_canonical(role->document, &canonical), 0);
	text_puts(out, "{\"signatures\": [");
	for (size_t i = 0; i < role->signers; i++) {
		text_puts(out, i ? ", " : "");
		put_signature(role->signer[i], &canonical, out);
	}
	text_puts(out, "], \"signed\": ");
	text_puts(out, shown);
	text_puts(out, "}");
	free(shown);
	text_release(&canonical);
}

static void name_in(struct forge *forge, const char *parent, const char *role,
		    const struct text *bytes)
{
	json_t *document = forge_role(forge, parent)->document;
	json_t *meta = json_object_get(document, "meta");
	json_t *entry = json_pack("{s:I}", "version", (json_int_t)forge_get_version(forge, role));
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1], name[METADATA_NAME + 8];

	if (forge->hashes) {
		assert_int_equal(digest_sha256(bytes->data, bytes->length, digest), 0);
		hex_print(digest, sizeof(digest), hex);
		json_object_set_new(entry, "length", json_integer((json_int_t)bytes->length));
		json_object_set_new(entry, "hashes", json_pack("{s:s}", "sha256", hex));
	}
	if (!meta) {
		meta = json_object();
		json_object_set_new(document, "meta", meta);
	}
	snprintf(name, sizeof(name), "%s.json", role);
	json_object_set_new(meta, name, entry);
}

void forge_serve(struct forge *forge, const struct forge_role *role, const struct text *bytes)
{
	char plain[METADATA_NAME + 1], encoded[3 * METADATA_NAME + 2], name[4 * METADATA_NAME];

	/* A leading dot stays as it is in a request; behind another character it is none. */
	snprintf(plain, sizeof(plain), "x%s", role->name);
	assert_int_equal(store_encode(plain, encoded, sizeof(encoded)), 0);
	snprintf(name, sizeof(name), "metadata/%lld.%s.json",
		 (long long)forge_get_version(forge, role->name), encoded + 1);
	forge_put(forge, name, bytes->data, bytes->length);
	snprintf(name, sizeof(name), "metadata/%s.json", encoded + 1);
	forge_put(forge, name, bytes->data, bytes->length);
}

static struct forge_role *next_version(struct forge *forge, const char *name)
{
	struct forge_role *role = forge_role(forge, name);

	if (role->published)
		forge_set_version(forge, name, forge_get_version(forge, name) + 1);
	role->published = true;
	return role;
}

static void publish(struct forge *forge, const struct forge_role *role, struct text *bytes)
{
	forge_serve(forge, role, bytes);
	if (strcmp(role->name, "snapshot") == 0)
		name_in(forge, "timestamp", role->name, bytes);
	else if (strcmp(role->name, "root") != 0 && strcmp(role->name, "timestamp") != 0)
		name_in(forge, "snapshot", role->name, bytes);
	text_release(bytes);
}

void forge_publish(struct forge *forge, const char *name)
{
	struct forge_role *role = next_version(forge, name);
	struct text bytes = TEXT_EMPTY;

	forge_sign(role, &bytes);
	publish(forge, role, &bytes);
}

void forge_publish_edited(struct forge *forge, const char *name, const char *from, const char *to)
{
	struct forge_role *role = next_version(forge, name);
	struct text canonical = TEXT_EMPTY, edited = TEXT_EMPTY, bytes = TEXT_EMPTY;
	const char *at;

	assert_int_equal(strict_canonical(role->document, &canonical), 0);
	at = strstr(canonical.data, from);
	if (!at)
		fail_msg("no %s in %s", from, canonical.data);
	text_put(&edited, canonical.data, (size_t)(at - canonical.data));
	text_puts(&edited, to);
	text_puts(&edited, at + strlen(from));
	forge_sign_text(role, edited.data, edited.length, &bytes);
	publish(forge, role, &bytes);
	text_release(&canonical);
	text_release(&edited);
}

void forge_publish_all(struct forge *forge)
{
	for (size_t i = 3; i < forge->roles; i++)
		forge_publish(forge, forge->role[i].name);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
}

/* ---- the whole ---- */

struct forge *forge_new(void)
{
	static const char *const type[] = { "root", "timestamp", "snapshot", "targets" };
	struct forge *forge = calloc(1, sizeof(*forge));
	const struct forge_file *root;

	assert_non_null(forge);
	snprintf(forge->folder, sizeof(forge->folder), "/tmp/cordon-attack-XXXXXX");
	assert_non_null(mkdtemp(forge->folder));
	forge->fd = open(forge->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(forge->fd >= 0);
	forge->options = client_options_default;
	forge->options.now = FORGE_NOW;
	forge->source = (struct source){ .get = forge_get, .context = forge, .name = "forge" };
	for (size_t i = 0; i < 4; i++)
		add_role(forge, type[i], type[i]);
	json_object_set_new(forge->role[0].document, "keys", json_object());
	json_object_set_new(forge->role[0].document, "roles", json_object());
	json_object_set_new(forge->role[0].document, "consistent_snapshot", json_true());
	json_object_set_new(forge->role[3].document, "targets", json_object());
	for (size_t i = 0; i < 4; i++)
		forge_grant(forge, type[i], (const struct forge_key *[]){ forge_p256(i) }, 1, 1);
	forge_publish(forge, "root");
	forge_publish_all(forge);
	root = forge_find(forge, "metadata/1.root.json");
	assert_int_equal(file_replace(forge->fd, "root.json", root->data, root->size, 0644), 0);
	return forge;
}

void forge_free(struct forge *forge)
{
	DIR *directory = opendir(forge->folder);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		(void)(unlinkat(forge->fd, entry->d_name, 0) < 0 &&
		       unlinkat(forge->fd, entry->d_name, AT_REMOVEDIR));
	if (directory)
		closedir(directory);
	close(forge->fd);
	rmdir(forge->folder);
	while (forge->files)
		forge_drop(forge, forge->file[0].name);
	for (size_t i = 0; i < forge->roles; i++)
		json_decref(forge->role[i].document);
	text_release(&forge->requests);
	free(forge->file);
	free(forge);
}

int forge_setup(void **state)
{
	*state = forge_new();
	return 0;
}

int forge_teardown(void **state)
{
	forge_free(*state);
	return 0;
}
