/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/audit.h"
#include "rules/publisher/repository.h"

/*
 * What an online key does: make the snapshot and the timestamp. Before anything is written, the
 * client audits the whole new repository, once knowing nothing and once knowing what is published.
 * Then targets, metadata and last the timestamp are put in place, each as a whole.
 */
enum publish_hold { PUBLISH_HOLD_KEEP, PUBLISH_HOLD_SET, PUBLISH_HOLD_LIFT };

enum { PUBLISH_SECRETS = 8 };
#define PUBLISH_VERSION_FAR (INT64_C(1) << 52)	/* no honest publisher comes there */

struct publish_options {
	const struct secret *secret[PUBLISH_SECRETS];
	size_t secrets;
	int64_t now;
	int64_t period;			/* of the timestamp, seconds; 0: as the root says */
	enum publish_hold hold;		/* of the newest release */
};

/*
 * repository: opened alone. audit: of the new repository, from its first root; zero it before, and
 * call audit_release, even after an error.
 *
 * Publishes everything staged. 0, or with diag: -EACCES: a file lacks signatures (diag names the
 * missing), or the key is not an online key; -ENOENT: nothing is staged.
 */
int publish_staged(struct audit *audit, struct repository *repository,
		   const struct publish_options *options, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * A new timestamp, and a new snapshot if that is in the last third of its lifetime. 0 or -errno
 * with diag.
 */
int publish_timestamp(struct audit *audit, struct repository *repository,
		      const struct publish_options *options, struct diag *diag)
	__attribute__((warn_unused_result));
