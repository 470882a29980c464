/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/archive.h"
#include "rules/signed/release.h"

/*
 * An offer: an archive that claims to be the next bundle. The role that fetched it verified it on the
 * way; whoever enforces it verifies it again with this function, from its own trusted state, in a
 * process that has never met the network.
 */
struct offer_trust {
	const struct archive *bundle;	/* the one in force; NULL: none yet */
	/* Root metadata of the settings, to begin with. With a bundle it may be NULL; if not, it
	 * counts as trust_succeeds has it: versions stay, unless it is of another repository. */
	const void *root;
	size_t root_size;
	int64_t now;			/* seconds since 1970 */
};

/*
 * The caller releases *bundle. Errors as client.h; diag says what is wrong with it. *root_version: of
 * the newest root that the offer proves. kept, when not NULL, gets the archive to keep as the bundle in
 * force, the same bytes for the same release and metadata: only what was verified. An offer is never
 * kept itself: what it holds beside that was not looked at.
 */
int offer_verify(struct bundle *bundle, const struct archive *offered,
		 const struct offer_trust *trust, int64_t *root_version, struct text *kept,
		 struct diag *diag) __attribute__((warn_unused_result));

/* The trusted state in memory, for a client; store_free. */
int offer_store(struct store **store, const struct offer_trust *trust)
	__attribute__((warn_unused_result));

/* The bundle in force read again: whole, and signed as it was when it was taken. */
int offer_reopen(struct bundle *bundle, const struct archive *kept, int64_t *root_version,
		 struct diag *diag) __attribute__((warn_unused_result));

/* When may this appliance take the release: seconds since 1970; 0: at once; INT64_MAX: it is held. */
int64_t offer_due(const struct bundle *bundle, const char *ring);
