/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "rules/publisher/audit.h"

/*
 * What one key has seen and signed, kept beside the key and never in the repository's folder, which
 * may have been in anybody's hands: for each repository (by the fingerprint of its first root) the
 * newest version of each role with its digest, the newest release, its hold, and what the key itself
 * has signed. A repository that is older than this, or another one under the same versions, is
 * refused.
 *
 *	{ "repositories": { "<fingerprint>": {
 *		"roles": { "rules": { "version": 5, "digest": "<64 digits>" }, ... },
 *		"signed": { "rules": { "version": 6, "digest": "...", "time": "2026-..." }, ... },
 *		"release": 5, "hold": 0 } } }
 */
enum { SEEN_MAX = 4 << 20, SEEN_REPOSITORIES = 256 };

struct seen {
	json_t *document;
};

/* bytes: NULL for a key that has seen nothing. -EINVAL with diag, -ENOMEM. */
int seen_parse(struct seen *seen, const void *bytes, size_t size, const char *source,
	       struct diag *diag) __attribute__((warn_unused_result));
int seen_print(const struct seen *seen, struct text *out) __attribute__((warn_unused_result));
void seen_release(struct seen *seen);

/* Has the key met this repository? */
bool seen_knows(const struct seen *seen, const char *repository);
/* It has now: made here, or its fingerprint was typed. -E2BIG: SEEN_REPOSITORIES. */
int seen_pin(struct seen *seen, const char *repository) __attribute__((warn_unused_result));

/* The newest version of a role that it has seen published; 0: none. digest: of the canonical
 * "signed", may be NULL. */
int64_t seen_version(const struct seen *seen, const char *repository, const char *role,
		     const char **digest);

/* What is published now, held against it. */
struct seen_now {
	const char *repository;
	const struct audit *audit;	/* NULL: nothing is published */
	/* A key of timestamp (snapshot) was withdrawn since: whoever had it may have pushed that
	 * role's versions ahead, and they count no more (TUF 5.3.11). */
	bool rotated[METADATA_TARGETS + 1];
};

/* -EEXIST with diag: older than what was seen, or another content under the same version. */
int seen_check(const struct seen *seen, const struct seen_now *now, const char *source,
	       struct diag *diag) __attribute__((warn_unused_result));
/* Takes it over. */
int seen_learn(struct seen *seen, const struct seen_now *now) __attribute__((warn_unused_result));

/* What the key itself signs. */
struct seen_signature {
	const char *role;
	int64_t version;
	char digest[METADATA_KEYID];
	int64_t time;
};
int seen_sign(struct seen *seen, const char *repository, const struct seen_signature *signature)
	__attribute__((warn_unused_result));
/* The highest version that it signed; 0: none. digest as for seen_version. */
int64_t seen_signed(const struct seen *seen, const char *repository, const char *role,
		    const char **digest);
/* Has it signed another content under this role and version, and when? */
bool seen_signed_other(const struct seen *seen, const char *repository,
		       const struct seen_signature *signature, const char **time);

/*
 * One line of the record of what was shown before a signature: time, command, repository, role,
 * version, digest, and the text itself. -ENOMEM.
 */
int seen_record_print(const char *command, const char *repository,
		      const struct seen_signature *signature, const char *shown, struct text *out)
	__attribute__((warn_unused_result));
