/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"

/* How many names of one folder are read: a stick may have more, but no repository does. */
enum { FOLDER_ENTRIES = 1 << 18 };

struct folder {
	struct source source;
	int fd;
};

/*
 * Does the folder list this name, byte for byte? A file system that ignores case (the FAT of a
 * stick) opens "2.ROOT.JSON" when asked for "2.root.json". Here, as everywhere else, that is
 * another file. 0 or -ENOENT.
 */
static int check_listed(int folder, const char *name)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry = NULL;
	unsigned int seen = 0;
	int error = directory ? -ENOENT : -errno;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return error;
	}
	while (seen++ < FOLDER_ENTRIES && (errno = 0, entry = readdir(directory))) {
		if (strcmp(entry->d_name, name) == 0) {
			error = 0;
			break;
		}
	}
	/* The end was not reached: an unread entry may still be the one. */
	if (error && (entry || errno))
		error = errno ? -errno : -E2BIG;
	closedir(directory);
	return error;
}

/* O_NOFOLLOW at every step: links on a stick are not followed. */
static int open_listed(int folder, const char *name, int flags)
{
	int fd, error = check_listed(folder, name);

	if (error)
		return error;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

/* Opens path below the folder, one component at a time. */
static int open_beneath(int folder, const char *path)
{
	int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);

	if (at < 0)
		return -errno;
	for (const char *slash; at >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		char name[NAME_MAX + 1];
		int next = -ENAMETOOLONG;

		if ((size_t)(slash - path) < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
			next = open_listed(at, name, O_DIRECTORY);
		}
		close(at);
		at = next;
	}
	if (at >= 0) {
		/* O_NONBLOCK: a pipe in place of a file must not block us. */
		int fd = open_listed(at, path, O_NONBLOCK);

		close(at);
		at = fd;
	}
	return at;
}

static void explain(const struct source *source, enum source_kind kind, const char *path,
		    size_t limit, int error, struct diag *diag)
{
	const char *folder = source_kind_print(kind);

	if (error == -EFBIG)
		diag_error(diag, source->name, 0, 0, "%s/%s is larger than %zu bytes", folder,
			   path, limit);
	else if (error == -ENOENT)
		diag_error(diag, source->name, 0, 0, "no such file: %s/%s", folder, path);
	else if (error == -ELOOP || error == -ENOTDIR || error == -EINVAL)
		diag_error(diag, source->name, 0, 0, "%s/%s: expected a regular file in regular "
			   "folders, no links", folder, path);
	else
		diag_error(diag, source->name, 0, 0, "cannot read %s/%s: %s", folder, path,
			   strerror(-error));
}

static int get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	       void **data, size_t *size, struct diag *diag)
{
	const struct folder *folder = source->context;
	char whole[PATH_MAX], *bytes;
	int fd, error = source_check_path(source, path, diag);

	if (error)
		return error;
	if (snprintf(whole, sizeof(whole), "%s/%s", source_kind_print(kind), path) >=
	    (int)sizeof(whole))
		return -ENAMETOOLONG;
	fd = open_beneath(folder->fd, whole);
	error = fd < 0 ? fd : file_read_fd(fd, limit, &bytes, size);
	if (fd >= 0)
		close(fd);
	if (error) {
		explain(source, kind, path, limit, error, diag);
		return error;
	}
	*data = bytes;
	return 0;
}

static void release(struct source *source)
{
	struct folder *folder = source->context;

	close(folder->fd);
	free(folder);
}

int source_folder(struct source **source, const char *path)
{
	struct folder *folder;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	folder = malloc(sizeof(*folder));
	if (!folder) {
		close(fd);
		return -ENOMEM;
	}
	*folder = (struct folder){ .source = { .get = get, .free = release, .context = folder },
				   .fd = fd };
	snprintf(folder->source.name, sizeof(folder->source.name), "%s", path);
	*source = &folder->source;
	return 0;
}
