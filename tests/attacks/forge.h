/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A repository that signs and serves whatever a test wants, and a client with its state in a
 * folder. Begins with one P-256 key for each of the four roles, everything at version 1, consistent
 * snapshots, 30 days to live; nothing is fetched yet. What fails in here fails the test.
 */
#include "tests/unit/cmocka.h"

#include <jansson.h>
#include <stdbool.h>

#include "rules/signed/client.h"

enum {
	FORGE_NOW = 1800000000,
	FORGE_DAY = 86400,
	FORGE_SIGNERS = 8,
	FORGE_ROLES = 64
};

struct forge_key {
	struct secret *secret;
	struct key key;
	char id[METADATA_KEYID];
	json_t *json;		/* as it stands in metadata */
};

struct forge_role {
	char name[METADATA_NAME];
	json_t *document;	/* "signed": the test changes it as it likes */
	const struct forge_key *signer[FORGE_SIGNERS];
	size_t signers;
	bool published;
};

struct forge_file {
	char *name;		/* "metadata/1.root.json" */
	char *data;
	size_t size;
};

struct forge {
	char folder[64];	/* the client's state */
	int fd;
	struct client_options options;
	bool hashes;		/* publish says length and digest of what it names */
	struct forge_role role[FORGE_ROLES];
	size_t roles;
	struct forge_file *file;
	size_t files;
	struct text requests;	/* "1.snapshot.json\n..." since the last refresh began */
	/* Answers instead: 1 leaves it to the files. */
	int (*answer)(struct forge *forge, const char *path, size_t limit, void **data,
		      size_t *size);
	struct source source;
	struct diag diag;	/* of the last refresh or download */
};

struct forge *forge_new(void);
void forge_free(struct forge *forge);
/* For cmocka. */
int forge_setup(void **state);
int forge_teardown(void **state);
#define FORGE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, forge_setup, forge_teardown)

/* The number-th key of a type; the same one whenever it is asked for again. */
const struct forge_key *forge_key(enum key_type type, size_t number);
const struct forge_key *forge_p256(size_t number);
/* JSON of a key, and its id. */
json_t *forge_key_json(const struct key *key, const char *type, const char *scheme);

struct forge_role *forge_role(struct forge *forge, const char *name);

/* Who may sign a role of the root, from now on, and who does. */
void forge_grant(struct forge *forge, const char *role, const struct forge_key *const *key,
		 size_t keys, int64_t threshold);
/* A role below a targets role, made when it is not there; the delegation as JSON. */
json_t *forge_delegate(struct forge *forge, const char *parent, const char *role,
		       const struct forge_key *key, const char *pattern);
void forge_target(struct forge *forge, const char *role, const char *path, const char *content);
void forge_expire(struct forge *forge, const char *role, int64_t when);
void forge_set_version(struct forge *forge, const char *role, int64_t version);
int64_t forge_get_version(struct forge *forge, const char *role);

/* Signs and serves the next version (the first time: the first). Roles that name it name this one.
 */
void forge_publish(struct forge *forge, const char *role);
/* The same, but the first from in the canonical text becomes to, and that is signed: like an
 * attacker who has the keys, against a lenient parser. */
void forge_publish_edited(struct forge *forge, const char *role, const char *from, const char *to);
/* Every targets role, snapshot and timestamp. */
void forge_publish_all(struct forge *forge);
/* Signed as it is, nothing else. */
void forge_sign(const struct forge_role *role, struct text *out);
/* The signed part is other text than its canonical form, as a lenient parser would read it. */
void forge_sign_text(const struct forge_role *role, const char *text, size_t size,
		     struct text *out);
/* Serves it as the role's current file. */
void forge_serve(struct forge *forge, const struct forge_role *role, const struct text *bytes);
void forge_put(struct forge *forge, const char *name, const void *data, size_t size);
void forge_drop(struct forge *forge, const char *name);
/* NULL: not there */
struct forge_file *forge_find(const struct forge *forge, const char *name);
/* What the source is: answer, when there is one, then the files. */
int forge_get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	      void **data, size_t *size, struct diag *diag);

/* A run of the client: opens the state, refreshes, closes. */
int forge_refresh(struct forge *forge);
/* The same, then a target: *content malloc'ed. */
int forge_download(struct forge *forge, const char *path, char **content);
/* Every file of the client's state and its digest, in order. */
char *forge_state(const struct forge *forge);
/* Version of a file in the client's state; 0: not there. */
int64_t forge_kept(const struct forge *forge, const char *name);

/* Refused with this error, twice, and the state did not change by it. */
void forge_refuses(struct forge *forge, int error);
void forge_refuses_target(struct forge *forge, const char *path, int error);
void forge_accepts(struct forge *forge);
