/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/disk.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/device.h"
#include "appliance/box/image/gpt.h"
#include "appliance/box/image/install.h"
#include "appliance/box/image/slots.h"

enum { PIECE = 1 << 20 };

/* ---- which root runs ---- */

/* The partition of the kernel's table for dm-verity: its first PARTUUID. */
static bool read_root(uint8_t id[GPT_ID])
{
	static const char word[] = "PARTUUID=";
	char cmdline[IMAGE_CMDLINE], text[GPT_ID_TEXT];
	const char *at;

	if (!box_peek("/proc/cmdline", cmdline, sizeof(cmdline)))
		return false;
	at = strstr(cmdline, "dm-mod.create=");
	at = at ? strstr(at, word) : NULL;
	if (!at)
		return false;
	snprintf(text, sizeof(text), "%.*s", GPT_ID_TEXT - 1, at + sizeof(word) - 1);
	return gpt_id_parse(id, text) == 0;
}

/* ---- disks ---- */

static int measure(struct image_disk *disk, struct gpt_bytes *bytes)
{
	struct stat status;
	uint64_t size;
	int sector = 512;

	if (fstat(disk->fd, &status) < 0)
		return -errno;
	size = (uint64_t)status.st_size;
	if (S_ISBLK(status.st_mode) && (ioctl(disk->fd, BLKGETSIZE64, &size) < 0 ||
					ioctl(disk->fd, BLKSSZGET, &sector) < 0))
		return -errno;
	bytes->sector = (unsigned int)sector;
	bytes->sectors = size / bytes->sector;
	bytes->head_size = bytes->tail_size =
		size < GPT_AREA ? size / bytes->sector * bytes->sector : GPT_AREA;
	return 0;
}

static int read_all(int fd, uint64_t offset, void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(fd, (char *)data + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		done += (size_t)got;
	}
	return 0;
}

static int read_table(struct image_disk *disk, struct diag *diag)
{
	uint8_t *ends = malloc(2 * GPT_AREA);
	struct gpt_bytes bytes = { .head = ends, .tail = ends ? ends + GPT_AREA : NULL };
	int error = ends ? measure(disk, &bytes) : -ENOMEM;

	if (!error)
		error = read_all(disk->fd, 0, ends, bytes.head_size);
	if (!error)
		error = read_all(disk->fd, bytes.sectors * bytes.sector - bytes.tail_size,
				 ends + GPT_AREA, bytes.tail_size);
	if (error)
		diag_error(diag, disk->path, 0, 0, "cannot read the partition table: %s",
			   strerror(-error));
	else
		error = gpt_parse(&disk->gpt, &bytes, disk->path, diag);
	free(ends);
	return error;
}

static enum slot find_slot(const struct image_disk *disk, const uint8_t root[GPT_ID])
{
	struct gpt_part part;

	for (enum slot slot = SLOT_A; slot <= SLOT_B; slot++) {
		if (gpt_lookup(&disk->gpt, install_part(slot), &part) &&
		    memcmp(part.id, root, GPT_ID) == 0)
			return slot;
	}
	return SLOT_NONE;
}

/* -ENOENT: the root is not on it. */
static int try(struct image_disk *disk, const char *name, const uint8_t root[GPT_ID], bool write,
	       struct diag *diag)
{
	char device[IMAGE_DISK_NAME + sizeof("/dev/")];
	int error;

	if (snprintf(disk->name, sizeof(disk->name), "%s", name) >= (int)sizeof(disk->name))
		return -ENOENT;
	snprintf(device, sizeof(device), "/dev/%s", disk->name);
	box_path(disk->path, device);
	disk->fd = open(disk->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (disk->fd < 0) {
		error = -errno;
		diag_error(diag, disk->path, 0, 0, "cannot open: %s", strerror(-error));
		return error == -ENOENT ? -ENODEV : error;
	}
	error = read_table(disk, diag);
	disk->slot = error ? SLOT_NONE : find_slot(disk, root);
	if (!error && disk->slot == SLOT_NONE)
		error = -ENOENT;
	if (error)
		image_disk_close(disk);
	return error;
}

/* The disk of a partition by the kernel's tree: ".../block/vda/vda2" lies in that of "vda". */
static bool disk_of(const char *part, char name[IMAGE_DISK_NAME])
{
	char path[BOX_PATH], link[IMAGE_DISK_NAME + sizeof("/sys/class/block/")];
	char *real, *slash;
	bool found = false;

	snprintf(link, sizeof(link), "/sys/class/block/%.*s", IMAGE_DISK_NAME - 1, part);
	real = realpath(box_path(path, link), NULL);
	slash = real ? strrchr(real, '/') : NULL;
	if (slash) {
		*slash = '\0';
		slash = strrchr(real, '/');
		found = slash && snprintf(name, IMAGE_DISK_NAME, "%s", slash + 1) < IMAGE_DISK_NAME;
	}
	free(real);
	return found;
}

/* The next name of a folder in its order, after *name; false: no more. */
static bool next_name(const char *folder, char name[IMAGE_DISK_NAME])
{
	char path[BOX_PATH], best[IMAGE_DISK_NAME] = "";
	DIR *directory = opendir(box_path(path, folder));
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof(best) &&
		    strcmp(entry->d_name, name) > 0 && (!*best || strcmp(entry->d_name, best) < 0))
			snprintf(best, sizeof(best), "%.*s", IMAGE_DISK_NAME - 1, entry->d_name);
	}
	if (directory)
		closedir(directory);
	memcpy(name, best, sizeof(best));
	return *best != '\0';
}

