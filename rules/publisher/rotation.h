/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/publisher/repository.h"

/*
 * A change of who signs a role, or of what a delegated role may speak for, as the next version of
 * the metadata that says so: root for root, targets, snapshot and timestamp, targets for every
 * other. What the role has published and the new keys no longer vouch for is staged again, to be
 * signed by them.
 */
enum { ROTATION_PATTERNS = 32 };

struct rotation {
	const char *role;
	const struct keyring_key *add;
	size_t adds;
	const char *const *remove;	/* names, or beginnings (8 digits or more) of key ids */
	size_t removes;
	int64_t threshold;		/* 0: as it is */
	int64_t period;			/* of the role's signatures; 0: as it is */
	const char *const *pattern;	/* of a delegation: replace those there; 0: as they are */
	size_t patterns;
	bool create;			/* the delegation may be new */
	bool drop;			/* the delegation goes */
};

/* notes: what else was staged, one line each. -EINVAL with diag for what plan.h would refuse. */
int rotation_stage(struct repository *repository, const struct rotation *rotation, int64_t now,
		   struct text *notes, struct diag *diag) __attribute__((warn_unused_result));

/* The role's own metadata as the next version with a new expiry. */
int rotation_renew(struct repository *repository, const char *role, int64_t now, int64_t period,
		   struct diag *diag) __attribute__((warn_unused_result));
