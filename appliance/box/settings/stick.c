/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/stick.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/diag.h"
#include "appliance/base/file.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/device.h"
#include "appliance/box/base/helper.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_store.h"
#include "rules/signed/approval.h"
#include "rules/signed/archive.h"

/*
 * A stick is a stranger's. Each is looked at by a child in a mount namespace of its own, which goes
 * away with it; what it found comes as one bounded archive through a pipe, and a stick that does
 * not answer holds up nobody for long.
 */
#define STICK "the stick "
#define UNREADABLE "unreadable"		/* in the archive: what is wrong */
enum { DEVICES = 16, NAME = 32, STICK_MS = 8000, ALL_MS = 20000, ARCHIVE_LIMIT = 2 << 20 };

/* ---- which devices ---- */

/* The disk that a block device is or is a part of, by its folder in /sys; "" when it is none. */
static void disk_of(const char *link, char disk[NAME])
{
	char path[BOX_PATH], real[PATH_MAX], part[PATH_MAX + 16], *slash;

	disk[0] = '\0';
	if (!realpath(box_path(path, link), real))
		return;
	snprintf(part, sizeof(part), "%s/partition", real);
	slash = strrchr(real, '/');
	if (slash && access(part, F_OK) == 0) {
		*slash = '\0';
		slash = strrchr(real, '/');
	}
	snprintf(disk, NAME, "%s", slash ? slash + 1 : "");
}

/* The disk below a folder of the box. */
static void own_disk(const char *folder, char disk[NAME])
{
	char path[BOX_PATH], link[64];
	struct stat status;

	disk[0] = '\0';
	if (stat(box_path(path, folder), &status) < 0 || major(status.st_dev) == 0)
		return;
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(status.st_dev),
		 minor(status.st_dev));
	disk_of(link, disk);
}

static bool is_used(const char *name)
{
	char path[64], full[BOX_PATH], text[32];
	DIR *holders;
	const struct dirent *entry;
	bool used = false;

	snprintf(path, sizeof(path), "/sys/class/block/%.16s/holders", name);
	holders = opendir(box_path(full, path));
	while (holders && (entry = readdir(holders)))
		used |= entry->d_name[0] != '.';
	if (holders)
		closedir(holders);
	snprintf(path, sizeof(path), "/sys/class/block/%.16s/size", name);
	return used || !box_peek(path, text, sizeof(text)) || strtoull(text, NULL, 10) == 0;
}

static bool may_be_stick(const char *name)
{
	static const char *const own[] = { PATH_DATA, PATH_BOOT };
	char link[64], disk[NAME], other[NAME];

	if (device_is_never_a_disk(name) || strlen(name) > 16 ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")])
		return false;
	snprintf(link, sizeof(link), "/sys/class/block/%s", name);
	disk_of(link, disk);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		own_disk(own[i], other);
		if (strcmp(disk, other) == 0)
			return false;
	}
	return disk[0] && !is_used(name);
}

/* By name, so that the order is the same each time. */
static size_t find_devices(char name[DEVICES][NAME])
{
	char path[BOX_PATH];
	struct dirent **entry;
	int found = scandir(box_path(path, "/sys/class/block"), &entry, NULL, alphasort);
	size_t count = 0;

	for (int i = 0; i < found; i++) {
		if (count < DEVICES && may_be_stick(entry[i]->d_name))
			snprintf(name[count++], NAME, "%.16s", entry[i]->d_name);
		free(entry[i]);
	}
	if (found >= 0)
		free(entry);
	return count;
}

/* ---- in the child ---- */

/* NULL: none that is known. */
static const char *file_system(const char *device)
{
	uint8_t head[2048];
	int fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	if (fd >= 0)
		close(fd);
	if (got != sizeof(head))
		return NULL;
	if (head[1080] == 0x53 && head[1081] == 0xef)
		return "ext4";	/* which does ext2 and ext3, too */
	if (memcmp(head + 3, "EXFAT   ", 8) == 0)
		return "exFAT";
	if (memcmp(head + 3, "NTFS    ", 8) == 0)
		return "NTFS";
	if (head[510] == 0x55 && head[511] == 0xaa &&
	    (memcmp(head + 54, "FAT", 3) == 0 || memcmp(head + 82, "FAT", 3) == 0))
		return "vfat";
	return NULL;
}

/* In a mount of this process alone. */
static int mount_stick(const char *device, const char *place, bool writable, struct diag *diag)
{
	const unsigned long flags =
		MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME | (writable ? 0 : MS_RDONLY);
	const char *type = file_system(device), *options;

	if (!type)
		return -ENODEV;
	if (strcmp(type, "vfat") != 0 && strcmp(type, "ext4") != 0) {
		diag_error(diag, "file system", 0, 0,
			   "is %s, which is not read here: expected FAT, ext2, ext3 or "
			   "ext4",
			   type);
		return -EINVAL;
	}
	mkdir(place, 0700);
	/* A journal is not replayed on a disk that is only read; and what a file system itself
	 * wants to be done about its errors, it may say "panic", is for its own machine. */
	options = strcmp(type, "vfat") == 0 ? "umask=077,errors=remount-ro" :
		  writable ? "errors=remount-ro" : "errors=remount-ro,noload";
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount(device, place, type, flags, options) == 0)
		return 0;
	diag_error(diag, "file system", 0, 0, "%s that cannot be read: %s", type, strerror(errno));
	return -EINVAL;
}

