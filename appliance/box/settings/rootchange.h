/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/crypto/digest.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"

/*
 * A change of the trust root. A bundle of another repository goes with the old root, since nobody
 * who is trusted vouches for it. The mark ROOTCHANGE_PATH names the root that is to come. It is
 * written before the set and removed after the bundle, so that a power cut in between ends well.
 */
#define ROOTCHANGE_PATH PATH_DATA "/root-changes"
enum { ROOTCHANGE_NAME = 2 * DIGEST_SIZE + 2 };

/* The name of the set's trust root in the mark: "SHA-256\n", or "-\n" for the image's. -EIO. */
int rootchange_name(const struct provision *set, char name[ROOTCHANGE_NAME])
	__attribute__((warn_unused_result));
/* Removes a bundle of another repository than this set's trust root, and the mark. If the mark
 * names another root than the set's, that change never happened, and the bundle stays. */
void rootchange_drop_bundle(const struct provision *set);
