/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/metadata.h"

/*
 * The trusted metadata set: the detailed client workflow of TUF (section 5.3 to 5.6) as decisions
 * over bytes. Feed it in order: the trusted root, newer roots one by one, trust_root_done, the
 * stored timestamp and then a new one, and so on. A refusal changes nothing in the set.
 */
struct trust;

/* now: the fixed update start time (5.1), seconds since 1970. NULL when out of memory. */
struct trust *trust_new(int64_t now);
void trust_free(struct trust *trust);
/*
 * From now on nothing is refused for having expired; all else is verified as always. For people who
 * look at what they published, never for an appliance: trust_expired says what they have to renew.
 */
void trust_pass_expiry(struct trust *trust);

/* All: 0; -EINVAL shape or signature, -ESTALE expired, -EEXIST not newer or rolled back, -EACCES
 * not enough signatures or made for another repository, -ENOMEM; diag says which of it. */
int trust_root(struct trust *trust, const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));	/* first call: the root that is trusted already */
int trust_root_done(struct trust *trust, struct diag *diag) __attribute__((warn_unused_result));
/*
 * stored: what an earlier run had accepted. It may be expired, and then only serves against
 * rollback. A new timestamp of the version that is there already changes nothing: -EALREADY while
 * that one has not expired. A stored snapshot that is not the one that the timestamp names:
 * -EAGAIN, it serves against rollback only and the new one has to be fetched.
 */
int trust_timestamp(struct trust *trust, const void *bytes, size_t size, bool stored,
		    struct diag *diag) __attribute__((warn_unused_result));
int trust_snapshot(struct trust *trust, const void *bytes, size_t size, bool stored,
		   struct diag *diag) __attribute__((warn_unused_result));
/* The role "targets" has parent NULL; a delegated one is verified by parent's keys and by this very
 * delegation each time: the same role under another parent is another question. */
int trust_targets(struct trust *trust, const char *role, const char *parent, const void *bytes,
		  size_t size, struct diag *diag) __attribute__((warn_unused_result));

/*
 * Which repository it is: the fingerprint of its first root, as root version 1 has it or as a later
 * one says (metadata_repository). Once it is known it stays: a root, and any other file, that says
 * it was made for another repository is refused (-EACCES), whoever signed it. NULL: not known, and
 * then nothing is refused for it.
 */
const char *trust_repository(const struct trust *trust);

/* NULL: not there (yet). targets: of a role that was accepted, as it was accepted last. What was
 * given out lives as long as the set. */
const struct metadata *trust_get(const struct trust *trust, enum metadata_type type);
const struct metadata *trust_get_targets(const struct trust *trust, const char *role);

/* When the first file expires of those that a targets role rests on: root, timestamp, snapshot, the
 * role, and each that delegates on the way to it. 0: the role was not accepted. */
int64_t trust_expires(const struct trust *trust, const char *role);
/* The files of the set that have expired, each role once: the number-th, false when there are no
 * more. *role lives as long as the set. */
bool trust_expired(const struct trust *trust, size_t number, const char **role, int64_t *expires);
/* Who signed a targets role, of those who may, as key ids; how many. */
size_t trust_signers(const struct trust *trust, const char *role, char (*signer)[METADATA_KEYID],
		     size_t signers);

/* The same of root, timestamp or snapshot. */
size_t trust_top_signers(const struct trust *trust, enum metadata_type type,
			 char (*signer)[METADATA_KEYID], size_t signers);

/* Has a key of the role (timestamp, snapshot: 5.3.11) been withdrawn since the root that it
 * began with? Then the stored timestamp and snapshot must go before anything else: whoever held
 * that key may have pushed their versions ahead. A key that was only added pushes nothing. */
bool trust_rotated(const struct trust *trust, enum metadata_type type);

/*
 * A root that somebody trusted gave, beside the one that was reached from an earlier one.
 *
 * LATER	of the same repository, and not older: it takes that one's place, and versions go on
 * WITHDRAWS	the same, and it withdraws a key of timestamp or snapshot: these are forgotten
 * OTHER	another repository: all begins anew
 * NONE		it changes nothing: older, the same, no root, or its repository is not known
 */
enum trust_succession { TRUST_NONE, TRUST_LATER, TRUST_WITHDRAWS, TRUST_OTHER };
enum trust_succession trust_succeeds(const void *reached, size_t reached_size, const void *given,
				     size_t given_size);