/* The folder /cordon of the device; -1: it has none, or an error in diag. */
static int open_stick(const char *name, bool writable, struct diag *diag)
{
	char device[BOX_PATH + 8], place[BOX_PATH];
	struct stat status;
	int root, folder;

	snprintf(device, sizeof(device), "/dev/%s", name);
	snprintf(device, sizeof(device), "%s", box_path(place, device));
	if (stat(device, &status) < 0)
		return -1;
	box_path(place, PATH_RUN "/stick");
	if (S_ISDIR(status.st_mode)) {	/* as a test has it */
		snprintf(place, sizeof(place), "%s", device);
	} else if (mount_stick(device, place, writable, diag) < 0) {
		return -1;
	}
	root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = openat(root, "cordon", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 && errno != ENOENT)
		diag_error(diag, "cordon", 0, 0, "expected a folder: %s", strerror(errno));
	close(root);
	return folder;
}

static void pack(struct archive *archive, const char *name, const char *data, size_t size)
{
	if (data)
		(void)!archive_add(archive, name, data, size);
}

static void send_stick(const char *name, int pipe)
{
	static struct archive archive;
	static struct diag diag;
	struct set_offer offer = { .approval = NULL };
	struct text out = TEXT_EMPTY, errors = TEXT_EMPTY;
	int folder, found;

	diag_init(&diag);
	folder = open_stick(name, false, &diag);
	if (folder < 0 && !diag.count)
		return;
	found = folder < 0 ? -EINVAL : set_offer_read(folder, &offer, &diag);
	if (found > 0)
		return;
	for (int file = 0; file < PROVISION_FILES && found == 0; file++)
		pack(&archive, provision_name((enum provision_file)file), offer.set.file[file].data,
		     offer.set.file[file].size);
	if (found == 0)
		pack(&archive, APPROVAL_NAME, offer.approval, offer.approval_size);
	diag_print(&diag, &errors);
	pack(&archive, UNREADABLE, errors.data, errors.length);
	if (offer.has_errors)
		pack(&archive, SET_OFFER_ERRORS, "", 0);
	archive_print(&archive, &out);
	if (!text_failed(&out) && out.length <= ARCHIVE_LIMIT)
		(void)!file_write_all(pipe, out.data, out.length);
}

/* ---- in the parent ---- */

/* Looking at a stick blocks no change of settings. */
static pid_t start(int ends[2])
{
	pid_t pid = helper_start(ends);

	if (pid == 0)
		set_store_unlock();
	return pid;
}

static char *copy(const struct archive_file *file)
{
	char *data = malloc(file->size + 1);

	if (data) {
		memcpy(data, file->data, file->size);
		data[file->size] = '\0';
	}
	return data;
}

static bool unpack(const struct text *in, struct set_offer *offer, const char *name)
{
	static struct archive archive;
	const struct archive_file *file;

	snprintf(offer->where, sizeof(offer->where), STICK "%s", name);
	if (!in->length || archive_parse(&archive, in->data, in->length) < 0)
		return false;
	file = archive_lookup(&archive, UNREADABLE);
	if (file)
		return (offer->unreadable = copy(file)) != NULL;
	offer->has_errors = archive_lookup(&archive, SET_OFFER_ERRORS) != NULL;
	for (int i = 0; i < PROVISION_FILES; i++) {
		file = archive_lookup(&archive, provision_name((enum provision_file)i));
		if (file &&
		    provision_put(&offer->set, (enum provision_file)i, file->data, file->size) < 0)
			return false;
	}
	file = archive_lookup(&archive, APPROVAL_NAME);
	if (file && !(offer->approval = copy(file)))
		return false;
	offer->approval_size = file ? file->size : 0;
	return !provision_is_empty(&offer->set);
}

static bool look_at(const char *name, struct set_offer *offer, int64_t end)
{
	struct text in = TEXT_EMPTY;
	int ends[2];
	pid_t pid = start(ends);
	bool found;

	if (pid == 0) {
		send_stick(name, ends[1]);
		_exit(0);
	}
	if (pid < 0)
		return false;
	helper_receive(ends[0], end, ARCHIVE_LIMIT, &in);
	close(ends[0]);
	if (helper_finish(pid, end) < 0)
		printf("the stick %s did not answer in time and was not looked at; plug it in "
		       "again\n",
		       name);
	found = unpack(&in, offer, name);
	text_release(&in);
	if (!found)
		set_offer_release(offer);
	return found;
}

size_t stick_find(struct set_offer *offer, size_t most)
{
	static char name[DEVICES][NAME];
	int64_t last = clock_uptime_ms() + ALL_MS;
	size_t devices = find_devices(name), count = 0;

	for (size_t i = 0; i < devices && count < most && clock_uptime_ms() < last; i++) {
		int64_t end = clock_uptime_ms() + STICK_MS;

		offer[count] = (struct set_offer){ .approval = NULL };
		count += look_at(name[i], &offer[count], end < last ? end : last);
	}
	return count;
}

void stick_note(const char *where, const char *errors)
{
	static struct diag diag;
	int ends[2], folder;
	pid_t pid = start(ends);

	if (pid == 0) {
		diag_init(&diag);
		folder = open_stick(where + strlen(STICK), true, &diag);
		if (folder >= 0) {
			set_offer_note(folder, errors);
			syncfs(folder);
		}
		_exit(0);
	}
	if (pid < 0)
		return;
	close(ends[0]);
	(void)helper_finish(pid, clock_uptime_ms() + STICK_MS);
}
