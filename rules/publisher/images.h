/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/repository.h"
#include "rules/signed/archive.h"

/*
 * The role images on the publisher's side. Bundles of images are targets images/NAME, each with
 * "custom": { "arch", "version", "build" }, so that the metadata alone shows which is newer.
 */
enum { IMAGES_KEEP = 4 };	/* per arch: the newest by build */

struct images_entry {
	const char *name;	/* without folder, as "....bundle" */
	const void *data;
	size_t size;
	const char *arch, *version;
	int64_t build;
};

/*
 * Stages the next version of the role with the newest version's targets (staged or published) and
 * this one. Drops the oldest of its arch beyond IMAGES_KEEP. *replaced: the name had other content
 * before. 0 or -errno with diag; -EEXIST: it is there already.
 */
int images_stage(const struct repository *repository, const struct images_entry *entry, int64_t now,
		 int64_t period, bool *replaced, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Packs one published image and what an appliance needs to verify it into one file (packed.h).
 * Verifies it like an appliance that knows the first root only. name: as above, or NULL for the
 * newest by build. 0, or with diag: -ENOENT; -EINVAL: several archs and no name; -EFBIG: larger
 * than appliances accept; errors of packed_verify.
 */
int images_pack(const struct repository *repository, const char *name, int64_t now,
		struct text *out, struct diag *diag) __attribute__((warn_unused_result));
