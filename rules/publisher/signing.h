/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/publisher/repository.h"

/*
 * Who has to sign a staged file, and who has. A root needs two sets of keys: the published root's
 * and its own. Every other role needs the keys in the newest root or targets metadata, staged or
 * published.
 */
struct signing_demand {
	const char *by;		/* "" or "the root before", "the new root" */
	int64_t threshold;
	size_t have;
	struct signing_key {
		char id[METADATA_KEYID];
		char name[KEYRING_NAME];
		struct key key;
		bool has_signed;
	} key[KEYRING_KEYS];
	size_t keys;
};

struct signing {
	char role[METADATA_NAME];
	int64_t version;
	int64_t expires;
	struct signing_demand demand[2];
	size_t demands;
};

/* Of metadata that was read. */
int signing_judge(struct signing *signing, const struct repository *repository, const char *role,
		  const struct metadata *metadata, struct diag *diag)
	__attribute__((warn_unused_result));
/*
 * For what is staged (published): -ENOENT, without diag, if there is nothing. Otherwise 0 or -errno
 * with diag.
 */
int signing_load(struct signing *signing, const struct repository *repository, const char *role,
		 struct diag *diag) __attribute__((warn_unused_result));
int signing_load_published(struct signing *signing, const struct repository *repository,
			   const char *role, struct diag *diag) __attribute__((warn_unused_result));

/* Is every demand met? */
bool signing_complete(const struct signing *signing);

/* NULL: this key may not sign it. */
const struct signing_key *signing_may(const struct signing *signing, const struct key *key);

/*
 * Prints "1 of 2 signatures (alice); any 1 of: bob, carol" or "3 signatures, 2 needed (alice, bob,
 * carol)".
 */
void signing_print(const struct signing *signing, struct text *out);

/*
 * Signatures that are about to join a staged file. They cover what was shown, by its bytes in
 * memory, whatever the file says meanwhile. metadata: as it was shown. 0 or -errno with diag.
 */
int signing_sign(const struct signing *signing, struct metadata *metadata,
		 const struct secret *secret, struct diag *diag)
	__attribute__((warn_unused_result));
/* A signature that was made elsewhere (key_signature_read). 0, -EINVAL, -EACCES. */
int signing_take(const struct signing *signing, struct metadata *metadata, const struct key *key,
		 const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));
/* Signatures from another copy of the same file: those that count are added. -EINVAL: other
 * content. */
int signing_take_file(const struct signing *signing, const struct repository *repository,
		      struct metadata *metadata, const char *source, const void *bytes, size_t size,
		      struct diag *diag) __attribute__((warn_unused_result));

/*
 * Under repository_lock: is what is staged still what was shown? -EBUSY with diag if not. Then adds
 * its signatures to those made meanwhile.
 */
int signing_unchanged(const struct repository *repository, const char *role,
		      const struct metadata *shown, struct diag *diag)
	__attribute__((warn_unused_result));
int signing_merge(const struct repository *repository, const char *role,
		  const struct metadata *signed_, struct diag *diag)
	__attribute__((warn_unused_result));
