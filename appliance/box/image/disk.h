/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/box/base/box.h"
#include "appliance/box/image/gpt.h"
#include "appliance/box/image/slots.h"

/* The disk that the running root came from. */

enum { IMAGE_DISK_NAME = 64, IMAGE_CMDLINE = 4096 };

/* Compares piece by piece, since memory is scarce; -EIO when it reads as something else. */
int image_compare(int fd, uint64_t offset, const void *data, size_t size)
	__attribute__((warn_unused_result));

struct image_disk {
	int fd;
	char name[IMAGE_DISK_NAME];	/* "vda", "nvme0n1" */
	char path[BOX_PATH];
	struct gpt gpt;
	enum slot slot;			/* that the root came from */
};

/*
 * Of several disks with the same names the one that holds the kernel's root. -ENOENT without diag:
 * the root did not come from a disk with slots; else -errno with diag. write: not exclusive, since
 * the disk is in use.
 */
int image_disk_open(struct image_disk *disk, bool write, struct diag *diag)
	__attribute__((warn_unused_result));
void image_disk_close(struct image_disk *disk);
/* Until it is closed, no other process changes slots. wait: until the lock is free; else
 * -EWOULDBLOCK. */
int image_disk_lock(const struct image_disk *disk, bool wait) __attribute__((warn_unused_result));

/* "/dev/vda4", "/dev/nvme0n1p4" */
char *image_part_path(const struct image_disk *disk, unsigned int number, char path[BOX_PATH]);

/* On the disk when it returns, and read back from there. 0 or -errno; -EIO when it reads as
 * something else. */
int image_disk_put(const struct image_disk *disk, uint64_t offset, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* Tells the kernel the size of the partition as its table has it. */
int image_disk_resize(const struct image_disk *disk, const struct gpt_part *part, struct diag *diag)
	__attribute__((warn_unused_result));
