/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/box/image/manifest.h"

/* A bundle's bytes. */
struct image_bundle {
	struct manifest manifest;
	const void *kernel, *root;	/* the caller's memory; sizes as the manifest has them */
};

/* Unpacks it and checks it against its manifest in a sealed child (base/sealed.h); data is not
 * MAP_SHARED. -EINVAL with diag, and as sealed_run. */
int image_bundle_open(struct image_bundle *bundle, const void *data, size_t size,
		      const char *source, struct diag *diag) __attribute__((warn_unused_result));
