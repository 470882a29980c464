/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "signed/metadata.h"

/*
 * The trusted metadata set: the detailed client workflow of TUF (section 5.3 to 5.6) as decisions
 * over bytes. Feed it in order: the trusted root, newer roots one by one, trust_root_done, the stored
 * timestamp and then a new one, and so on. A refusal changes nothing in the set.
 */
struct trust;

/* now: the fixed update start time (5.1), seconds since 1970. NULL when out of memory. */
struct trust *trust_new(int64_t now);
void trust_free(struct trust *trust);

/* All: 0; -EINVAL shape or signature, -ESTALE expired, -EEXIST not newer or rolled back, -EACCES not
 * enough signatures, -ENOMEM; diag says which of it. */
int trust_root(struct trust *trust, const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));	/* first call: the root that is trusted already */
int trust_root_done(struct trust *trust, struct diag *diag) __attribute__((warn_unused_result));
/* stored: what an earlier run had accepted. It may be expired, and then only serves against
 * rollback. */
int trust_timestamp(struct trust *trust, const void *bytes, size_t size, bool stored,
		    struct diag *diag) __attribute__((warn_unused_result));
int trust_snapshot(struct trust *trust, const void *bytes, size_t size, bool stored,
		   struct diag *diag) __attribute__((warn_unused_result));
/* The role "targets" has parent NULL; a delegated one is verified by parent's keys and by this very
 * delegation each time: the same role under another parent is another question. */
int trust_targets(struct trust *trust, const char *role, const char *parent, const void *bytes,
		  size_t size, struct diag *diag) __attribute__((warn_unused_result));

/* NULL: not there (yet). targets: of a role that was accepted. */
const struct metadata *trust_get(const struct trust *trust, enum metadata_type type);
const struct metadata *trust_get_targets(const struct trust *trust, const char *role);

/* Have keys of timestamp, snapshot (5.3.11) changed since the trusted root that it began with? Then
 * their stored files must go before anything else. */
bool trust_rotated(const struct trust *trust, enum metadata_type type);
