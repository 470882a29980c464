/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/publisher/repository.h"

/*
 * Changes who signs a role, or what a delegated role may list, as the next version of the metadata
 * that defines it: root for root, targets, snapshot and timestamp; targets for every other role.
 * Published files of the role that the new keys do not vouch for are staged again, for those keys
 * to sign.
 */
enum { ROTATION_PATTERNS = 32 };

struct rotation {
	const char *role;
	const struct keyring_key *add;
	size_t adds;
	const char *const *remove;	/* names, or prefixes (8 digits or more) of key ids */
	size_t removes;
	int64_t threshold;		/* 0: as it is */
	int64_t period;			/* of the role's signatures; 0: unchanged */
	const char *const *pattern;	/* of a delegation: replace the present ones; 0:
					 * unchanged */
	size_t patterns;
	bool create;			/* the delegation may be new */
	bool drop;			/* the delegation goes */
};

/*
 * notes: what else was staged, one line each. 0 or -errno with diag; -EINVAL: what plan.h would
 * refuse.
 */
int rotation_stage(struct repository *repository, const struct rotation *rotation, int64_t now,
		   struct text *notes, struct diag *diag) __attribute__((warn_unused_result));

/* Stages the role's own metadata as the next version with a new expiry. 0 or -errno with diag. */
int rotation_renew(struct repository *repository, const char *role, int64_t now, int64_t period,
		   struct diag *diag) __attribute__((warn_unused_result));
