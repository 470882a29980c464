/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/retention.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "appliance/journal/store.h"

enum { HEAD = 16 * 1024, DAY_S = 86400 };

/* Every line begins with its time (journal/record.h). 0 when it does not. */
static int64_t line_time(const char *line, size_t length)
{
	static const char key[] = "{\"time\":\"";
	char text[sizeof("2026-11-23T23:14:59")];
	struct tm tm = { .tm_mday = 1 };
	const char *end;

	if (length < sizeof(key) - 1 + sizeof(text) || memcmp(line, key, sizeof(key) - 1) != 0)
		return 0;
	memcpy(text, line + sizeof(key) - 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	return end && *end == '\0' ? (int64_t)timegm(&tm) : 0;
}

int64_t retention_begin(const char *text, size_t length, int64_t floor, size_t *skipped)
{
	size_t at = 0;

	while (at < length) {
		const char *newline = memchr(text + at, '\n', length - at);
		int64_t time = newline ? line_time(text + at, (size_t)(newline - text) - at) : 0;

		*skipped = at;
		if (time >= floor && time > 0)
			return time;
		if (!newline)
			return 0;
		at = (size_t)(newline - text) + 1;
	}
	return 0;
}

double retention_days(const struct retention *retention, uint64_t bytes, int64_t begin, int64_t now)
{
	uint64_t room = retention->used + retention->free;
	int64_t age = now - begin;

	if (begin == 0 || age < RETENTION_AGE_S || bytes == 0)
		return -1;
	if (room > retention->budget)
		room = retention->budget;
	return (double)room / (double)bytes * (double)age / DAY_S;
}

/* A folder of the journal role's: nothing in it is believed to be a file. */
static int open_part(int folder, unsigned int number)
{
	char name[64] = "log/" STORE_CURRENT;

	if (number > 0)
		snprintf(name, sizeof(name), "log/" STORE_OLD, number);
	return openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Adds what one part says; the oldest comes first. */
static void read_part(struct retention *retention, int fd, int64_t floor, int64_t *begin,
		      uint64_t *bytes)
{
	char head[HEAD];
	size_t skipped = 0;
	struct stat status;
	ssize_t got;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	retention->used += (uint64_t)status.st_size;
	if (*begin == 0) {
		got = pread(fd, head, sizeof(head), 0);
		*begin = got > 0 ? retention_begin(head, (size_t)got, floor, &skipped) : 0;
	}
	if (*begin && (uint64_t)status.st_size > skipped)
		*bytes += (uint64_t)status.st_size - skipped;
}

void retention_read(struct retention *retention, int folder, uint64_t budget, int64_t floor,
		    int64_t now)
{
	struct statvfs disk;
	uint64_t bytes = 0;
	int64_t begin = 0;

	*retention = (struct retention){ .budget = budget };
	if (fstatvfs(folder, &disk) == 0)
		retention->free = (uint64_t)disk.f_bavail * disk.f_frsize;
	for (unsigned int number = STORE_PARTS; number-- > 0;) {
		int fd = open_part(folder, number);

		if (fd < 0)
			continue;
		read_part(retention, fd, floor, &begin, &bytes);
		close(fd);
	}
	retention->days = retention_days(retention, bytes, begin, now);
}
