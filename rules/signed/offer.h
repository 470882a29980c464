/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/archive.h"
#include "rules/signed/release.h"

/*
 * An offer: an archive that claims to be the next bundle. The role that fetched it has verified it
 * already. The enforcing role verifies it again with this function, from its own trusted state, in
 * a process that has never talked to the network.
 */
struct offer_trust {
	const struct archive *bundle;	/* the one in force; NULL: none yet */
	/* Root metadata of the settings, to start from. With a bundle it may be NULL; if not,
	 * trust_succeeds decides: versions continue, unless it belongs to another repository. */
	const void *root;
	size_t root_size;
	int64_t now;			/* seconds since 1970 */
};

/*
 * The caller releases *bundle. Errors as in client.h; diag says what is wrong with the offer.
 * *root_version: of the newest root that the offer proves. kept, unless NULL, gets the archive to
 * keep as the bundle in force, with only what was verified; the same bytes for the same release and
 * metadata. An offer itself is never kept: the rest of it was not checked.
 */
int offer_verify(struct bundle *bundle, const struct archive *offered,
		 const struct offer_trust *trust, int64_t *root_version, struct text *kept,
		 struct diag *diag) __attribute__((warn_unused_result));

/* The trusted state in memory, for a client; the caller frees it with store_free. 0 or -errno. */
int offer_store(struct store **store, const struct offer_trust *trust)
	__attribute__((warn_unused_result));

/* Reads the bundle in force again: complete, and signed as it was when it was accepted. */
int offer_reopen(struct bundle *bundle, const struct archive *kept, int64_t *root_version,
		 struct diag *diag) __attribute__((warn_unused_result));

/*
 * When may this appliance take the release? Seconds since 1970; 0: at once; INT64_MAX: it is held.
 */
int64_t offer_due(const struct bundle *bundle, const char *ring);
