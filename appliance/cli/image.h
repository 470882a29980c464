/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/cli/appliance.h"
#include "appliance/system/install.h"
#include "rules/signed/archive.h"

/* `cordon image` in parts: image.c is the table and what changes nothing but the environment block. */

int image_install(const struct cli *cli, int argc, char **argv);

/* Piece by piece, since memory is scarce; -EIO when it reads as something else. */
int image_compare(int fd, uint64_t offset, const void *data, size_t size)
	__attribute__((warn_unused_result));

/* ---- image_disk.c: the disk that the running root came from ---- */

enum { IMAGE_DISK_NAME = 64, IMAGE_CMDLINE = 4096 };

/* A file of /proc or /sys, which has no size before it is read; as much as fits. */
bool image_kernel_text(const char *path, char *text, size_t size);

struct image_disk {
	int fd;
	char name[IMAGE_DISK_NAME];	/* "vda", "nvme0n1" */
	char path[APPLIANCE_PATH];
	struct gpt gpt;
	enum slot slot;			/* that the root came from */
};

/*
 * Of several disks with the same names the one that the kernel's root lies on. -ENOENT without diag: the
 * root did not come from a disk of ours; else -errno with diag. write: exclusive of nobody, since the
 * disk is in use.
 */
int image_disk_open(struct image_disk *disk, bool write, struct diag *diag)
	__attribute__((warn_unused_result));
void image_disk_close(struct image_disk *disk);
/* Until it is closed, nobody else changes slots. wait: for one who does now; else -EWOULDBLOCK. */
int image_disk_lock(const struct image_disk *disk, bool wait) __attribute__((warn_unused_result));

/* "/dev/vda4", "/dev/nvme0n1p4" */
char *image_part_path(const struct image_disk *disk, unsigned int number, char path[APPLIANCE_PATH]);

/* On the disk when it returns, and read back from there. 0 or -errno; -EIO when it reads as something
 * else. */
int image_disk_put(const struct image_disk *disk, uint64_t offset, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* The partition as its table has it, told to the kernel. */
int image_disk_resize(const struct image_disk *disk, const struct gpt_part *part, struct diag *diag)
	__attribute__((warn_unused_result));

/* ---- image_boot.c: the environment block and the artefacts beside it ---- */

struct image_boot {
	char running[SLOTS_NAME];	/* the artefact that runs; "": not said */
	struct slots slots;
	bool lost;			/* there was no block that could be read; slots is what was found */
};

/* The artefact that runs, by the kernel's command line; false: none was started. */
bool image_boot_running(char running[SLOTS_NAME]);
/* 0 or -errno with diag. */
int image_boot_read(struct image_boot *boot, const struct image_disk *disk, struct diag *diag)
	__attribute__((warn_unused_result));
/* Is the artefact there, and does the slot hold the root that it starts? */
bool image_boot_starts(const struct image_disk *disk, enum slot slot, const char *name);
/* appliance_boot_begin, which appliance_boot_end ends; -errno with diag. */
int image_boot_begin(struct diag *diag) __attribute__((warn_unused_result));
/* Is the artefact there, byte for byte? */
bool image_boot_holds(const char *name, const void *data, size_t size);
/* The block, over the old one, in place: GRUB does not find a new file. */
int image_boot_write(const struct slots *slots) __attribute__((warn_unused_result));
/* A new file, read back. */
int image_boot_add(const char *name, const void *data, size_t size) __attribute__((warn_unused_result));
/* Bytes that are free once those go; 0 when that cannot be told. */
uint64_t image_boot_room(const char *keep);
/* Every artefact but this one. */
int image_boot_remove_others(const char *keep) __attribute__((warn_unused_result));

/* ---- image_bundle.c: a bundle's bytes ---- */

struct image_bundle {
	struct manifest manifest;
	const void *kernel, *root;	/* the caller's memory; sizes as the manifest has them */
};

/* Unpacked and held against its manifest, by a sealed child (base/sealed.h); data is not MAP_SHARED. -EINVAL
 * with diag, and as sealed_run. */
int image_bundle_open(struct image_bundle *bundle, const void *data, size_t size, const char *source,
		      struct diag *diag) __attribute__((warn_unused_result));

/* ---- image_links.c: interfaces that an image on trial has to have ---- */

enum { IMAGE_LINK = 16 };
void image_links_keep(const char *artefact);
/* An interface that was there when the image that runs was installed, and is not now. */
bool image_links_missing(char interface[IMAGE_LINK]);
/* The image that runs is confirmed. */
void image_links_forget(void);

/* ---- image.c ---- */

/* What a command finds: the disk, and what the environment block on it says. */
struct image_found {
	struct image_disk disk;
	struct image_boot boot;
	bool none;	/* started without a disk, said */
};
/* change: writable, and locked against others. 0 or an exit code, said; then there is nothing to close. */
int image_find(struct image_found *found, bool change, struct diag *diag);
/* Restarts the box. */
int image_reboot(void);
