/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"

struct folder {
	struct store store;
	int fd;		/* the caller's */
	int lock;
};

static int load(struct store *store, const char *name, size_t limit, void **data, size_t *size)
{
	const struct folder *folder = store->context;
	char *bytes;
	int fd, error;

	if (!store_check_name(name))
		return -EINVAL;
	fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	error = file_read_fd(fd, limit, &bytes, size);
	close(fd);
	if (!error)
		*data = bytes;
	return error;
}

static int save(struct store *store, const char *name, const void *data, size_t size)
{
	const struct folder *folder = store->context;

	return store_check_name(name) ? file_replace(folder->fd, name, data, size, 0644) : -EINVAL;
}

static int forget(struct store *store, const char *name)
{
	const struct folder *folder = store->context;

	if (!store_check_name(name))
		return -EINVAL;
	if (unlinkat(folder->fd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(folder->fd) < 0 ? -errno : 0;
}

static int prune(struct store *store, const char *ending, const char *const *keep, size_t count)
{
	const struct folder *folder = store->context;
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!directory) {
		error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(directory))) {
		if (store_goes(entry->d_name, ending, keep, count) &&
		    unlinkat(folder->fd, entry->d_name, 0) < 0 && errno != ENOENT)
			error = -errno;
	}
	closedir(directory);
	return error;
}

static void release(struct store *store)
{
	struct folder *folder = store->context;

	close(folder->lock);
	free(folder);
}

/*
 * The file stays: if another process replaced it, a lock on the old one would not protect anything.
 */
static int take_lock(int folder, struct diag *diag)
{
	int fd = file_lock(folder, "lock", false), error;

	if (fd >= 0)
		return fd;
	error = fd == -EWOULDBLOCK ? -EBUSY : fd;
	if (error == -EBUSY)
		diag_error(diag, "lock", 0, 0, "another client is using this folder: try again "
			   "when it is done");
	else
		diag_error(diag, "lock", 0, 0, "cannot lock the folder: %s", strerror(-error));
	return error;
}

int store_folder(struct store **store, int fd, struct diag *diag)
{
	struct folder *folder = malloc(sizeof(*folder));
	int error;

	if (!folder)
		return -ENOMEM;
	folder->fd = fd;
	folder->lock = take_lock(fd, diag);
	if (folder->lock < 0) {
		error = folder->lock;
		free(folder);
		return error;
	}
	folder->store = (struct store){ .load = load, .save = save, .remove = forget,
					.prune = prune, .free = release, .context = folder };
	/* A file that a power cut left half-written was never verified, and takes room. */
	error = prune(&folder->store, ".new", NULL, 0);
	if (error) {
		diag_error(diag, "state", 0, 0, "cannot clean up: %s", strerror(-error));
		release(&folder->store);
		return error;
	}
	*store = &folder->store;
	return 0;
}
