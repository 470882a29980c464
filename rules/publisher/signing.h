/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/publisher/repository.h"

/*
 * Who has to sign what is staged, and who has. A root answers to two: the published root's keys and
 * its own; every other role to the newest root or targets metadata, staged or published.
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
/* Of what is staged (published): -ENOENT, without diag, when nothing is. */
int signing_load(struct signing *signing, const struct repository *repository, const char *role,
		 struct diag *diag) __attribute__((warn_unused_result));
int signing_load_published(struct signing *signing, const struct repository *repository,
			   const char *role, struct diag *diag) __attribute__((warn_unused_result));

bool signing_complete(const struct signing *signing);

/* NULL: this key may not sign it. */
const struct signing_key *signing_may(const struct signing *signing, const struct key *key);

/* "1 of 2 signatures (alice); any 1 of: bob, carol", "3 signatures, 2 needed (alice, bob, carol)" */
void signing_print(const struct signing *signing, struct text *out);

/*
 * Signatures that are about to join a staged file: they are made of what was shown, by its bytes in
 * memory, whatever the file says meanwhile. metadata: as it was shown.
 */
int signing_sign(const struct signing *signing, struct metadata *metadata,
		 const struct secret *secret, struct diag *diag) __attribute__((warn_unused_result));
/* One that was made elsewhere (key_signature_read): -EINVAL, -EACCES. */
int signing_take(const struct signing *signing, struct metadata *metadata, const struct key *key,
		 const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));
/* The same file with signatures, of another copy of the folder: those that count join. -EINVAL: it
 * is another content. */
int signing_take_file(const struct signing *signing, const struct repository *repository,
		      struct metadata *metadata, const char *source, const void *bytes, size_t size,
		      struct diag *diag) __attribute__((warn_unused_result));

/*
 * Under repository_lock: is what is staged still what was shown? -EBUSY with diag. Then its
 * signatures join those that were made meanwhile.
 */
int signing_unchanged(const struct repository *repository, const char *role,
		      const struct metadata *shown, struct diag *diag)
	__attribute__((warn_unused_result));
int signing_merge(const struct repository *repository, const char *role,
		  const struct metadata *signed_, struct diag *diag)
	__attribute__((warn_unused_result));
