/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/image/block.h"
#include "appliance/box/image/disk.h"

/* What a command finds: the disk, and what the environment block on it says. */
struct image_found {
	struct image_disk disk;
	struct image_boot boot;
	bool none;	/* started without a disk; a message was printed */
};
/* change: writable, and locked against other processes. 0, or an exit code after a message; then
 * there is nothing to close. */
int image_find(struct image_found *found, bool change, struct diag *diag);
