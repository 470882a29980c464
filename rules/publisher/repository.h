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
 * Published is what timestamp.json leads to. A staged file counts only if it is the next version,
 * so leftovers do not.
 *
 * Nothing in the folder is trusted: opening it audits it. The fingerprint of the first root
 * identifies the repository. From there, through every later root, everything published is verified
 * and compared with what the keys at hand have seen. Later reads come from the audit's trusted set.
 * Staged files are unverified by nature, and are shown before they are signed. Everything is read
 * and written beneath the folder; a link in it is refused, wherever it leads.
 */
enum { REPOSITORY_FILE_MAX = 8 << 20, REPOSITORY_FINGERPRINT_MIN = 16 };

struct repository {
	int folder;
	int metadata;
	int targets;
	int staging;
	char id[METADATA_KEYID];	/* fingerprint of the first root; "": there is none yet */
	struct audit audit;
	const struct metadata *root;	/* published, in the audit's trusted set; NULL: not yet */
	const struct metadata *timestamp;
	const struct metadata *snapshot;
	const char *path;		/* the caller's, for messages */
};

/* How a folder is opened. */
struct repository_how {
	bool create;			/* the folders */
	bool alone;			/* repository_lock, before the first look */
	/* Of the keys at hand; without, only the folder's first root is known. */
	const struct seen *seen;
	size_t seens;
	const char *fingerprint;	/* typed, for a key that has not seen it yet; NULL: none */
	int64_t now;
};

/*
 * Opens and audits the folder. Without create, metadata or staging must exist. Links in place of
 * the folders are not followed. A folder that fails is refused and not changed. Call
 * repository_close afterwards, even after an error. 0, or: -ENOKEY, without diag: a key has not
 * seen this repository, and no fingerprint is given (id is set); -EACCES: the fingerprint differs;
 * -EEXIST: older than what was seen; errors of the client, with diag.
 */
int repository_open(struct repository *repository, const char *path,
		    const struct repository_how *how, struct diag *diag)
	__attribute__((warn_unused_result));
void repository_close(struct repository *repository);

/* Teaches a key what is published now (seen_learn). 0 or -errno with diag. */
int repository_learn(const struct repository *repository, struct seen *seen, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Locks out others: hold it from the last read to the last write while staging, signing or
 * publishing. Waits up to ten seconds; -EWOULDBLOCK with diag. repository_close unlocks.
 */
int repository_lock(const struct repository *repository, struct diag *diag)
	__attribute__((warn_unused_result));

/* "root", "timestamp", "snapshot" by name; every other role is of the type targets. */
enum metadata_type repository_type(const char *role);

/* Version of what is published; 0: nothing. */
int64_t repository_version(const struct repository *repository, const char *role);

/* "3.rules.json" (role names encoded), "timestamp.json". 0 or -ENAMETOOLONG. */
int repository_name(const char *role, int64_t version, char name[METADATA_NAME])
	__attribute__((warn_unused_result));

/* The caller frees the result with metadata_free. -ENOENT, without diag: there is none. _newest:
 * the staged one, else the published one. */
int repository_published(const struct repository *repository, const char *role,
			 struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
int repository_staged(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
int repository_newest(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
/* An older published version of a delegated role, verified by the keys that targets lists for it
 * today. -ENOENT without diag; -EACCES: its signatures no longer count. */
int repository_past(const struct repository *repository, const char *role, int64_t version,
		    struct metadata **metadata, struct diag *diag)
	__attribute__((warn_unused_result));
/* Reads a file beneath one of the folders, without following links in any component. As file_read;
 * also -ELOOP. */
int repository_read(int folder, const char *path, size_t limit, char **data, size_t *size)
	__attribute__((warn_unused_result));

/* Writes staging/N.ROLE.json, with N from the document. Adds the repository's id to the document
 * (x-cordon-repository), unless it is the first root. 0 or -errno with diag. */
int repository_stage(const struct repository *repository, const char *role, json_t *document,
		     struct diag *diag) __attribute__((warn_unused_result));
/* Makes a document name the repository. */
int repository_mark(const struct repository *repository, json_t *document)
	__attribute__((warn_unused_result));

/* Removes what is staged for a role, whatever its version; NULL: for all roles. */
void repository_unstage(const struct repository *repository, const char *role);

/* Calls back for the roles that people sign: root, targets, and those that the newest targets
 * metadata delegates, in this order. Stops at the first result other than 0 and returns it. */
int repository_each(const struct repository *repository,
		    int (*visit)(void *context, const char *role), void *context,
		    struct diag *diag) __attribute__((warn_unused_result));
