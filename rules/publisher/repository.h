/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "rules/publisher/audit.h"
#include "rules/publisher/document.h"
#include "rules/publisher/seen.h"

/*
 * A repository's folder, on the publisher's side:
 *
 *	metadata/	N.root.json, root.json (the newest), N.targets.json, N.ROLE.json,
 *			N.snapshot.json, timestamp.json: published, what a mirror serves
 *	targets/	rules/<sha256>.NAME: published
 *	staging/	the next version of a role under its final name, with the signatures so far,
 *			and under staging/targets what it lists
 *
 * What counts as published is what timestamp.json leads to; a staged file counts only when it is the
 * version after that, so that a leftover does not.
 *
 * The folder is believed in nothing: opening it is its audit. From its first root, whose fingerprint
 * names the repository, through every root since, everything published is verified and held against
 * what the keys at hand have seen; what is read of it afterwards comes out of the audit's trusted set.
 * What is staged is unverified by nature, and shown before anybody signs it. Everything is read and
 * written beneath the folder; a link in it is refused, whatever it leads to.
 */
enum { REPOSITORY_FILE_MAX = 8 << 20, REPOSITORY_FINGERPRINT_MIN = 16 };

struct repository {
	int folder;
	int metadata;
	int targets;
	int staging;
	char id[METADATA_KEYID];	/* fingerprint of the first root; "": there is none yet */
	struct audit audit;
	const struct metadata *root;	/* published, of the audit's trusted set; NULL: not yet */
	const struct metadata *timestamp;
	const struct metadata *snapshot;
	const char *path;		/* the caller's, for messages */
};

/* How a folder is opened. */
struct repository_how {
	bool create;			/* the folders */
	bool alone;			/* repository_lock, before the first look */
	const struct seen *seen;	/* of the keys at hand; none: its own first root is all there is */
	size_t seens;
	const char *fingerprint;	/* typed, for a key that has not met it; NULL */
	int64_t now;
};

/*
 * Without create at least one of metadata and staging must be there. Links in the place of the
 * folders are not followed. A folder that fails is refused, and nothing in it is changed: -ENOKEY,
 * without diag, when a key has not met this repository and no fingerprint is given (id is set);
 * -EACCES when the fingerprint is another; -EEXIST when it is older than what was seen; errors of
 * the client. repository_close, also after an error.
 */
int repository_open(struct repository *repository, const char *path,
		    const struct repository_how *how, struct diag *diag)
	__attribute__((warn_unused_result));
void repository_close(struct repository *repository);

/* What a key learns of it: seen_learn. -errno, with diag. */
int repository_learn(const struct repository *repository, struct seen *seen, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * One at a time: whoever stages, signs or publishes holds this from the last look to the last write.
 * Waits up to ten seconds; -EWOULDBLOCK with diag. The lock goes with the repository.
 */
int repository_lock(const struct repository *repository, struct diag *diag)
	__attribute__((warn_unused_result));

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
/* An older published version of a delegated role, verified by the keys that targets names for it
 * today. -ENOENT without diag; -EACCES: its signatures do not count any more. */
int repository_past(const struct repository *repository, const char *role, int64_t version,
		    struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
/* Reads a file beneath one of the folders; no link is followed at any part of the path. As file_read,
 * and -ELOOP. */
int repository_read(int folder, const char *path, size_t limit, char **data, size_t *size)
	__attribute__((warn_unused_result));

/* Writes staging/N.ROLE.json; N is in the document, which from then on names the repository
 * (x-cordon-repository), unless it is the first root. */
int repository_stage(const struct repository *repository, const char *role, json_t *document,
		     struct diag *diag) __attribute__((warn_unused_result));
/* Makes a document name the repository. */
int repository_mark(const struct repository *repository, json_t *document)
	__attribute__((warn_unused_result));

/* Unlinks what is staged for a role, whatever its version; all roles when it is NULL. */
void repository_unstage(const struct repository *repository, const char *role);

/* The roles that people sign: root, targets, and those that the newest targets metadata delegates,
 * in this order; stops at the first result other than 0. */
int repository_each(const struct repository *repository,
		    int (*visit)(void *context, const char *role), void *context,
		    struct diag *diag) __attribute__((warn_unused_result));
