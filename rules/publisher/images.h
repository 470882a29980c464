/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/repository.h"
#include "rules/signed/archive.h"

/*
 * The role images on the publisher's side: bundles of images as targets images/NAME, each with
 * "custom": { "arch", "version", "build" }, so that whoever reads the metadata alone knows which is
 * newer.
 */
enum { IMAGES_KEEP = 4 };	/* of each arch: the newest ones by build */

struct images_entry {
	const char *name;	/* without folder, as "....bundle" */
	const void *data;
	size_t size;
	const char *arch, *version;
	int64_t build;
};

/*
 * Stages the next version of the role, with the newest version's targets (staged or published) and this
 * one; the oldest of its arch go when they are more than IMAGES_KEEP. *replaced: another content had the
 * name before. -EEXIST with diag: it is there already.
 */
int images_stage(const struct repository *repository, const struct images_entry *entry, int64_t now,
		 int64_t period, bool *replaced, struct diag *diag) __attribute__((warn_unused_result));

/*
 * What an appliance needs to verify one published image, and the image, in one file (packed.h), verified as
 * by an appliance that knows the first root alone. name: as above, or NULL for the newest by build. -ENOENT,
 * -EINVAL (images of several archs, and no name), -EFBIG: no appliance takes so much; and those of
 * packed_verify; with diag.
 */
int images_pack(const struct repository *repository, const char *name, int64_t now, struct text *out,
		struct diag *diag) __attribute__((warn_unused_result));
