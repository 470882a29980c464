/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Images in a forged repository: two of three people sign them, others sign the rules. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/signed/packed.h"

enum { FORGE_RULES_KEY = 4, FORGE_IMAGES_KEY = 5 };	/* the latter and the next two */

static struct archive forge_packed;
static struct diag forge_diag;

static inline json_t *forge_images_delegation(struct forge *forge)
{
	json_t *delegation = forge_delegate(forge, "targets", "images",
					    forge_p256(FORGE_IMAGES_KEY), "images/*");
	json_t *delegations =
		json_object_get(forge_role(forge, "targets")->document, "delegations");

	for (size_t i = 1; i < 3; i++) {
		const struct forge_key *key = forge_p256(FORGE_IMAGES_KEY + i);

		json_object_set(json_object_get(delegations, "keys"), key->id, key->json);
		json_array_append_new(json_object_get(delegation, "keyids"), json_string(key->id));
	}
	json_object_set_new(delegation, "threshold", json_integer(2));
	json_object_set_new(delegation, "terminating", json_true());
	return delegation;
}

static inline void forge_sign_images(struct forge *forge, const struct forge_key *const *key,
				     size_t keys)
{
	struct forge_role *role = forge_role(forge, "images");

	role->signers = keys;
	for (size_t i = 0; i < keys; i++)
		role->signer[i] = key[i];
}

/* Everything published, with one image by two people. */
static inline struct forge *forge_with_image(const char *name, const char *content)
{
	const struct forge_key *const people[] = { forge_p256(FORGE_IMAGES_KEY),
						   forge_p256(FORGE_IMAGES_KEY + 1) };
	struct forge *forge = forge_new();
	char path[256];

	forge_delegate(forge, "targets", "rules", forge_p256(FORGE_RULES_KEY), "rules/*");
	forge_images_delegation(forge);
	forge_sign_images(forge, people, 2);
	snprintf(path, sizeof(path), PACKED_FOLDER "%s", name);
	forge_target(forge, "images", path, content);
	forge_publish_all(forge);
	return forge;
}

static inline void forge_pack_file(const struct forge *forge, const char *from, const char *name)
{
	const struct forge_file *file = forge_find(forge, from);

	assert_non_null(file);
	assert_int_equal(archive_add(&forge_packed, name, file->data, file->size), 0);
}

/* What is served now, and the image of that name where there is one. */
static inline struct text forge_pack(const struct forge *forge, const char *image)
{
	struct text text = TEXT_EMPTY;
	char from[256];

	forge_packed.count = 0;
	for (size_t i = 0; i < forge->roles; i++) {
		snprintf(from, sizeof(from), "metadata/%s.json", forge->role[i].name);
		forge_pack_file(forge, from, from + strlen("metadata/"));
	}
	for (int version = 2; version < 9; version++) {
		snprintf(from, sizeof(from), "metadata/%d.root.json", version);
		if (forge_find(forge, from))
			forge_pack_file(forge, from, from + strlen("metadata/"));
	}
	snprintf(from, sizeof(from), "targets/" PACKED_FOLDER "%s", image);
	if (forge_find(forge, from))
		forge_pack_file(forge, from, image);
	archive_print(&forge_packed, &text);
	assert_false(text_failed(&text));
	return text;
}

/* The same with one file changed, added, or, with data NULL, taken away. */
static inline void forge_repack(struct text *packed, const char *name, const char *data,
				size_t size)
{
	static struct archive edited;
	struct text text = TEXT_EMPTY;

	assert_int_equal(archive_parse(&forge_packed, packed->data, packed->length), 0);
	edited.count = 0;
	for (size_t i = 0; i < forge_packed.count; i++) {
		const struct archive_file *file = &forge_packed.file[i];

		if (strcmp(file->name, name) != 0)
			assert_int_equal(archive_add(&edited, file->name, file->data, file->size),
					 0);
	}
	if (data)
		assert_int_equal(archive_add(&edited, name, data, size), 0);
	archive_print(&edited, &text);
	text_release(packed);
	*packed = text;
}

/* What the release that is served now leaves of metadata on an appliance. */
static inline struct text forge_in_force(const struct forge *forge)
{
	struct text text = forge_pack(forge, "none");

	forge_repack(&text, "images.json", NULL, 0);
	return text;
}

/* As an appliance does that trusts in_force, or else the first root: found target "NAME=CONTENT".
 */
static inline int forge_judge_at(const struct forge *forge, const struct text *packed,
				 const struct text *in_force, int64_t now, char *found, size_t room)
{
	static struct archive archive, kept;
	const struct forge_file *root = forge_find(forge, "metadata/1.root.json");
	struct offer_trust trust = { .root = root->data, .root_size = root->size, .now = now };
	/* Of this very size, so that nobody reads beyond it unseen. */
	char *copy = malloc(packed->length + !packed->length);
	struct packed result;
	int error;

	if (in_force) {
		assert_int_equal(archive_parse(&kept, in_force->data, in_force->length), 0);
		trust.bundle = &kept;
	}
	memcpy(copy, packed->data, packed->length);
	diag_init(&forge_diag);
	error = packed_parse(&archive, copy, packed->length, &forge_diag);
	if (!error)
		error = packed_verify(&result, &archive, &trust, &forge_diag);
	assert_true(error ? forge_diag.count > 0 : forge_diag.count == 0);
	if (!error) {
		assert_true((const char *)result.file->data >= copy &&
			    (const char *)result.file->data + result.file->size <=
				    copy + packed->length);
		assert_in_range(result.signers, 2, 3);
		snprintf(found, room, "%s=%.*s", result.file->name, (int)result.file->size,
			 (const char *)result.file->data);
	}
	free(copy);
	return error;
}

static inline int forge_judge(const struct forge *forge, const struct text *packed,
			      const struct text *in_force)
{
	char found[256];

	return forge_judge_at(forge, packed, in_force, FORGE_NOW, found, sizeof(found));
}

static inline bool forge_says(const char *words)
{
	struct text text = TEXT_EMPTY;
	bool found;

	diag_print(&forge_diag, &text);
	found = text.data && strstr(text.data, words);
	if (!found)
		print_message("%s\n", text.data ? text.data : "nothing said");
	text_release(&text);
	return found;
}
