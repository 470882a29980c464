/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/image/slots.h"

/* GRUB's environment block and the boot artefacts beside it, on the EFI partition. */

struct image_boot {
	char running[SLOTS_NAME];	/* the artefact that runs; "": unknown */
	struct slots slots;
	bool lost;			/* no readable block: slots holds what the disk shows */
};

/* The artefact that runs, by the kernel's command line; false: none was started. */
bool image_boot_running(char running[SLOTS_NAME]);
/* 0 or -errno with diag. */
int image_boot_read(struct image_boot *boot, const struct image_disk *disk, struct diag *diag)
	__attribute__((warn_unused_result));
/* Is the artefact there, and does the slot hold the root that it starts? */
bool image_boot_starts(const struct image_disk *disk, enum slot slot, const char *name);
/* box_boot_begin, which box_boot_end ends; -errno with diag. */
int image_boot_begin(struct diag *diag) __attribute__((warn_unused_result));
/* Is the artefact there, byte for byte? */
bool image_boot_holds(const char *name, const void *data, size_t size);
/* Writes the block over the old one, in place: GRUB does not find a new file. */
int image_boot_write(const struct slots *slots) __attribute__((warn_unused_result));
/* Writes a new file and reads it back. */
int image_boot_add(const char *name, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* Bytes that are free once all artefacts but this one are gone; 0 when that is unknown. */
uint64_t image_boot_room(const char *keep);
/* Removes every artefact but this one. */
int image_boot_remove_others(const char *keep) __attribute__((warn_unused_result));
