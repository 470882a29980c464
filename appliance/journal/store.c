/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

struct log_store {
	int folder;
	int fd;			/* of the current part; -1: could not be opened, retried */
	uint64_t size;		/* of the current part */
	uint64_t budget;	/* as it was asked for */
	uint64_t part;		/* most bytes a part may have */
	uint64_t freed;
	bool dirty;
};

enum { PART_NAME = 32, PART_MODE = 0640, COPY = 16 * 1024 };

static const char *part_name(unsigned int number, char buffer[PART_NAME])
{
	if (number == 0)
		snprintf(buffer, PART_NAME, "%s", STORE_CURRENT);
	else
		snprintf(buffer, PART_NAME, STORE_OLD, number);
	return buffer;
}

/* If the budget was lowered, old parts may exceed their share: the oldest go first. */
static void trim(const struct log_store *store)
{
	uint64_t room = store->part * (STORE_PARTS - 1);
	char name[PART_NAME];
	struct stat status;

	for (unsigned int number = 1; number < STORE_PARTS; number++) {
		if (fstatat(store->folder, part_name(number, name), &status,
			    AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if ((uint64_t)status.st_size > room) {
			unlinkat(store->folder, name, 0);
			room = 0;
		} else {
			room -= (uint64_t)status.st_size;
		}
	}
}

/*
 * After a power cut the file may be longer than what reached the disk, with zeros in place of the
 * last lines. Those lines are lost anyway, and the zeros would hide the next line from line
 * readers.
 */
static int drop_zeros(struct log_store *store)
{
	uint64_t size = store->size;
	char last;

	while (size > 0 && pread(store->fd, &last, 1, (off_t)size - 1) == 1 && last == '\0')
		size--;
	if (size == store->size)
		return 0;
	store->size = size;
	return ftruncate(store->fd, (off_t)size) < 0 ? -errno : 0;
}

/* A power cut can leave half a line; the next one must not become part of it. */
static int end_last_line(struct log_store *store)
{
	char last;

	if (store->size == 0 || pread(store->fd, &last, 1, (off_t)store->size - 1) != 1 ||
	    last == '\n')
		return 0;
	if (write(store->fd, "\n", 1) != 1)
		return -EIO;
	store->size++;
	return 0;
}

static int open_current(struct log_store *store)
{
	struct stat status;
	int error;

	store->fd = openat(store->folder, STORE_CURRENT,
			   O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			   PART_MODE);
	if (store->fd < 0)
		return -errno;
	error = fstat(store->fd, &status) < 0 ? -errno : 0;
	if (!error && !S_ISREG(status.st_mode))
		error = -EINVAL;
	if (!error) {
		store->size = (uint64_t)status.st_size;
		error = drop_zeros(store);
	}
	if (!error) {
		error = end_last_line(store);
	}
	if (error) {
		close(store->fd);
		store->fd = -1;
	}
	return error;
}

uint64_t store_budget(int folder, uint64_t budget)
{
	struct statvfs disk;
	uint64_t half = fstatvfs(folder, &disk) == 0 ? (uint64_t)disk.f_blocks * disk.f_frsize / 2 :
			0;

	return half && half < budget ? half : budget;
}

int store_open(struct log_store **store, int folder, uint64_t budget)
{
	struct log_store *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return -ENOMEM;
	new->folder = folder;
	new->budget = budget;
	new->part = store_budget(folder, budget) / STORE_PARTS;
	error = open_current(new);
	if (error) {
		free(new);
		return error;
	}
	trim(new);
	*store = new;
	return 0;
}

void store_close(struct log_store *store)
{
	if (store->fd >= 0) {
		fdatasync(store->fd);
		close(store->fd);
	}
	free(store);
}

/* Each part moves on by one; the last rename replaces the oldest. */
static int rotate(struct log_store *store)
{
	char from[PART_NAME], to[PART_NAME];

	for (unsigned int number = STORE_PARTS - 1; number > 0; number--) {
		if (renameat(store->folder, part_name(number - 1, from), store->folder,
			     part_name(number, to)) < 0 && errno != ENOENT)
			return -errno;
	}
	close(store->fd);
	store->fd = -1;
	/* The disk may have grown. */
	store->part = store_budget(store->folder, store->budget) / STORE_PARTS;
	trim(store);
	return open_current(store);
}

/* Writes the whole line or nothing of it. */
static int write_line(struct log_store *store, const char *line, size_t length)
{
	const struct iovec parts[2] = {
		{ .iov_base = (char *)(uintptr_t)line, .iov_len = length },
		{ .iov_base = (char *)(uintptr_t)"\n", .iov_len = 1 },
	};
	ssize_t done;

	do
		done = writev(store->fd, parts, 2);
	while (done < 0 && errno == EINTR);
	if (done == (ssize_t)length + 1) {
		store->size += length + 1;
		store->dirty = true;
		return 0;
	}
	if (done < 0)
		return -errno;
	/* A full disk accepted half of it. If the rest cannot be removed, the next line must at
	 * least start on its own: reopening the part ends the broken line. */
	if (ftruncate(store->fd, (off_t)store->size) < 0) {
		close(store->fd);
		store->fd = -1;
	}
	return -ENOSPC;
}

/* ---- a full disk ---- */

/* Where the first line after at begins; end: there is none. */
static off_t next_line(int fd, off_t at, off_t end)
{
	char buffer[COPY];
	ssize_t got;

	while (at < end && (got = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		const char *newline = memchr(buffer, '\n', (size_t)got);

		if (newline)
			return at + (newline - buffer) + 1;
		at += got;
	}
	return end;
}

/*
 * Moves the newest bytes of a file to its front, which needs no space on a full disk. A power cut
 * in between leaves repeated or cut lines, which readers skip.
 */
static int move_down(int fd, off_t size, off_t from)
{
	char buffer[COPY];
	off_t to = 0;

	for (ssize_t got; from < size; from += got, to += got) {
		got = pread(fd, buffer, sizeof(buffer), from);
		if (got <= 0 || pwrite(fd, buffer, (size_t)got, to) != got)
			return -EIO;
	}
	return ftruncate(fd, to) < 0 ? -errno : 0;
}

/* Removes all but the newest bytes of a part; *size is then what is left. */
static int cut(const struct log_store *store, unsigned int number, off_t keep, off_t *size)
{
	char name[PART_NAME];
	int fd = openat(store->folder, part_name(number, name),
			O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status = { .st_size = 0 };
	off_t from;
	int error;

	if (fd < 0)
		return -errno;
	from = next_line(fd, *size - keep - 1, *size);
	error = move_down(fd, *size, from);
	if (fstat(fd, &status) == 0)
		*size = status.st_size;
	close(fd);
	return error;
}

/* The oldest part, with its size and that of all newer ones; 0: it is the current one. */
static unsigned int oldest_part(const struct log_store *store, off_t *size, off_t *newer)
{
	unsigned int oldest = 0;
	char name[PART_NAME];
	struct stat status;

	*size = *newer = 0;
	for (unsigned int number = 0; number < STORE_PARTS; number++) {
		if (fstatat(store->folder, part_name(number, name), &status,
			    AT_SYMLINK_NOFOLLOW) < 0 || (number && status.st_size == 0))
			continue;
		*newer += *size;
		*size = status.st_size;
		oldest = number;
	}
	return oldest;
}

/*
 * Removes the oldest lines: a whole part, or its older half if some of it must stay. -ENOSPC: the
 * rest must stay. Some file systems return space only with their next commit.
 */
static int make_room(struct log_store *store)
{
	off_t size, newer, keep, before;
	unsigned int oldest = oldest_part(store, &size, &newer);
	char name[PART_NAME];
	int error = 0;

	before = size;
	keep = store->part / 2 < STORE_KEEP ? (off_t)(store->part / 2) : STORE_KEEP;
	keep = newer < keep ? keep - newer : 0;
	if (keep >= size)
		return -ENOSPC;
	if (keep == 0 && unlinkat(store->folder, part_name(oldest, name), 0) == 0)
		size = 0;
	else
		error = cut(store, oldest, keep > size / 2 ? keep : size / 2, &size);
	if (oldest == 0)
		store->size = (uint64_t)size;
	store->freed += (uint64_t)(before - size);
	(void)fdatasync(store->folder);
	return error ? error : size < before ? 0 : -ENOSPC;
}

static int append_line(struct log_store *store, const char *line, size_t length)
{
	int error = 0;

	if (length >= store->part)
		return -EMSGSIZE;
	if (store->fd < 0)
		error = open_current(store);
	if (!error && store->size > store->part - length - 1)
		error = rotate(store);
	return error ? error : write_line(store, line, length);
}

int store_append(struct log_store *store, const char *line, size_t length)
{
	int error = append_line(store, line, length);

	while ((error == -ENOSPC || error == -EDQUOT) && make_room(store) == 0)
		error = append_line(store, line, length);
	return error;
}

/*
 * Starts the write without waiting: fdatasync would block the reader of the rings for as long as a
 * slow medium takes. The file system commits the rest within seconds.
 */
int store_sync(struct log_store *store)
{
	if (!store->dirty || store->fd < 0)
		return 0;
	store->dirty = false;
	return sync_file_range(store->fd, 0, 0, SYNC_FILE_RANGE_WRITE) < 0 ? -errno : 0;
}

uint64_t store_freed(struct log_store *store)
{
	uint64_t freed = store->freed;

	store->freed = 0;
	return freed;
}
