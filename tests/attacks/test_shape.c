/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of the wrong shape, signed by the right keys: every value of every file replaced in
 * turn. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"

enum { KINDS = 6, REMOVED = 5 };
static const char *const kind_word[KINDS] = { "null", "[]", "\"x\"", "{}", "-1", "removed" };

/* What is as good as before: the file, the place in it (digits are left out), what it became. */
static const char *const still_good[] = {
	"root.consistent_snapshot removed",
	"timestamp.x-cordon-signed-at removed",
	"timestamp.x-cordon-hold removed",
	"snapshot.meta.rules.json removed",
	"snapshot.meta.rules.json.length removed",
	"snapshot.meta.rules.json.hashes removed",
	"snapshot.meta.images.json removed",
	"targets.targets {}",
	"targets.targets.rules/a removed",
	"targets.targets.rules/a.custom {}",
	"targets.targets.rules/a.custom removed",
	"targets.targets.rules/a.custom.arch null",
	"targets.targets.rules/a.custom.arch []",
	"targets.targets.rules/a.custom.arch \"x\"",
	"targets.targets.rules/a.custom.arch {}",
	"targets.targets.rules/a.custom.arch -1",
	"targets.targets.rules/a.custom.arch removed",
	"targets.delegations removed",
	"targets.delegations.keys {}",
	"targets.delegations.keys.ID removed",
	"targets.delegations.roles []",
	"targets.delegations.roles[] removed",
	"targets.delegations.roles[].name \"x\"",
	"targets.delegations.roles[].keyids []",
	"targets.delegations.roles[].keyids[] removed",
	"targets.delegations.roles[].paths []",
	"targets.delegations.roles[].paths[] \"x\"",
	"targets.delegations.roles[].paths[] removed",
	"targets.delegations.roles[].path_hash_prefixes []",
	"targets.delegations.roles[].path_hash_prefixes[] removed",
};

/* A root that holds, but leaves a role without the keys that it needs: kept, and then the run
 * ends. */
static const char *const kept_and_useless[] = {
	"root.keys.ID removed",
	"root.roles.timestamp.keyids []",
	"root.roles.timestamp.keyids[] removed",
	"root.roles.snapshot.keyids []",
	"root.roles.snapshot.keyids[] removed",
	"root.roles.targets.keyids []",
	"root.roles.targets.keyids[] removed",
};

struct walk {
	struct forge *forge;
	const char *role;	/* whose file it is */
	char place[256];
	char *file[4];		/* the client's state at the beginning; NULL: not there */
	size_t size[4];
	unsigned int cases, good;
};

static const char *const state_name[] = { "root.json", "timestamp.json", "snapshot.json",
					  "targets.json" };

static void keep_state(struct walk *walk)
{
	for (size_t i = 0; i < 4; i++) {
		if (file_read(walk->forge->fd, state_name[i], 1 << 20, &walk->file[i],
			      &walk->size[i]) < 0)
			walk->file[i] = NULL;
	}
}

static void restore_state(const struct walk *walk)
{
	for (size_t i = 0; i < 4; i++) {
		unlinkat(walk->forge->fd, state_name[i], 0);
		if (walk->file[i])
			assert_int_equal(file_replace(walk->forge->fd, state_name[i],
						      walk->file[i], walk->size[i], 0644), 0);
	}
}

static bool is_in(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i], text) == 0)
			return true;
	}
	return false;
}
#define IS_IN(list, text) is_in(list, sizeof(list) / sizeof(*(list)), text)

/* Serves the role's document as it is now as version 2, whatever it says of itself. */
static void serve(struct walk *walk)
{
	struct text bytes = TEXT_EMPTY;
	char name[64];

	forge_sign(forge_role(walk->forge, walk->role), &bytes);
	snprintf(name, sizeof(name), "metadata/%s%s.json",
		 strcmp(walk->role, "timestamp") == 0 ? "" : "2.", walk->role);
	forge_put(walk->forge, name, bytes.data, bytes.length);
	text_release(&bytes);
}

static void check(struct walk *walk, int kind)
{
	struct forge *forge = walk->forge;
	char text[512], *before = forge_state(forge), *after;
	int error;

	snprintf(text, sizeof(text), "%s%s %s", walk->role, walk->place, kind_word[kind]);
	serve(walk);
	error = forge_refresh(forge);
	walk->cases++;
	walk->good += error == 0;
	if ((error == 0) != IS_IN(still_good, text))
		fail_msg("%s: %s", text, error ? strerror(-error) : "was accepted");
	assert_true(error == 0 || error == -EINVAL || error == -EACCES || error == -EEXIST);
	after = forge_state(forge);
	if (error && strcmp(before, after) != 0 && !IS_IN(kept_and_useless, text))
		fail_msg("%s was refused and changed the state", text);
	free(after);
	free(before);
	restore_state(walk);
}

static void walk_into(struct walk *walk, json_t *value);

static void walk_member(struct walk *walk, json_t *object, const char *key)
{
	json_t *old = json_incref(json_object_get(object, key));

	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == REMOVED)
			json_object_del(object, key);
		else
			json_object_set_new(object, key,
					    json_loads(kind_word[kind], JSON_DECODE_ANY, NULL));
		check(walk, kind);
	}
	json_object_set_new(object, key, old);
	walk_into(walk, old);
}

