/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/diff.h"
#include "rules/publisher/repository.h"
#include "rules/signed/release.h"

/*
 * Releases on the publisher's side: a struct bundle with lists from the folder, found by the
 * digests in the given metadata. Published metadata has been verified by signature before
 * (repository.h).
 */

/* The release in a version of the rules role, including its lists. The caller calls bundle_release.
 * -ENOENT, without diag: it lists none. */
int edition_load(struct bundle *bundle, const struct repository *repository,
		 const struct metadata *rules, struct diag *diag)
	__attribute__((warn_unused_result));

/* Of the published (staged) rules role. */
int edition_published(struct bundle *bundle, const struct repository *repository,
		      struct diag *diag) __attribute__((warn_unused_result));
int edition_staged(struct bundle *bundle, const struct repository *repository, struct diag *diag)
	__attribute__((warn_unused_result));

/* A published release by its version; 0: the newest before the current one. -EACCES: its signatures
 * no longer count. */
int edition_find(struct bundle *bundle, const struct repository *repository, int64_t version,
		 struct diag *diag) __attribute__((warn_unused_result));

/*
 * Adds a list and takes ownership of text (even on failure); its name is the one in its header. 0
 * or -errno with diag.
 */
int edition_add(struct bundle *bundle, const char *path, char *text, size_t size,
		struct diag *diag) __attribute__((warn_unused_result));

/* Takes over the lists of last that the bundle lacks, by name, and sorts all lists by name. 0 or
 * -errno with diag. */
int edition_keep(struct bundle *bundle, struct bundle *last, struct diag *diag)
	__attribute__((warn_unused_result));
/* Removes a list; false if there is none of this name. */
bool edition_drop(struct bundle *bundle, const char *name);

/*
 * Fills in missing canaries: names of the lists that must be blocked, and names that must pass. 0
 * or -errno with diag.
 */
int edition_default_canaries(struct bundle *bundle, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Checks each list alone, and those that are on by default together: the language, the sanity
 * limits, the release's own limits, the canaries. *rules: how many the candidate has. 0 or -errno
 * with diag.
 */
int edition_check(const struct bundle *bundle, size_t *rules, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * May this release follow the published one? Its number must be the next, or it must be the
 * published release itself, and its bytes must hold nothing that a comparison would not show. 0, or
 * -EINVAL with diag.
 */
int edition_check_next(const struct bundle *bundle, const struct repository *repository,
		       struct diag *diag) __attribute__((warn_unused_result));

/*
 * Stages the next version of the rules role for it; replaces a staged one and its signatures. Sets
 * the release's version, and its time of publication, from which the delays of rings count. That is
 * start seconds from now, because people still have to sign it. 0 or -errno with diag.
 */
int edition_stage(struct bundle *bundle, const struct repository *repository, int64_t now,
		  int64_t start, int64_t period, struct diag *diag)
	__attribute__((warn_unused_result));

/* old: NULL for none. The caller frees *diff with diff_free. 0 or -errno with diag. */
int edition_diff(struct diff **diff, const struct bundle *old, const struct bundle *new,
		 struct diag *diag) __attribute__((warn_unused_result));
