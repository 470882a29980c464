/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/image/gpt.h"
#include "appliance/box/image/manifest.h"
#include "appliance/box/image/slots.h"

/* Bytes of the root that are written, of all. */
typedef void install_progress(void *context, uint64_t done, uint64_t all);

/*
 * A new image into the slot that does not run, as a row of writes. The box starts after a power cut
 * between any two of them, or within one:
 *
 *	1. the block: the slot that runs comes first, and nothing leads to the other one
 *	2. artefacts of others than what runs go
 *	3. the root into the slot
 *	4. the slot's id in the partition table, which is where the new kernel looks for its root
 *	5. the artefact, under a name that was not there
 *	6. the block: the new image comes first, on trial
 */
struct install_media {
	/* Each is on the disk when it returns, and was read back from there. 0 or -errno. */
	int (*write_disk)(void *context, uint64_t offset, const void *data, size_t size);
	int (*write_block)(void *context, const struct slots *slots);
	int (*remove_others)(void *context, const char *keep);
	int (*add_file)(void *context, const char *name, const void *data, size_t size);
	install_progress *progress;	/* NULL: not wanted */
	void *context;
};

struct install {
	const struct manifest *manifest;
	const void *kernel, *root;	/* as manifest_check has seen them */
	const char *running;		/* the artefact that runs */
	enum slot slot;			/* that it runs from */
};

/*
 * Nothing is written yet: does it fit, is it another image than the one that runs, and has that one
 * proved itself? *target: the slot that it will go to. -EALREADY: the image is in the other slot
 * already (there: it is, whole). -EBUSY, -EEXIST, -ENOSPC, -EINVAL with diag.
 */
int install_check(const struct install *install, const struct gpt *gpt, const struct slots *slots,
		  bool there, enum slot *target, struct diag *diag)
	__attribute__((warn_unused_result));

/* After install_check. gpt and slots become what is on the disk then. -errno with diag: what
 * failed; what ran is started next, as before. */
int install_run(const struct install *install, struct gpt *gpt, struct slots *slots,
		const struct install_media *media, struct diag *diag)
	__attribute__((warn_unused_result));

/* "slot-a", "slot-b": of the partitions. */
const char *install_part(enum slot slot);
