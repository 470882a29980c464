/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "signed/publisher/document.h"

/*
 * A repository's folder, on the publisher's side:
 *
 *	metadata/	N.root.json, root.json (the newest), N.targets.json, N.ROLE.json,
 *N.snapshot.json, timestamp.json: published, what a mirror serves targets/	rules/<sha256>.NAME:
 *published staging/	the next version of a role under its final name, with the signatures so far,
 *and under staging/targets what it lists
 *
 * What counts as published is what timestamp.json leads to; a staged file counts only when it is
 *the version after that, so that a leftover does not. Published metadata is not verified by reading
 *it here: signing and publishing do that with the client.
 */
enum { REPOSITORY_FILE_MAX = 8 << 20 };

struct repository {
	int folder;
	int metadata;
	int targets;
	int staging;
	struct metadata *root;		/* published; NULL: not yet */
	struct metadata *timestamp;
	struct metadata *snapshot;
	const char *path;		/* the caller's, for messages */
};

/* create: the folders; without it at least one of metadata and staging must be there. Links in the
 * place of the folders are not followed. */
int repository_open(struct repository *repository, const char *path, bool create,
		    struct diag *diag) __attribute__((warn_unused_result));
void repository_close(struct repository *repository);

/* "root", "timestamp", "snapshot" by name; every other role is one of targets. */
enum metadata_type repository_type(const char *role);

/* Version of what is published; 0: nothing. */
int64_t repository_version(const struct repository *repository, const char *role);

/* "3.rules.json", names of roles encoded; "timestamp.json". -ENAMETOOLONG. */
int repository_name(const char *role, int64_t version, char name[METADATA_NAME])
	__attribute__((warn_unused_result));

/* The caller's, metadata_free. -ENOENT, without diag, when there is none. _newest: the staged one,
 * else the published one. */
int repository_published(const struct repository *repository, const char *role,
			 struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
int repository_staged(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
int repository_newest(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
/* Any published version. */
int repository_version_read(const struct repository *repository, const char *role, int64_t version,
			    struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));

/* Writes staging/N.ROLE.json; N is in the document. */
int repository_stage(const struct repository *repository, const char *role, const json_t *document,
		     struct diag *diag) __attribute__((warn_unused_result));

/* Unlinks what is staged for a role, whatever its version; all roles when it is NULL. */
void repository_unstage(const struct repository *repository, const char *role);

/* The roles that people sign: root, targets, and those that the newest targets metadata delegates,
 * in this order; stops at the first result other than 0. */
int repository_each(const struct repository *repository,
		    int (*visit)(void *context, const char *role), void *context,
		    struct diag *diag) __attribute__((warn_unused_result));
