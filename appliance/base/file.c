/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_fd(int fd, size_t limit, char **data, size_t *size)
{
	struct stat status;
	char *buffer;
	size_t at = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size < 0 || (uintmax_t)status.st_size > limit)
		return -EFBIG;
	buffer = malloc((size_t)status.st_size + 1);
	if (!buffer)
		return -ENOMEM;
	while (at < (size_t)status.st_size) {
		ssize_t got = pread(fd, buffer + at, (size_t)status.st_size - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = -errno;

			free(buffer);
			return error;
		}
		if (got == 0)
			break;
		at += (size_t)got;
	}
	buffer[at] = '\0';
	*data = buffer;
	*size = at;
	return 0;
}

int file_read(int folder, const char *path, size_t limit, char **data, size_t *size)
{
	/* O_NONBLOCK: a named pipe in place of the file must not block the reader. */
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	error = file_read_fd(fd, limit, data, size);
	close(fd);
	return error;
}

int file_write_all(int fd, const void *data, size_t size)
{
	const char *bytes = data;

	while (size) {
		ssize_t done = write(fd, bytes, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		size -= (size_t)done;
	}
	return 0;
}

/* Syncs the folder that contains path, so that the rename itself reaches the disk. */
static int sync_folder(int folder, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX] = ".";
	int fd, error = 0;

	if (slash == path)
		snprintf(parent, sizeof(parent), "/");
	else if (slash)
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	fd = openat(folder, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* Opens nothing that exists: on an untrusted stick the name may be a device, a pipe, or a second
 * name of another file. */
static int create(int folder, const char *path, mode_t mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = openat(folder, path, flags, mode);

	if (fd < 0 && errno == EEXIST && unlinkat(folder, path, 0) == 0)
		fd = openat(folder, path, flags, mode);
	return fd < 0 ? -errno : fd;
}

int file_replace(int folder, const char *path, const void *data, size_t size, mode_t mode)
{
	char temporary[PATH_MAX];
	int fd, error;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = create(folder, temporary, mode);
	if (fd < 0)
		return fd;
	error = file_write_all(fd, data, size);
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	if (!error && renameat(folder, temporary, folder, path) < 0)
		error = -errno;
	if (error) {
		unlinkat(folder, temporary, 0);
		return error;
	}
	return sync_folder(folder, path);
}

/* For devices, pipes and terminals: writes all of it, or returns an error. */
static int write_through(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), error;
	struct stat status;

	if (fd < 0)
		return errno == ENXIO ? -ENOTSUP : -errno;
	/* It may have been exchanged. */
	error = fstat(fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? -ELOOP : 0;
	if (!error)
		error = file_write_all(fd, data, size);
	/* Pipes and terminals cannot sync, and need not. */
	if (!error && fsync(fd) < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		error = -errno;
	close(fd);
	return error;
}

int file_write_named(const char *path, const void *data, size_t size, mode_t mode, bool new)
{
	struct stat named, status;

	if (strcmp(path, "-") == 0)
		return file_write_all(STDOUT_FILENO, data, size);
	if (lstat(path, &named) < 0)
		return errno == ENOENT ? file_replace(AT_FDCWD, path, data, size, mode) : -errno;
	if (new)
		return -EEXIST;
	if (S_ISREG(named.st_mode))
		return file_replace(AT_FDCWD, path, data, size,
				    named.st_uid == geteuid() ? named.st_mode & mode : mode);
	if (stat(path, &status) < 0)
		return errno == ENOENT ? -ELOOP : -errno;
	if (S_ISREG(status.st_mode))
		return -ELOOP;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	return S_ISSOCK(status.st_mode) ? -ENOTSUP : write_through(path, data, size);
}

const char *file_write_problem(int error)
{
	switch (error) {
	case -ELOOP:
		return "this is a symbolic link: name the file that it leads to, or - for standard "
		       "output";
	case -EISDIR:
		return "this is a folder: name a file in it";
	case -ENOTSUP:
		return "this is a socket: name a file";
	case -EEXIST:
		return "already exists: name another file, or move it away";
	default:
		return strerror(-error);
	}
}

bool file_error_passes(int error)
{
	switch (error) {
	case 0:
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR:
	case -ELOOP:
	case -EINVAL:
	case -EFBIG:
	case -EBADMSG:
		return false;
	default:
		return true;
	}
}

int file_set_aside(int folder, const char *path)
{
	char aside[PATH_MAX];

	if (snprintf(aside, sizeof(aside), "%s.damaged", path) >= (int)sizeof(aside))
		return -ENAMETOOLONG;
	return renameat(folder, path, folder, aside) < 0 ? -errno : 0;
}

/* ---- locks ---- */

enum { LOCK_TRIES = 8 };

/*
 * Others could have opened it before its mode was corrected: a lock on such a file protects
 * nothing.
 */
static bool is_private(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
	       status.st_uid == geteuid() && (status.st_mode & 077) == 0;
}

/* Another process may have replaced the file between our open and our lock. */
static bool is_still_there(int folder, const char *path, int fd)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 &&
	       fstatat(folder, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* A descriptor of a private file; -EAGAIN: the file is gone now, try again. */
static int open_private(int folder, const char *path)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = openat(folder, path, flags, 0600), error = fd < 0 ? -errno : 0;

	if (fd >= 0 && is_private(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	else if (error != -ELOOP && error != -ENXIO)
		return error;
	return unlinkat(folder, path, 0) < 0 && errno != ENOENT ? -errno : -EAGAIN;
}

static int take(int fd, bool wait)
{
	int result;

	do
		result = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

int file_lock(int folder, const char *path, bool wait)
{
	int error = -EAGAIN;

	for (int i = 0; error == -EAGAIN && i < LOCK_TRIES; i++) {
		int fd = open_private(folder, path);

		if (fd < 0) {
			error = fd;
			continue;
		}
		error = take(fd, wait);
		if (!error && is_still_there(folder, path, fd))
			return fd;
		close(fd);
		if (error)
			return error;
		error = -EAGAIN;
	}
	return error == -EAGAIN ? -EBUSY : error;
}
