/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/image/bundle.h"
#include "appliance/box/image/found.h"
#include "appliance/box/image/install.h"

/*
 * A verified bundle and the disk of this box: may it be installed, where, and the writing. Nothing
 * here prints, except image_find.
 */

enum installation_kind {
	INSTALLATION_FITS,
	INSTALLATION_OTHER_ARCH,	/* never */
	INSTALLATION_OLDER		/* built before the image that runs */
};
/* By architecture first, then by the time of the build. */
enum installation_kind installation_judge(const struct manifest *offered,
					  const struct manifest *running);
/* An older image: allowed by the option, and by a person beside the box, not over the network. */
bool installation_may_go_back(bool allowed, bool at_console);

struct installation {
	struct install install;
	struct image_found found;
	bool runs;		/* the bundle is the image that runs */
	enum slot target;	/* of installation_plan */
};

/* Finds and locks the disk. bundle must outlive it. 0, or an exit code after a message; then there
 * is nothing to close. */
int installation_open(struct installation *installation, const struct image_bundle *bundle,
		      struct diag *diag) __attribute__((warn_unused_result));
void installation_close(struct installation *installation);

/* The manifest of the image that runs. 0 or -errno with diag. */
int installation_running(struct manifest *running, struct diag *diag)
	__attribute__((warn_unused_result));

/* As install_check: 0 with the target; -EALREADY: the image lies in the other slot, whole. */
int installation_plan(struct installation *installation, struct diag *diag)
	__attribute__((warn_unused_result));
/* After 0. progress: NULL or a hook. 0; -errno with diag, and what ran is started next. */
int installation_write(struct installation *installation, install_progress *progress,
		       struct diag *diag) __attribute__((warn_unused_result));
/* After -EALREADY: the image gets its turn again. 0 or -errno with diag. */
int installation_start_again(struct installation *installation, struct diag *diag)
	__attribute__((warn_unused_result));
