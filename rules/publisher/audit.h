/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/signed/client.h"
#include "rules/signed/release.h"

/*
 * A whole repository as our own client sees it: every role that the metadata leads to, and the
 * digest of every target. Whatever is used of a repository afterwards comes from the trusted set of
 * this audit, never from its files again.
 */
enum { AUDIT_ROLES = 64, AUDIT_SIGNERS = 16 };
#define AUDIT_BYTES (UINT64_C(8) << 30)		/* of all targets together */

struct audit_role {
	char name[METADATA_NAME];
	int64_t version;
	int64_t expires;
	char digest[METADATA_KEYID];		/* of the canonical "signed" */
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
	int64_t release;			/* of rules/release.json; 0: none */
	uint64_t bytes;				/* of all targets */
	struct trust *trust;			/* what was verified; NULL after an error */
};

enum audit_expiry {
	AUDIT_REFUSE,	/* as an appliance does: -ESTALE */
	AUDIT_REPORT	/* expiry fails no check: trust_expired reports it */
};

/* The store holds root.json at least, and possibly what an appliance has already. Call
 * audit_release afterwards, even after an error. 0 or -errno with diag. */
int audit_run(struct audit *audit, struct store *store, struct source *source, int64_t now,
	      enum audit_expiry expiry, struct diag *diag) __attribute__((warn_unused_result));
void audit_release(struct audit *audit);

/* Audits a folder, starting from a root file: the view of an appliance that knows nothing else. */
int audit_folder(struct audit *audit, const char *folder, const char *root, int64_t now,
		 struct diag *diag) __attribute__((warn_unused_result));
