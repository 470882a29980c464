/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/diff.h"
#include "rules/publisher/repository.h"
#include "rules/signed/release.h"

/*
 * Releases on the publisher's side: a struct bundle whose lists come from the folder, by the digests
 * of the metadata that it is given; what is published is verified by signature before (repository.h).
 */

/* The release that a version of the rules role lists, lists included. -ENOENT, without diag, when
 * it lists none. bundle_release is the caller's. */
int edition_load(struct bundle *bundle, const struct repository *repository,
		 const struct metadata *rules, struct diag *diag)
	__attribute__((warn_unused_result));

/* Of the published (staged) rules role. */
int edition_published(struct bundle *bundle, const struct repository *repository,
		      struct diag *diag) __attribute__((warn_unused_result));
int edition_staged(struct bundle *bundle, const struct repository *repository, struct diag *diag)
	__attribute__((warn_unused_result));

/* A published release by its version, the newest before the current one when it is 0. -EACCES: its
 * signatures do not count any more. */
int edition_find(struct bundle *bundle, const struct repository *repository, int64_t version,
		 struct diag *diag) __attribute__((warn_unused_result));

/* Adds a list, taking text (also on failure); its name is the one in its header. */
int edition_add(struct bundle *bundle, const char *path, char *text, size_t size,
		struct diag *diag) __attribute__((warn_unused_result));

/* Takes over the lists of last that the bundle does not have under the same name, and orders all by
 * their names. */
int edition_keep(struct bundle *bundle, struct bundle *last, struct diag *diag)
	__attribute__((warn_unused_result));
/* Leaves one out; false when there is none of this name. */
bool edition_drop(struct bundle *bundle, const char *name);

/* Where the release has none: a name that must block, of the lists, and names that must not. */
int edition_default_canaries(struct bundle *bundle, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Each list alone, and those that are on by default together: the language, the sanity limits, the
 * release's own limits, the canaries. *rules: of the candidate.
 */
int edition_check(const struct bundle *bundle, size_t *rules, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Is it the release that may follow the published one, in bytes that hold nothing which a difference
 * would not show? Its number is the next one, or it is that release itself. -EINVAL with diag.
 */
int edition_check_next(const struct bundle *bundle, const struct repository *repository,
		       struct diag *diag) __attribute__((warn_unused_result));

/*
 * Stages the next version of the rules role for it; replaces one that is staged, and its
 * signatures. The release's version is set here, and its time of publication, from which the rings'
 * delays count: start seconds from now, because people still have to sign it.
 */
int edition_stage(struct bundle *bundle, const struct repository *repository, int64_t now,
		  int64_t start, int64_t period, struct diag *diag)
	__attribute__((warn_unused_result));

/* old: NULL for none. The caller's, diff_free. */
int edition_diff(struct diff **diff, const struct bundle *old, const struct bundle *new,
		 struct diag *diag) __attribute__((warn_unused_result));
