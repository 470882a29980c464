/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	/* O_NONBLOCK: a named pipe in place of the file must not hang the reader. */
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

/* The folder that holds path, opened, so that the rename itself reaches the disk. */
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

/* Nothing that stands there is opened: on a stranger's stick the name may be a device, a pipe, or a
 * second name of another file. */
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
