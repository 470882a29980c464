/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/image/packed.h"

/* Tells the log what became of an image (NOTICE_IMAGE). before: the image that runs; reason: of a
 * refusal, its first line. Both may be NULL, and so may packed, which has the signers. */
void image_tell(const char *what, const char *name, const char *before,
		const struct image_packed *packed, const char *reason);
