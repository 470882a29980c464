/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "signed/publisher/keyring.h"
#include "signed/publisher/repository.h"

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

/* -ENOENT, without diag, when nothing is staged for the role. */
int signing_load(struct signing *signing, const struct repository *repository, const char *role,
		 struct diag *diag) __attribute__((warn_unused_result));
/* The same of what is published. */
int signing_load_published(struct signing *signing, const struct repository *repository,
			   const char *role, struct diag *diag) __attribute__((warn_unused_result));

bool signing_complete(const struct signing *signing);

/* NULL: this key may not sign it. */
const struct signing_key *signing_may(const struct signing *signing, const struct key *key);

/* "1 of 2 signatures (alice); any 1 of: bob, carol", "3 signatures, 2 needed (alice, bob, carol)" */
void signing_print(const struct signing *signing, struct text *out);

/* Adds the key's signature to the staged file. */
int signing_add(const struct signing *signing, const struct repository *repository,
		const struct secret *secret, struct diag *diag) __attribute__((warn_unused_result));
