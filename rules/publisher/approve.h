/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/signed/approval.h"

/*
 * Signs settings (signed/approval.h). What is signed is built from bytes that the caller read once
 * and showed. From a document that others signed, only the signatures are used, and only if it says
 * exactly the same.
 */
struct approve_file {
	const char *name;
	const void *data;
	size_t size;
};

struct approve {
	const struct approve_file *file;
	size_t files;
	const char *const *appliance;	/* approval_appliance_wrong accepts each of them */
	size_t appliances;		/* 0: all */
	int64_t version;		/* 0: not yet known, 1 for now */
	const struct metadata *root;	/* whose root role's keys may sign */
	int64_t now;			/* seconds since 1970 */
};

/*
 * The document without signatures; the caller owns *document. 0, or with diag: -EACCES: the root
 * does not name its repository; -ESTALE: it has expired, and appliances accept nothing that its
 * keys sign; -EINVAL: more files or names than appliances accept; -ENOMEM.
 */
int approve_build(json_t **document, const struct approve *approve, struct diag *diag)
	__attribute__((warn_unused_result));

/* How many signatures of the root role's keys it has; if there are none, nothing of it is used. */
size_t approve_count(const struct approval *before, const struct metadata *root);
/* Does it have the files, names and repository of document, whatever its version? */
bool approve_same(const struct approval *before, const json_t *document);
/* Copies the signatures of before if it says exactly the same as document; else returns false. */
bool approve_join(json_t *document, const struct approval *before);

/*
 * Chooses the version for document (its own does not count). If others signed the same in before,
 * it is that version. Otherwise it is the one after before's and after last, the highest that this
 * key signed. -ERANGE with diag: the result is more than APPROVE_STEP versions ahead of last, which
 * no publisher's settings ever are; accepting it could leave no later version.
 */
enum { APPROVE_STEP = 10000 };
int approve_version(int64_t *version, const json_t *document, const struct approval *before,
		    int64_t last, struct diag *diag) __attribute__((warn_unused_result));

/* 0, or -EACCES with diag: not a key of the root role. */
int approve_check_key(const struct metadata *root, const struct secret *secret, struct diag *diag)
	__attribute__((warn_unused_result));

struct approve_result {
	int64_t threshold;
	size_t have;			/* signatures that count */
};

/* Adds the signature of secret. Errors of approve_check_key and approval_parse. */
int approve_sign(struct approve_result *result, json_t *document, const struct metadata *root,
		 const struct secret *secret, struct diag *diag)
	__attribute__((warn_unused_result));
