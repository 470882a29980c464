/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/block.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/image/gpt.h"
#include "appliance/box/image/install.h"
#include "appliance/box/image/slots.h"

#define BLOCK_PATH PATH_BOOT_IMAGES "/grubenv"

static int open_folder(void)
{
	char path[BOX_PATH];
	int fd = open(box_path(path, PATH_BOOT_IMAGES), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Does the name say the root that has this id? */
static bool fits(const char *name, const uint8_t id[GPT_ID])
{
	const size_t length = strlen(name), ending = sizeof("-01234567.efi") - 1;
	char text[GPT_ID_TEXT];

	return slots_check_name(name) && length > ending &&
	       strncmp(name + length - ending + 1, gpt_id_print(id, text), 8) == 0;
}

bool image_boot_starts(const struct image_disk *disk, enum slot slot, const char *name)
{
	char path[BOX_PATH];
	struct gpt_part part;

	snprintf(path, sizeof(path), PATH_BOOT_IMAGES "/%s", name);
	return *name && box_has(path) && gpt_lookup(&disk->gpt, install_part(slot), &part) &&
	       fits(name, part.id);
}

/* ---- a block that was lost: what the disk itself says ---- */

static void find_name(char name[SLOTS_NAME], const struct image_disk *disk, enum slot slot)
{
	int fd = open_folder();
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		if (slots_check_name(entry->d_name) && image_boot_starts(disk, slot, entry->d_name))
			snprintf(name, SLOTS_NAME, "%.*s", SLOTS_NAME - 1, entry->d_name);
	}
	if (folder)
		closedir(folder);
	else if (fd >= 0)
		close(fd);
}

static void rebuild(struct image_boot *boot, const struct image_disk *disk)
{
	struct slots *slots = &boot->slots;

	*slots = (struct slots){ .primary = disk->slot, .left = SLOTS_TRIES, .trial = SLOT_NONE };
	for (enum slot slot = SLOT_A; slot <= SLOT_B; slot++)
		find_name(slots->name[slot], disk, slot);
	memcpy(slots->name[disk->slot], boot->running, SLOTS_NAME);
}

bool image_boot_running(char running[SLOTS_NAME])
{
	char cmdline[IMAGE_CMDLINE];

	return box_peek("/proc/cmdline", cmdline, sizeof(cmdline)) && slots_image(cmdline, running);
}

int image_boot_read(struct image_boot *boot, const struct image_disk *disk, struct diag *diag)
{
	char *block = NULL;
	size_t size = 0;

	*boot = (struct image_boot){ .lost = false };
	if (!image_boot_running(boot->running)) {
		diag_error(diag, "/proc/cmdline", 0, 0,
			   "no cordon.image=: this was not started from a slot");
		return -ENOENT;
	}
	block = box_read(BLOCK_PATH, SLOTS_BLOCK, &size);
	boot->lost = slots_parse(&boot->slots, block ? block : "", size) < 0;
	free(block);
	/* Whole, and yet it does not know what runs from this very slot. */
	boot->lost = boot->lost || strcmp(boot->slots.name[disk->slot], boot->running) != 0;
	if (boot->lost)
		rebuild(boot, disk);
	return 0;
}

/* ---- writing ---- */

int image_boot_begin(struct diag *diag)
{
	int error = box_has(PATH_BOOT_IMAGES) ? box_boot_begin() : -ENOENT;

	if (error)
		diag_error(diag, PATH_BOOT_IMAGES, 0, 0,
			   "cannot be made writable: %s: expected the EFI system "
			   "partition at " PATH_BOOT,
			   strerror(-error));
	return error;
}

/* All of it on the disk, and the same when it is read back from there. */
static int settle(int fd, const void *data, size_t size)
{
	if (fsync(fd) < 0)
		return -errno;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return image_compare(fd, 0, data, size);
}

static int write_block(int folder, const char block[SLOTS_BLOCK])
{
	int fd =
		openat(folder, "grubenv", O_RDWR | O_CREAT | O_SYNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error;

	if (fd < 0)
		return -errno;
	error = file_write_all(fd, block, SLOTS_BLOCK);
	if (!error && ftruncate(fd, SLOTS_BLOCK) < 0)
		error = -errno;
	if (!error)
		error = settle(fd, block, SLOTS_BLOCK);
	close(fd);
	return error;
}

int image_boot_write(const struct slots *slots)
{
	char block[SLOTS_BLOCK];
	int folder = open_folder(), error;

	if (folder < 0)
		return folder;
	slots_print(slots, block);
	error = write_block(folder, block);
	if (!error && fsync(folder) < 0)
		error = -errno;
	close(folder);
	return error;
}

static int write_file(int folder, const char *name, const void *data, size_t size)
{
	int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error;

	if (fd < 0)
		return -errno;
	error = file_write_all(fd, data, size);
	if (!error)
		error = settle(fd, data, size);
	close(fd);
	if (!error && fsync(folder) < 0)
		error = -errno;
	/* Half a file would be tried before anything else is. */
	if (error)
		unlinkat(folder, name, 0);
	return error;
}

int image_boot_add(const char *name, const void *data, size_t size)
{
	int folder = open_folder();
	int error = folder < 0 ? folder : write_file(folder, name, data, size);

	if (folder >= 0)
		close(folder);
	return error;
}

bool image_boot_holds(const char *name, const void *data, size_t size)
{
	int folder = open_folder(),
	    fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	bool holds = fd >= 0 && fstat(fd, &status) == 0 && (size_t)status.st_size == size &&
		     image_compare(fd, 0, data, size) == 0;

	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return holds;
}

static bool is_artefact(const char *name)
{
	const size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, ".efi") == 0;
}

uint64_t image_boot_room(const char *keep)
{
	int fd = open_folder();
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct statvfs space;
	struct stat status;
	uint64_t room;

	if (!folder || fstatvfs(fd, &space) < 0) {
		if (folder)
			closedir(folder);
		else if (fd >= 0)
			close(fd);
		return 0;
	}
	room = (uint64_t)space.f_bavail * space.f_frsize;
	while ((entry = readdir(folder))) {
		if (is_artefact(entry->d_name) && strcmp(entry->d_name, keep) != 0 &&
		    fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			room += (uint64_t)status.st_size;
	}
	closedir(folder);
	return room;
}

int image_boot_remove_others(const char *keep)
{
	int fd = open_folder(), error = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : -ENOMEM;
	}
	while ((entry = readdir(folder))) {
		if (is_artefact(entry->d_name) && strcmp(entry->d_name, keep) != 0 &&
		    unlinkat(fd, entry->d_name, 0) < 0)
			error = -errno;
	}
	if (!error && fsync(fd) < 0)
		error = -errno;
	closedir(folder);
	return error;
}