static bool is_whole(const char *name)
{
	char path[BOX_PATH + 16];

	snprintf(path, sizeof(path), "/sys/class/block/%s/partition", name);
	return !device_is_never_a_disk(name) && !box_has(path);
}

int image_disk_open(struct image_disk *disk, bool write, struct diag *diag)
{
	char under[IMAGE_DISK_NAME] = "", name[IMAGE_DISK_NAME] = "";
	uint8_t root[GPT_ID];
	int error = -ENOENT;

	disk->fd = -1;
	if (!read_root(root))
		return -ENOENT;
	/* What lies under the root's verity is the disk; there may be a copy of it, ids and all. */
	if (next_name("/sys/class/block/dm-0/slaves", under) && disk_of(under, name))
		return try(disk, name, root, write, diag);
	*name = '\0';
	while (error && next_name("/sys/class/block", name)) {
		if (is_whole(name))
			error = try(disk, name, root, write, NULL);
	}
	return error ? -ENOENT : 0;
}

void image_disk_close(struct image_disk *disk)
{
	if (disk->fd >= 0)
		close(disk->fd);
	disk->fd = -1;
}

int image_disk_lock(const struct image_disk *disk, bool wait)
{
	while (flock(disk->fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

char *image_part_path(const struct image_disk *disk, unsigned int number, char path[BOX_PATH])
{
	const char last = disk->name[strlen(disk->name) - 1];

	/* The kernel's own rule. */
	snprintf(path, BOX_PATH, "/dev/%s%s%u", disk->name, isdigit((unsigned char)last) ? "p" : "",
		 number);
	return path;
}

/* ---- writing ---- */

static int write_all(int fd, uint64_t offset, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t put =
			pwrite(fd, (const char *)data + done, size - done, (off_t)(offset + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		done += (size_t)put;
	}
	return 0;
}

int image_compare(int fd, uint64_t offset, const void *data, size_t size)
{
	const size_t piece = size < PIECE ? size : PIECE;
	uint8_t *back = malloc(piece);
	int error = back ? 0 : -ENOMEM;

	for (size_t done = 0; !error && done < size; done += piece) {
		const size_t part = size - done < piece ? size - done : piece;

		error = read_all(fd, offset + done, back, part);
		if (!error && memcmp(back, (const char *)data + done, part) != 0)
			error = -EIO;
	}
	free(back);
	return error;
}

int image_disk_put(const struct image_disk *disk, uint64_t offset, const void *data, size_t size)
{
	int error = write_all(disk->fd, offset, data, size);

	if (!error && fsync(disk->fd) < 0)
		error = -errno;
	if (error)
		return error;
	/* From the disk, and not from memory. */
	(void)posix_fadvise(disk->fd, (off_t)offset, (off_t)size, POSIX_FADV_DONTNEED);
	return image_compare(disk->fd, offset, data, size);
}

/* In sectors of 512 bytes, whatever the disk's are; 0: it does not say. */
static uint64_t kernel_size(const char *device)
{
	char path[BOX_PATH], text[32];

	snprintf(path, sizeof(path), "/sys/class/block/%s/size", strrchr(device, '/') + 1);
	return box_peek(path, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

int image_disk_resize(const struct image_disk *disk, const struct gpt_part *part, struct diag *diag)
{
	const unsigned int sector = disk->gpt.sector;
	const uint64_t length = (part->last - part->first + 1) * sector;
	struct blkpg_partition change = { .start = (long long)(part->first * sector),
					  .length = (long long)length, .pno = (int)part->number };
	struct blkpg_ioctl_arg argument = { .op = BLKPG_RESIZE_PARTITION, .datalen = sizeof(change),
					    .data = &change };
	char device[BOX_PATH];
	struct stat status;

	image_part_path(disk, part->number, device);
	if (fstat(disk->fd, &status) < 0 || !S_ISBLK(status.st_mode) ||
	    kernel_size(device) == length / 512)
		return 0;
	if (ioctl(disk->fd, BLKPG, &argument) == 0)
		return 0;
	diag_error(diag, disk->path, 0, 0,
		   "partition %u grew to %" PRIu64 " bytes, and the kernel does not "
		   "take that: %s; the next start will",
		   part->number, length, strerror(errno));
	return -errno;
}
