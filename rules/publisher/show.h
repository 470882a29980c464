/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/diff.h"
#include "rules/publisher/repository.h"

/*
 * What a staged file would change, for the person who is about to sign it: every member that is
 * signed, against what is published. Rules come out as verdicts. What cannot be shown is refused:
 * members that nothing of ours writes, targets that the role may not speak for, a release that does
 * not follow the last one. Bytes of others come out with '?' for what is not printable.
 */
struct show {
	const struct repository *repository;
	int64_t now;
	struct text *out;
	struct diff_counts counts;	/* what a release changes, added up */
	struct diag *diag;
};

/* Version, expiry and the members that every file has; then the members of the role's own. -EINVAL
 * with diag. metadata: staged, of this role. Of images only what all have: show_members. */
int show_head(struct show *show, const char *role, const struct metadata *metadata)
	__attribute__((warn_unused_result));

/* The role "rules": release and lists. */
int show_rules(struct show *show, const struct metadata *metadata)
	__attribute__((warn_unused_result));
/* root, targets: keys, thresholds, delegations; any other role: its targets, by their digests. */
int show_keys(struct show *show, const char *role, const struct metadata *metadata)
	__attribute__((warn_unused_result));
int show_files(struct show *show, const char *role, const struct metadata *metadata)
	__attribute__((warn_unused_result));
