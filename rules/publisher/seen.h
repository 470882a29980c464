/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "rules/publisher/audit.h"

/*
 * What one key has seen and signed. It is kept beside the key, never in the repository's folder,
 * which anyone may have had in their hands. Stored per repository (by the fingerprint of its first
 * root): the newest version of each role with its digest, the newest release, its hold, and what
 * the key itself signed. A repository that is older, or another one under the same versions, is
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

/* bytes: NULL for a key that has seen nothing. 0, -ENOMEM, or -EINVAL with diag. */
int seen_parse(struct seen *seen, const void *bytes, size_t size, const char *source,
	       struct diag *diag) __attribute__((warn_unused_result));
int seen_print(const struct seen *seen, struct text *out) __attribute__((warn_unused_result));
void seen_release(struct seen *seen);

/* Has the key met this repository? */
bool seen_knows(const struct seen *seen, const char *repository);
/*
 * Marks it as seen: it was made here, or its fingerprint was typed. 0, -ENOMEM, or -E2BIG:
 * SEEN_REPOSITORIES.
 */
int seen_pin(struct seen *seen, const char *repository) __attribute__((warn_unused_result));

/* The newest published version of a role that it has seen; 0: none. digest: of the canonical
 * "signed"; may be NULL. */
int64_t seen_version(const struct seen *seen, const char *repository, const char *role,
		     const char **digest);

/* What is published now, to compare with what was seen. */
struct seen_now {
	const char *repository;
	const struct audit *audit;	/* NULL: nothing is published */
	/* A key of timestamp (snapshot) was withdrawn since then. Its holder may have pushed that
	 * role's versions ahead, so they no longer count (TUF 5.3.11). */
	bool rotated[METADATA_TARGETS + 1];
};

/* 0, or -EEXIST with diag: older than what was seen, or other content under the same version. */
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
/* Has it signed other content under this role and version, and when? */
bool seen_signed_other(const struct seen *seen, const char *repository,
		       const struct seen_signature *signature, const char **time);

/*
 * One line for the record of what was shown before a signature: time, command, repository, role,
 * version, digest, and the text itself. 0 or -ENOMEM.
 */
int seen_record_print(const char *command, const char *repository,
		      const struct seen_signature *signature, const char *shown, struct text *out)
	__attribute__((warn_unused_result));
