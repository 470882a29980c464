/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/metadata.h"

/*
 * The trusted metadata set: the detailed client workflow of TUF (section 5.3 to 5.6) as decisions
 * over bytes. Feed it in order: the trusted root, newer roots one by one, trust_root_done, the
 * stored timestamp and then a new one, and so on. A refused file leaves the set unchanged.
 */
struct trust;

/* now: the fixed update start time (5.1), seconds since 1970. NULL when out of memory. */
struct trust *trust_new(int64_t now);
void trust_free(struct trust *trust);
/*
 * From now on, expired files are accepted; everything else is verified as always. For people who
 * look at what they published, never for an appliance: trust_expired says what to renew.
 */
void trust_pass_expiry(struct trust *trust);

/*
 * All: 0; -EINVAL: malformed, or bytes differ; -ESTALE: expired; -EEXIST: not newer, or rolled
 * back; -EACCES: too few signatures, or made for another repository; -ENOMEM. diag gives the
 * details.
 */
int trust_root(struct trust *trust, const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));	/* first call: the root that is trusted already */
int trust_root_done(struct trust *trust, struct diag *diag) __attribute__((warn_unused_result));
/*
 * stored: accepted by an earlier run. It may be expired; it then only serves to detect rollback.
 * -EALREADY: a new timestamp has the version that is there already, which has not expired; nothing
 * changes. -EAGAIN: the stored snapshot is not the one that the timestamp names; it only serves to
 * detect rollback, and the new one has to be fetched.
 */
int trust_timestamp(struct trust *trust, const void *bytes, size_t size, bool stored,
		    struct diag *diag) __attribute__((warn_unused_result));
int trust_snapshot(struct trust *trust, const void *bytes, size_t size, bool stored,
		   struct diag *diag) __attribute__((warn_unused_result));
/* The role "targets" has parent NULL. A delegated role is verified each time by parent's keys and
 * by this very delegation: under another parent, the same role may be judged differently. */
int trust_targets(struct trust *trust, const char *role, const char *parent, const void *bytes,
		  size_t size, struct diag *diag) __attribute__((warn_unused_result));

/*
 * The repository: the fingerprint of its first root, taken from root version 1 or from what a later
 * one says (metadata_repository). Once known, it is fixed: a file of any role that says it was made
 * for another repository is refused (-EACCES), even if correctly signed. NULL: unknown; then no
 * file is refused for it.
 */
const char *trust_repository(const struct trust *trust);

/* NULL: not there (yet). targets: of an accepted role, in the version accepted last. The pointers
 * live as long as the set. */
const struct metadata *trust_get(const struct trust *trust, enum metadata_type type);
const struct metadata *trust_get_targets(const struct trust *trust, const char *role);

/* When the first of the files expires on which a targets role depends: root, timestamp, snapshot,
 * the role, and each role on the delegation path to it. 0: the role was not accepted. */
int64_t trust_expires(const struct trust *trust, const char *role);
/* The expired files of the set, each role once: entry number; false when there are no more. *role
 * lives as long as the set. */
bool trust_expired(const struct trust *trust, size_t number, const char **role, int64_t *expires);
/* Key ids of those who signed a targets role and may do so; returns how many. */
size_t trust_signers(const struct trust *trust, const char *role, char (*signer)[METADATA_KEYID],
		     size_t signers);

/* The same for root, timestamp or snapshot. */
size_t trust_top_signers(const struct trust *trust, enum metadata_type type,
			 char (*signer)[METADATA_KEYID], size_t signers);

/*
 * Has a key of the role (timestamp, snapshot: 5.3.11) been withdrawn since the first root of this
 * run? Then the stored timestamp and snapshot must be removed before anything else: the key's
 * holder may have pushed their versions ahead. An added key pushes nothing.
 */
bool trust_rotated(const struct trust *trust, enum metadata_type type);

/*
 * What a root from a trusted person means, beside the root reached from an earlier one.
 *
 * LATER	same repository, not older: it replaces the reached one, and versions continue
 * WITHDRAWS	same, but it withdraws a key of timestamp or snapshot: these are forgotten
 * OTHER	another repository: everything starts over
 * NONE		it changes nothing: older, the same, not a root, or its repository is unknown
 */
enum trust_succession { TRUST_NONE, TRUST_LATER, TRUST_WITHDRAWS, TRUST_OTHER };
enum trust_succession trust_succeeds(const void *reached, size_t reached_size, const void *given,
				     size_t given_size);
