/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"

/* Folders that others write to: everything opened and removed is beneath them. */

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* ---- opening ---- */

/* O_DIRECTORY reports ENOTDIR for a link too. */
static int explain(int folder, const char *name, int error)
{
	struct stat status;

	if (error == ENOTDIR && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(status.st_mode))
		return -ELOOP;
	return -error;
}

static int open_part(int folder, const char *name, int flags, mode_t mode)
{
	int fd;

	if (!*name || is_dots(name))
		return -EINVAL;
	fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode);
	return fd < 0 ? explain(folder, name, errno) : fd;
}

int file_open_beneath(int folder, const char *path, int flags, mode_t mode)
{
	char copy[PATH_MAX], *part = copy, *slash;
	int at = folder, next;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	while ((slash = strchr(part, '/'))) {
		*slash = '\0';
		next = open_part(at, part, O_PATH | O_DIRECTORY, 0);
		if (at != folder)
			close(at);
		if (next < 0)
			return next;
		at = next;
		part = slash + 1;
	}
	next = open_part(at, part, flags, mode);
	if (at != folder)
		close(at);
	return next;
}

/* ---- removing ---- */

/*
 * Nested folders are moved to the top before they are emptied. So depth costs neither descriptors
 * nor stack, and no path becomes long.
 */
struct removal {
	DIR *top;
	dev_t device;
	unsigned int next;	/* number of the next folder to move up */
	unsigned int entries;
	int error;		/* of the first that stayed */
	bool progress;		/* another pass is worthwhile */
};

static void take(struct removal *removal, int error)
{
	if (error && !removal->error)
		removal->error = error;
	removal->progress |= error == 0;
}

/* -EISDIR: a folder that is not empty. */
static int remove_entry(int folder, const char *name)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR && unlinkat(folder, name, AT_REMOVEDIR) == 0)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? -EISDIR : -errno;
}

/* NULL with errno. */
static DIR *open_folder(int parent, const char *name, dev_t *device)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct stat status;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (fstat(fd, &status) < 0 || (*device && status.st_dev != *device)) {
		closedir(directory);
		errno = EXDEV;
		return NULL;
	}
	*device = status.st_dev;
	return directory;
}

/* Skips names that the tree has already. */
static int move_up(struct removal *removal, int from, const char *name)
{
	char fresh[32];
	int result;

	do {
		snprintf(fresh, sizeof(fresh), ".removed-%u", removal->next++);
		result = renameat(from, name, dirfd(removal->top), fresh);
	} while (result < 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) &&
		 removal->next < FILE_REMOVE_MOST);
	if (result < 0)
		return -errno;
	removal->progress = true;
	return 0;
}

/* Empties a folder directly in the top one. */
static int empty(struct removal *removal, DIR *folder)
{
	const struct dirent *entry;

	while ((entry = readdir(folder))) {
		int error;

		if (is_dots(entry->d_name))
			continue;
		if (removal->entries++ >= FILE_REMOVE_MOST)
			return -E2BIG;
		error = remove_entry(dirfd(folder), entry->d_name);
		take(removal, error == -EISDIR ? move_up(removal, dirfd(folder), entry->d_name) :
						 error);
	}
	return 0;
}

static int remove_inner(struct removal *removal, const char *name)
{
	DIR *inner = open_folder(dirfd(removal->top), name, &removal->device);
	int error = inner ? empty(removal, inner) : -errno;

	if (inner)
		closedir(inner);
	return error ? error : remove_entry(dirfd(removal->top), name);
}

/* Once over the top folder. */
static int pass(struct removal *removal)
{
	const struct dirent *entry;

	removal->progress = false;
	removal->error = 0;
	rewinddir(removal->top);
	while ((entry = readdir(removal->top))) {
		int error;

		if (is_dots(entry->d_name))
			continue;
		if (removal->entries++ >= FILE_REMOVE_MOST)
			return -E2BIG;
		error = remove_entry(dirfd(removal->top), entry->d_name);
		if (error == -EISDIR)
			error = remove_inner(removal, entry->d_name);
		if (error == -E2BIG)
			return error;
		take(removal, error == -EISDIR ? -ENOTEMPTY : error);
	}
	return 0;
}

static int remove_folder(int parent, const char *name)
{
	struct removal removal = { .next = 0 };
	int error;

	removal.top = open_folder(parent, name, &removal.device);
	if (!removal.top)
		return -errno;
	do
		error = pass(&removal);
	while (!error && removal.progress);
	closedir(removal.top);
	if (!error)
		error = remove_entry(parent, name);
	return error == -EISDIR ? (removal.error ? removal.error : -ENOTEMPTY) : error;
}

int file_remove_tree(int folder, const char *name)
{
	int error;

	if (!*name || is_dots(name) || strchr(name, '/'))
		return -EINVAL;
	error = remove_entry(folder, name);
	return error == -EISDIR ? remove_folder(folder, name) : error;
}
