/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/box/image/install.h"
#include "rules/repo/repo.h"

/*
 * Files that their owner alone may read: private keys, and PINs. What others can read is known to
 * them, and who can write the folder puts another key in its place.
 */

static bool is_ours(const struct stat *status)
{
	return status->st_uid == geteuid() || status->st_uid == 0;
}

/* Sticks as they come from the shop: every file there has the mode that the mount gave it. */
static bool has_no_modes(int fd)
{
	struct statfs status;

	if (fstatfs(fd, &status) < 0)
		return false;
	return status.f_type == MSDOS_SUPER_MAGIC || status.f_type == EXFAT_SUPER_MAGIC ||
	       (unsigned long)status.f_type == 0x5346544eUL ||	/* NTFS */
	       (unsigned long)status.f_type == 0x7366746eUL;	/* ntfs3 */
}

static int refuse_modes(const char *path, int fd, mode_t mode)
{
	if (has_no_modes(fd))
		fprintf(stderr,
			"cordon repo: %s: others can read it, and this file system has no "
			"permissions: mount it with \"-o uid=%u,umask=077\", or \"install -m 600\" "
			"the file into a folder of yours\n",
			path, (unsigned int)geteuid());
	else
		fprintf(stderr,
			"cordon repo: %s: others can %s it (mode %04o): chmod 600 %s; exchange a "
			"key that others may have read\n",
			path, mode & 022 ? "change" : "read", (unsigned int)mode & 07777, path);
	return -EPERM;
}

static int check_file(const char *path, int fd)
{
	struct stat status, link;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode)) {
		fprintf(stderr, "cordon repo: %s: expected a file\n", path);
		return -EINVAL;
	}
	if (!is_ours(&status) || lstat(path, &link) < 0 || !is_ours(&link)) {
		fprintf(stderr, "cordon repo: %s: it belongs to user %u, who can change it; "
			"expected a file of your own (user %u)\n", path,
			(unsigned int)(is_ours(&status) ? link.st_uid : status.st_uid),
			(unsigned int)geteuid());
		return -EPERM;
	}
	return status.st_mode & 077 ? refuse_modes(path, fd, status.st_mode) : 0;
}

/* A user who may write there can put another file in its place; in /tmp and its like only its
 * owner. */
static int check_folder(const char *path, const char *folder)
{
	struct stat status;

	if (stat(folder, &status) < 0)
		return -errno;
	if (is_ours(&status) && (!(status.st_mode & 022) || status.st_mode & S_ISVTX))
		return 0;
	if (is_ours(&status))
		fprintf(stderr, "cordon repo: %s: others can exchange it, since they can write %s "
			"(mode %04o): chmod go-w %s\n", path, folder,
			(unsigned int)status.st_mode & 07777, folder);
	else
		fprintf(stderr, "cordon repo: %s: user %u can exchange it, who owns %s; expected a "
			"folder of your own\n", path, (unsigned int)status.st_uid, folder);
	return -EPERM;
}

static int check_folders(const char *path)
{
	char *real = realpath(path, NULL), *folder = real;
	int error = real ? 0 : -errno;

	while (!error && strcmp(folder, "/") != 0) {
		folder = dirname(folder);
		error = check_folder(path, folder);
	}
	free(real);
	return error;
}

int repo_private_read(const char *path, char **data, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = fd < 0 ? -errno : check_file(path, fd);

	if (!error)
		error = check_folders(path);
	if (!error)
		error = file_read_fd(fd, KEY_PEM_MAX, data, size);
	if (fd >= 0)
		close(fd);
	if (error && error != -EPERM && error != -EINVAL)
		fprintf(stderr, "cordon repo: %s: cannot be read: %s\n", path, strerror(-error));
	return error;
}
