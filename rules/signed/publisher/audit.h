/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "signed/client.h"
#include "signed/publisher/keyring.h"

/*
 * A whole repository seen by our own client: every role that the metadata leads to, and the digest
 * of every target.
 */
enum { AUDIT_ROLES = 64, AUDIT_SIGNERS = 16 };

struct audit_role {
	char name[METADATA_NAME];
	int64_t version;
	int64_t expires;
	int64_t threshold;
	char signer[AUDIT_SIGNERS][KEYRING_NAME];
	size_t signers;
	size_t targets;
};

struct audit {
	struct audit_role role[AUDIT_ROLES];	/* root, timestamp, snapshot, targets, delegated */
	size_t roles;
	int64_t signed_at;
	int64_t hold;
	uint64_t bytes;				/* of all targets */
};

/* The store holds root.json at least, and possibly what an appliance has already. */
int audit_run(struct audit *audit, struct store *store, struct source *source, int64_t now,
	      struct diag *diag) __attribute__((warn_unused_result));

/* A folder, beginning with the root of a file: what an appliance sees that knows nothing else. */
int audit_folder(struct audit *audit, const char *folder, const char *root, int64_t now,
		 struct diag *diag) __attribute__((warn_unused_result));
