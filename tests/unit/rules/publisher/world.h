/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "rules/publisher/content.h"
#include "rules/publisher/edition.h"
#include "rules/publisher/plan.h"
#include "rules/publisher/publish.h"
#include "rules/publisher/rotation.h"
#include "rules/publisher/signing.h"
#include "tests/unit/cmocka.h"

/* A publisher: a folder, four people, two online keys, one more of each, and a time of its own. */

enum { ALICE, BOB, CAROL, DAVE, ERIN, FRANK, ONE, TWO, THREE, PEOPLE };
enum { HOUR = 3600, DAY = 24 * HOUR };

struct world {
	char path[64];
	int64_t now;
	struct repository repository;
	struct diag diag;
	struct seen *seen;	/* what the key at hand has seen; NULL: without a key */
	struct {
		struct secret *secret;
		struct keyring_key key;
	} who[PEOPLE];
};

#define LIST_HEAD "list: test\nversion: 1\n[update]\n"

static struct world world;
static struct audit world_audit;

static inline int world_try(void)
{
	const struct repository_how how = { .create = true, .alone = true, .now = world.now,
					    .seen = world.seen, .seens = world.seen != NULL };

	diag_init(&world.diag);
	return repository_open(&world.repository, world.path, &how, &world.diag);
}

static inline void world_open(void)
{
	assert_int_equal(world_try(), 0);
}

static inline void world_close(void)
{
	repository_close(&world.repository);
}

static inline int world_setup(void **state)
{
	static const char *const name[PEOPLE] = { "alice", "bob",  "carol", "dave", "erin",
						  "frank", "one", "two",   "three" };

	(void)state;
	snprintf(world.path, sizeof(world.path), "/tmp/cordon-publisher-XXXXXX");
	world.now = 1795600000;
	if (!mkdtemp(world.path))
		return -1;
	for (size_t i = 0; i < PEOPLE; i++) {
		if (secret_generate(&world.who[i].secret, KEY_P256))
			return -1;
		secret_public(world.who[i].secret, &world.who[i].key.key);
		snprintf(world.who[i].key.name, KEYRING_NAME, "%s", name[i]);
		if (keyring_identify(&world.who[i].key))
			return -1;
	}
	return 0;
}

static inline int world_teardown(void **state)
{
	char command[128];

	(void)state;
	audit_release(&world_audit);
	for (size_t i = 0; i < PEOPLE; i++)
		secret_free(world.who[i].secret);
	snprintf(command, sizeof(command), "rm -rf %s", world.path);
	return system(command);
}

static inline struct plan *world_plan(void)
{
	struct plan *plan = malloc(sizeof(*plan));

	assert_non_null(plan);
	plan_init(plan);
	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		size_t first = i < PLAN_SNAPSHOT ? ALICE : ONE;
		size_t end = i < PLAN_SNAPSHOT ? ERIN : THREE;

		for (size_t j = first; j < end; j++)
			assert_int_equal(plan_add(plan, i, &world.who[j].key, &world.diag), 0);
	}
	return plan;
}

static inline void world_init(void)
{
	struct plan *plan = world_plan();

	world_open();
	assert_int_equal(plan_stage(&world.repository, plan, world.now, &world.diag), 0);
	world_close();
	free(plan);
}

/* A release of one list. */
static inline int world_add(const char *rules)
{
	struct bundle *bundle = calloc(1, sizeof(*bundle));
	char *text;
	size_t count;
	int error;

	assert_non_null(bundle);
	assert_true(asprintf(&text, LIST_HEAD "%s\n", rules) > 0);
	world_open();
	bundle->release.max_share = 64;
	error = edition_add(bundle, "test.rules", text, strlen(text), &world.diag);
	if (!error)
		error = edition_default_canaries(bundle, &world.diag);
	if (!error)
		error = edition_check(bundle, &count, &world.diag);
	if (!error)
		error = edition_stage(bundle, &world.repository, world.now, 0, 90 * DAY,
				      &world.diag);
	world_close();
	bundle_release(bundle);
	free(bundle);
	return error;
}

static inline int world_sign_role(void *context, const char *role)
{
	size_t *who = context;
	struct metadata *metadata;
	struct signing signing;
	int error = repository_staged(&world.repository, role, &metadata, &world.diag);

	if (error)
		return error == -ENOENT ? 0 : error;
	error = signing_judge(&signing, &world.repository, role, metadata, &world.diag);
	if (!error && signing_may(&signing, &world.who[*who].key.key)) {
		error = signing_sign(&signing, metadata, world.who[*who].secret, &world.diag);
		if (!error)
			error = signing_merge(&world.repository, role, metadata, &world.diag);
	}
	metadata_free(metadata);
	return error;
}

/* Everything that this person may sign. */
static inline void world_sign(size_t who)
{
	world_open();
	assert_int_equal(repository_each(&world.repository, world_sign_role, &who, &world.diag), 0);
	world_close();
}

typedef int world_function(struct audit *audit, struct repository *repository,
			   const struct publish_options *options, struct diag *diag);

static inline int world_online(world_function *function, size_t who, enum publish_hold hold)
{
	struct publish_options options = { .secret = { world.who[who].secret }, .secrets = 1,
					   .now = world.now, .hold = hold };
	int error;

	audit_release(&world_audit);
	world_open();
	error = function(&world_audit, &world.repository, &options, &world.diag);
	world_close();
	return error;
}

static inline int world_publish(size_t who)
{
	return world_online(publish_staged, who, PUBLISH_HOLD_KEEP);
}

static inline int world_look(void)
{
	char root[128];

	audit_release(&world_audit);
	diag_init(&world.diag);
	snprintf(root, sizeof(root), "%s/metadata/1.root.json", world.path);
	return audit_folder(&world_audit, world.path, root, world.now, &world.diag);
}

static inline int64_t world_version(const char *role)
{
	for (size_t i = 0; i < world_audit.roles; i++) {
		if (strcmp(world_audit.role[i].name, role) == 0)
			return world_audit.role[i].version;
	}
	return -1;
}

static inline int64_t world_release(void)
{
	struct bundle bundle;
	int64_t version;

	world_open();
	assert_int_equal(edition_published(&bundle, &world.repository, &world.diag), 0);
	version = bundle.release.version;
	bundle_release(&bundle);
	world_close();
	return version;
}

/* From nothing to a published first release. */
static inline void world_begin(void)
{
	world_init();
	assert_int_equal(world_add("a.example"), 0);
	world_sign(ALICE);
	world_sign(BOB);
	world_sign(CAROL);
	assert_int_equal(world_publish(ONE), 0);
}

static inline bool world_says(const char *words)
{
	struct text text = TEXT_EMPTY;
	bool found;

	diag_print(&world.diag, &text);
	found = text.data && strstr(text.data, words);
	if (!found)
		print_message("%s\n", text.data ? text.data : "nothing said");
	text_release(&text);
	return found;
}
