/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/crypto/key.h"
#include "appliance/base/diag.h"
#include "appliance/base/text.h"

/*
 * TUF metadata (specification 1.0.34, section 4), from bytes to a checked struct. The type and
 * range of every field is checked before any signature. Unknown fields stay in the document,
 * because they are signed too.
 */
enum metadata_type { METADATA_ROOT, METADATA_TIMESTAMP, METADATA_SNAPSHOT, METADATA_TARGETS };
const char *metadata_type_print(enum metadata_type type);	/* "root" */

enum {
	METADATA_KEYID = 65,		/* 64 hexadecimal digits in lower case, NUL */
	/* Bytes of a role, a metadata file, a target path; NUL included. */
	METADATA_NAME = 256,
	METADATA_KEYS = 1024,		/* in one file */
	METADATA_ROLE_KEYS = 64,	/* of one role: limits the signatures that one file can
					 * cost */
	METADATA_ROLES = 1024,		/* delegations of one file */
	METADATA_SIGNATURES = 1024,
	METADATA_PATHS = 1024,		/* patterns or hash prefixes of one delegation */
	METADATA_FILES = 65536		/* targets of one file, entries of one snapshot */
};

struct metadata_key {
	char id[METADATA_KEYID];
	/* False: a type or scheme that this program cannot verify. */
	bool usable;
	struct key key;
};

/* Who may sign a role: distinct keyids, threshold >= 1. */
struct metadata_role {
	char name[METADATA_NAME];
	int64_t threshold;
	const char **keyid;
	size_t keyids;
	/* delegations only */
	bool terminating;
	/* pattern[] are prefixes of SHA-256(target path) in hexadecimal. */
	bool by_hash;
	const char **pattern;
	size_t patterns;
};

/* What one file says about another: version, and length and hashes if given. */
struct metadata_file {
	const char *name;		/* "rules.json", or the target path */
	int64_t version;		/* metadata files; 0: a target */
	int64_t length;			/* -1: not given */
	bool has_sha256, has_sha512, has_unknown;
	uint8_t sha256[32];
	uint8_t sha512[64];
	const json_t *custom;		/* targets; NULL: none */
};

struct metadata {
	enum metadata_type type;
	int64_t version;		/* 1 .. 2^53 - 1 */
	int64_t expires;		/* seconds since 1970 */
	bool consistent_snapshot;	/* root */
	struct metadata_key *key;	/* root: all; targets: of its delegations */
	size_t keys;
	/*
	 * root: the four of enum metadata_type, in that order; targets: delegations in their order.
	 */
	struct metadata_role *role;
	size_t roles;
	/* timestamp: snapshot.json; snapshot: metadata; targets: targets; sorted by name */
	struct metadata_file *file;
	size_t files;
	int64_t signed_at;		/* timestamp: x-cordon-signed-at; 0: not given */
	int64_t hold;			/* timestamp: x-cordon-hold, a release version; 0: none */
	const char *repository;		/* x-cordon-repository: see metadata_repository */
	json_t *document;		/* the whole file */
	struct text canonical;		/* of "signed" */
	struct arena arena;		/* of the arrays above */
};

/*
 * The caller frees *out with metadata_free. 0, -ENOMEM, or -EINVAL with diag (source: the file's
 * name).
 */
int metadata_parse(struct metadata **out, enum metadata_type type, const void *bytes, size_t size,
		   const char *source, struct diag *diag) __attribute__((warn_unused_result));
void metadata_free(struct metadata *metadata);

/*
 * Is it signed by a threshold of role's keys (found among keys)? Each key counts once, even if it
 * is listed under two ids. 0, or -EACCES with "1 of 2 signatures" in diag. signer, if not NULL,
 * gets up to signers ids of those that counted; *count says how many.
 */
int metadata_verify(const struct metadata *metadata, const struct metadata_role *role,
		    const struct metadata_key *keys, size_t key_count, const char *source,
		    char (*signer)[METADATA_KEYID], size_t signers, size_t *count,
		    struct diag *diag) __attribute__((warn_unused_result));

/* The entry of this name, or NULL; lives as long as the metadata. */
const struct metadata_file *metadata_file_lookup(const struct metadata *metadata, const char *name);

/* Do the length (if given) and every known hash match? If any hash is given, one must be known. A
 * target must have one. 0, or -EINVAL with diag. */
int metadata_file_check(const struct metadata_file *file, const void *bytes, size_t size,
			const char *source, struct diag *diag) __attribute__((warn_unused_result));

/* Has a key of the role been withdrawn? Its holder may have pushed versions ahead (TUF 5.3.11). */
bool metadata_role_lost_key(const struct metadata_role *before, const struct metadata_role *after);

/*
 * Does the delegation cover this target path? Shell patterns in which * and ? never match '/', or
 * hash prefixes; case matters. A pattern with other special characters ([ \ or a leading /) or with
 * a component ".." covers nothing.
 */
bool metadata_role_covers(const struct metadata_role *role, const char *path);

/* Parses "2026-11-24T10:00:00Z" and nothing else, years 1970 to 9999. 0 or -EINVAL. */
int metadata_time_parse(int64_t *seconds, const char *text) __attribute__((warn_unused_result));
void metadata_time_print(int64_t seconds, char text[32]);

/* SHA-256 of the canonical key, as 64 digits: what a key id must be. 0 or -errno. */
int metadata_keyid(const json_t *key, char id[METADATA_KEYID]) __attribute__((warn_unused_result));

/*
 * The repository that the file says it was made for: the fingerprint of the repository's first
 * root, 64 hexadecimal digits in lower case (x-cordon-repository, in "signed" of any role). NULL:
 * not named.
 */
const char *metadata_repository(const struct metadata *metadata);
/* SHA-256 of the canonical form of "signed" in root metadata, as 64 digits. 0 or -errno. */
int metadata_fingerprint(const struct metadata *root, char hex[METADATA_KEYID])
	__attribute__((warn_unused_result));

/* The name of the key's owner (x-cordon-name), any text that the owner chose. NULL: not given, or
 * not a key of this root. */
const char *metadata_key_owner(const struct metadata *root, const char *id);

/* Has its time of expiry come? */
bool metadata_expired(const struct metadata *metadata, int64_t now);

/* The key with this id, or NULL. */
const struct metadata_key *metadata_key_lookup(const struct metadata_key *keys, size_t count,
					       const char *id);
