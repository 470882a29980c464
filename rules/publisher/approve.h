/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/signed/approval.h"

/*
 * Signs settings (signed/approval.h). What is signed is built from bytes that the caller read once
 * and showed; of a document that others signed only the signatures are used, and only where it says
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
	const char *const *appliance;	/* approval_appliance_wrong has nothing against them */
	size_t appliances;		/* 0: all */
	int64_t version;		/* 0: not yet known, 1 for now */
	const struct metadata *root;	/* whose root role's keys may sign */
	int64_t now;			/* seconds since 1970 */
};

/*
 * Without signatures; *document is the caller's. -EACCES: the root does not say to which repository
 * it belongs; -ESTALE: it has expired, and appliances take nothing that its keys sign; -EINVAL:
 * more files or names than appliances take. With diag.
 */
int approve_build(json_t **document, const struct approve *approve, struct diag *diag)
	__attribute__((warn_unused_result));

/* How many signatures of the root role are on it; of what has none, nothing is used. */
size_t approve_count(const struct approval *before, const struct metadata *root);
/* The files, names and repository of approve, whatever the version? */
bool approve_same(const struct approval *before, const json_t *document);
/* The signatures of before, when it says exactly the same as document; else false. */
bool approve_join(json_t *document, const struct approval *before);

/*
 * The version for what document says (its own does not count): that of before, which others signed,
 * for the same; else the one after before's and after last, the highest that this key signed.
 * -ERANGE, with diag: before is more than APPROVE_STEP versions ahead of last, which no settings of
 * one publisher are; taken over, it would leave no later version.
 */
enum { APPROVE_STEP = 10000 };
int approve_version(int64_t *version, const json_t *document, const struct approval *before,
		    int64_t last, struct diag *diag) __attribute__((warn_unused_result));

/* -EACCES, with diag: not one of the root role's keys. */
int approve_check_key(const struct metadata *root, const struct secret *secret, struct diag *diag)
	__attribute__((warn_unused_result));

struct approve_result {
	int64_t threshold;
	size_t have;			/* signatures that count */
};

/* Adds the signature of secret. Errors as of approve_check_key, and of approval_parse. */
int approve_sign(struct approve_result *result, json_t *document, const struct metadata *root,
		 const struct secret *secret, struct diag *diag) __attribute__((warn_unused_result));