static void walk_element(struct walk *walk, json_t *array, size_t index)
{
	json_t *old = json_incref(json_array_get(array, index));

	for (int kind = 0; kind < REMOVED; kind++) {
		json_array_set_new(array, index,
				   json_loads(kind_word[kind], JSON_DECODE_ANY, NULL));
		check(walk, kind);
	}
	json_array_remove(array, index);
	check(walk, REMOVED);
	json_array_insert_new(array, index, old);
	walk_into(walk, old);
}

/* The names are taken down first: a member that goes and comes back changes its place. */
static void walk_object(struct walk *walk, json_t *object)
{
	size_t end = strlen(walk->place), count = 0;
	char *name[32];

	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		name[count++] = strdup(json_object_iter_key(at));
	for (size_t i = 0; i < count; i++) {
		bool id = strlen(name[i]) == METADATA_KEYID - 1;

		snprintf(walk->place + end, sizeof(walk->place) - end, ".%s", id ? "ID" : name[i]);
		walk_member(walk, object, name[i]);
		walk->place[end] = '\0';
		free(name[i]);
	}
}

static void walk_into(struct walk *walk, json_t *value)
{
	size_t end = strlen(walk->place);

	if (json_is_object(value))
		walk_object(walk, value);
	for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
		snprintf(walk->place + end, sizeof(walk->place) - end, "[]");
		walk_element(walk, value, i);
		walk->place[end] = '\0';
	}
}

/* A repository in which every field is there. */
static void fill(struct forge *forge)
{
	json_t *delegation;

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	delegation = forge_delegate(forge, "targets", "images", forge_p256(4), "images/*");
	json_object_del(delegation, "paths");
	json_object_set_new(delegation, "path_hash_prefixes", json_pack("[s]", "a"));
	forge_target(forge, "targets", "rules/a", "a");
	json_object_set_new(json_object_get(json_object_get(forge_role(forge, "targets")->document,
							    "targets"), "rules/a"),
			    "custom", json_pack("{s:i}", "arch", 1));
	json_object_set_new(forge_role(forge, "timestamp")->document, "x-cordon-signed-at",
			    json_string("2026-11-24T10:00:00Z"));
	json_object_set_new(forge_role(forge, "timestamp")->document, "x-cordon-hold",
			    json_integer(1));
}

/* Version 2 of all; the client has come up to this role. */
static void run(const char *role)
{
	struct walk walk = { .forge = forge_new(), .role = role };
	struct forge *forge = walk.forge;
	char name[64], zeros[65] = "";
	json_t *meta;

	memset(zeros, '0', sizeof(zeros) - 1);
	fill(forge);
	forge_accepts(forge);
	forge_publish_all(forge);
	if (strcmp(role, "root") == 0)
		forge_publish(forge, "root");
	/* A length and digests of a file that a refresh does not fetch. */
	meta = json_object_get(forge_role(forge, "snapshot")->document, "meta");
	json_object_update_new(json_object_get(meta, "rules.json"),
			       json_pack("{s:i, s:{s:s}}", "length", 7, "hashes", "sha256", zeros));
	snprintf(name, sizeof(name), "metadata/%s%s.json",
		 strcmp(role, "timestamp") == 0 ? "" : "2.", role);
	forge_drop(forge, name);
	(void)!forge_refresh(forge);
	keep_state(&walk);
	restore_state(&walk);
	serve(&walk);
	forge_accepts(forge);
	restore_state(&walk);
	walk_into(&walk, forge_role(forge, role)->document);
	print_message("%s: %u cases, %u of them still good\n", role, walk.cases, walk.good);
	for (size_t i = 0; i < 4; i++)
		free(walk.file[i]);
	forge_free(forge);
}

static void attack_20_wrong_shape_in_root(void **state)
{
	(void)state;
	run("root");
}

static void attack_20_wrong_shape_in_timestamp(void **state)
{
	(void)state;
	run("timestamp");
}

static void attack_20_wrong_shape_in_snapshot(void **state)
{
	(void)state;
	run("snapshot");
}

static void attack_20_wrong_shape_in_targets(void **state)
{
	(void)state;
	run("targets");
}

/* Around the signed part. */
static void attack_20_wrong_shape_of_the_envelope(void **state)
{
	static const char *const text[] = {
		"", " ", "null", "[]", "{}", "\"x\"", "1", "{\"signed\": {}}",
		"{\"signatures\": []}", "{\"signatures\": [], \"signed\": null}",
		"{\"signatures\": [], \"signed\": []}", "{\"signatures\": {}, \"signed\": {}}",
		"{\"signatures\": null, \"signed\": {}}",
		"{\"signatures\": [null], \"signed\": {}}",
		"{\"signatures\": [{}], \"signed\": {}}",
		"{\"signatures\": [{\"keyid\": 1, \"sig\": \"\"}], \"signed\": {}}",
		"{\"signatures\": [{\"keyid\": \"\", \"sig\": \"\"}], \"signed\": {}}",
	};
	struct forge *forge = *state;

	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		forge_put(forge, "metadata/timestamp.json", text[i], strlen(text[i]));
		forge_refuses(forge, -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_20_wrong_shape_in_root),
		cmocka_unit_test(attack_20_wrong_shape_in_timestamp),
		cmocka_unit_test(attack_20_wrong_shape_in_snapshot),
		cmocka_unit_test(attack_20_wrong_shape_in_targets),
		FORGE_TEST(attack_20_wrong_shape_of_the_envelope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
