/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/diff.h"
#include "rules/publisher/repository.h"

/*
 * What a staged file would change, for the person who is about to sign it: every signed member,
 * compared with what is published. Rules appear as verdicts. Anything that cannot be shown is
 * refused: members that we never write, targets that the role may not list, a release that does not
 * follow the last one. Unprintable bytes appear as '?'.
 */
struct show {
	const struct repository *repository;
	int64_t now;
	struct text *out;
	struct diff_counts counts;	/* what a release changes, added up */
	struct diag *diag;
};

/*
 * Prints version, expiry and the members that every file has; the role's own members follow.
 * metadata: staged, of this role. For images, only the common members: show_members. 0, or -EINVAL
 * with diag.
 */
int show_head(struct show *show, const char *role, const struct metadata *metadata)
	__attribute__((warn_unused_result));

/* The role "rules": release and lists. */
int show_rules(struct show *show, const struct metadata *metadata)
	__attribute__((warn_unused_result));
/*
 * root, targets: keys, thresholds, delegations; any other role: its targets, by digest. 0 or -errno
 * with diag.
 */
int show_keys(struct show *show, const char *role, const struct metadata *metadata)
	__attribute__((warn_unused_result));
int show_files(struct show *show, const char *role, const struct metadata *metadata)
	__attribute__((warn_unused_result));
