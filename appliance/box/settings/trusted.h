/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_sealed.h"

/* What is trusted on this box: the root of these settings, else of the image, and what follows from
 * it in the bundle. */
struct trusted {
	struct set_sealed_trust trust;
	char *built_in, *bundle;
};

/* Of what is in force, whose trust root is that of set; trusted_release gives it back. */
void trusted_load(struct trusted *trusted, const struct provision *set);
void trusted_release(struct trusted *trusted);
