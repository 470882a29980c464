/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/journal/days.h"

char *parts_print(unsigned int number, bool taken, char buffer[PARTS_NAME])
{
	const char *ending = taken ? ".taken" : "";

	if (number == 0)
		snprintf(buffer, PARTS_NAME, "events.jsonl%s", ending);
	else
		snprintf(buffer, PARTS_NAME, "events.%u.jsonl%s", number % PARTS, ending);
	return buffer;
}

static bool exists(int folder, unsigned int number, bool taken, struct stat *status)
{
	char name[PARTS_NAME];

	return fstatat(folder, parts_print(number, taken, name), status,
		       AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status->st_mode);
}

int parts_oldest(int folder, bool taken)
{
	struct stat status;

	for (int number = PARTS - 1; number >= 0; number--) {
		if (exists(folder, (unsigned int)number, taken, &status))
			return number;
	}
	return -1;
}

uint64_t parts_bytes(int folder, bool taken)
{
	struct stat status;
	uint64_t bytes = 0;

	for (unsigned int number = 0; number < PARTS; number++) {
		if (exists(folder, number, taken, &status))
			bytes += (uint64_t)status.st_size;
	}
	return bytes;
}

static uint64_t drop(int folder, unsigned int number)
{
	char name[PARTS_NAME];
	struct stat status;

	if (!exists(folder, number, true, &status) ||
	    unlinkat(folder, parts_print(number, true, name), 0) < 0)
		return 0;
	return (uint64_t)status.st_size;
}

uint64_t parts_drop(int folder)
{
	int number = parts_oldest(folder, true);

	return number < 0 ? 0 : drop(folder, (unsigned int)number);
}

uint64_t parts_trim(int folder, uint64_t room, int32_t date)
{
	uint64_t bytes = parts_bytes(folder, true);
	struct stat status;

	for (unsigned int number = PARTS; number-- > 0;) {
		if (!exists(folder, number, true, &status))
			continue;
		if (bytes > room || days_of((int64_t)status.st_mtime * 1000) < date)
			bytes -= drop(folder, number);
	}
	return bytes;
}

/* ---- lines ---- */

int parts_open(struct parts_reader *reader, int folder, unsigned int number)
{
	char name[PARTS_NAME];
	struct stat status;
	int error = 0;

	reader->begin = reader->end = 0;
	reader->skip = false;
	reader->fd = openat(folder, parts_print(number, false, name),
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (reader->fd < 0)
		return -errno;
	if (fstat(reader->fd, &status) < 0)
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = -ENOENT;
	if (error) {
		parts_close(reader);
		return error;
	}
	reader->inode = status.st_ino;
	reader->size = (uint64_t)status.st_size;
	return 0;
}

void parts_close(struct parts_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
}

/* More bytes behind those that are there; false: there are none. */
static bool fetch(struct parts_reader *reader)
{
	ssize_t got;

	memmove(reader->data, reader->data + reader->begin, reader->end - reader->begin);
	reader->end -= reader->begin;
	reader->begin = 0;
	do
		got = read(reader->fd, reader->data + reader->end,
			   sizeof(reader->data) - reader->end);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	reader->end += (size_t)got;
	return true;
}

/* What is up to the next newline, or up to the end; false: there is nothing. */
static bool next(struct parts_reader *reader, const char **line, size_t *length)
{
	for (;;) {
		const char *begin = reader->data + reader->begin;
		size_t size = reader->end - reader->begin;
		const char *newline = memchr(begin, '\n', size);

		if (!newline && size <= JSONL_MAX && fetch(reader))
			continue;
		*line = reader->data + reader->begin;
		*length = newline ? (size_t)(newline - begin) : size;
		reader->begin += *length + (newline ? 1 : 0);
		reader->skip = !newline && size > JSONL_MAX;
		return newline || size > 0;
	}
}

bool parts_next(struct parts_reader *reader, const char **line, size_t *length)
{
	do {
		bool rest = reader->skip;

		if (!next(reader, line, length))
			return false;
		if (rest)
			*length = 0;
	} while (*length == 0);
	return true;
}
