/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/days.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 86400, WEEK = 7 };

static const char *const endings[] = {
	[DAYS_OPEN] = ".open.db", [DAYS_CLOSED] = ".db", [DAYS_NEW] = ".new",
};

static const char *const grains[DAYS_GRAINS] = { "", ".hours", ".whole" };

const char *days_grain_print(enum days_grain grain)
{
	return grain == DAYS_MINUTES ? "minutes" : grains[grain] + 1;
}

int32_t days_of(int64_t wall_ms)
{
	int64_t day = wall_ms / 1000 / DAY_S;

	/* Until the year 9999. */
	return wall_ms < 0 ? 0 : day > 2932896 ? 2932896 : (int32_t)day;
}

char *days_print(const struct days_file *file, char name[DAYS_NAME])
{
	time_t seconds = (time_t)file->date * DAY_S;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(name, DAYS_NAME, "%06u-%04u-%02u-%02u%s%s", file->number % 1000000000U,
		 (unsigned int)(tm.tm_year + 1900) % 10000U, (unsigned int)tm.tm_mon + 1,
		 (unsigned int)tm.tm_mday, grains[file->grain], endings[file->kind]);
	return name;
}

bool days_parse(const char *name, struct days_file *file)
{
	char again[DAYS_NAME];
	struct tm tm = { .tm_mday = 1 };
	const char *end;
	char *dash;

	*file = (struct days_file){ .number = (uint32_t)strtoul(name, &dash, 10) };
	if (dash - name < 6 || dash - name > 9 || *dash != '-')
		return false;
	end = strptime(dash + 1, "%Y-%m-%d", &tm);
	if (!end)
		return false;
	file->date = (int32_t)(timegm(&tm) / DAY_S);
	for (int grain = DAYS_HOURS; grain < DAYS_GRAINS; grain++) {
		size_t length = strlen(grains[grain]);

		if (strncmp(end, grains[grain], length) != 0)
			continue;
		file->grain = (enum days_grain)grain;
		end += length;
		if (strcmp(end, endings[DAYS_CLOSED]) != 0)
			return false;
	}
	for (int kind = DAYS_OPEN; kind <= DAYS_NEW; kind++) {
		if (strcmp(end, endings[kind]) != 0)
			continue;
		file->kind = (enum days_kind)kind;
		return strcmp(days_print(file, again), name) == 0;
	}
	return false;
}

static int compare(const void *left, const void *right)
{
	const struct days_file *a = left, *b = right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if ((a->kind == DAYS_CLOSED) != (b->kind == DAYS_CLOSED))
		return a->kind == DAYS_CLOSED ? -1 : 1;
	return (int)b->grain - (int)a->grain;
}

/* False: it is not there, or no regular file. */
static bool measure(int folder, const char *name, const char *side, uint64_t *size)
{
	char path[256 + 8];
	struct stat status;

	snprintf(path, sizeof(path), "%s%s", name, side);
	if (fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
		return false;
	*size += (uint64_t)status.st_blocks * 512;
	return true;
}

static int add(struct days *days, int folder, const char *name)
{
	struct days_file file, *more;

	if (!days_parse(name, &file) || !measure(folder, name, "", &file.size))
		return 0;
	(void)measure(folder, name, "-wal", &file.size);
	if (days->count % 64 == 0) {
		more = realloc(days->file, (days->count + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		days->file = more;
	}
	days->file[days->count++] = file;
	return days->count > 4 * DAYS_MAX ? -E2BIG : 0;
}

int days_list(int folder, struct days *days)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	const struct dirent *entry;
	DIR *directory;

	*days = (struct days){ .count = 0 };
	if (copy < 0)
		return -errno;
	directory = fdopendir(copy);
	if (!directory) {
		close(copy);
		return -ENOMEM;
	}
	while (!error && (entry = readdir(directory)))
		error = add(days, folder, entry->d_name);
	closedir(directory);
	if (error)
		return error;
	if (days->count)
		qsort(days->file, days->count, sizeof(*days->file), compare);
	if (days->count > DAYS_MAX) {
		memmove(days->file, days->file + days->count - DAYS_MAX,
			DAYS_MAX * sizeof(*days->file));
		days->count = DAYS_MAX;
	}
	return 0;
}

bool days_is_read(const struct days *days, size_t index)
{
	const struct days_file *file = &days->file[index];

	if (file->kind == DAYS_NEW)
		return false;
	return index == 0 || file[-1].number != file->number || file[-1].kind != DAYS_CLOSED;
}

const struct days_file *days_to_fold(const struct days *days)
{
	for (int grain = DAYS_MINUTES; grain < DAYS_WHOLE; grain++) {
		for (size_t i = 0; i < days->count; i++) {
			const struct days_file *file = &days->file[i];

			if (file->kind == DAYS_CLOSED && (int)file->grain == grain &&
			    !file->damaged && days_is_read(days, i))
				return file;
		}
	}
	return NULL;
}

void days_free(struct days *days)
{
	free(days->file);
	*days = (struct days){ .count = 0 };
}

int days_remove(int folder, const struct days_file *file)
{
	char name[DAYS_NAME], side[DAYS_NAME + 8];
	int error = unlinkat(folder, days_print(file, name), 0) < 0 ? -errno : 0;

	snprintf(side, sizeof(side), "%s-wal", name);
	(void)unlinkat(folder, side, 0);
	snprintf(side, sizeof(side), "%s-shm", name);
	(void)unlinkat(folder, side, 0);
	return error;
}

/* The latest date up to this file that was not in the future; 0: none. */
static int32_t later(int32_t known, int32_t date, int32_t today)
{
	return date > today || date < known ? known : date;
}

/* Days behind this one whose dates go up to the end of its retention: a week of them, or what fits
 * into a shorter retention. */
static bool is_over(const struct days *days, size_t index, int32_t end, uint32_t retention_days,
		    int32_t today)
{
	const uint32_t needed = retention_days < WEEK ? retention_days : WEEK;
	int32_t date = end - WEEK;
	uint32_t found = 0;

	for (size_t i = index + 1; i < days->count && found < needed; i++) {
		if (days->file[i].date <= date || days->file[i].date > today)
			continue;
		date = days->file[i].date;
		found++;
	}
	return found == needed;
}

size_t days_expired(const struct days *days, uint64_t budget, uint32_t retention_days,
		    int32_t today)
{
	uint64_t used = 0;
	int32_t known = 0;
	size_t gone = 0;

	for (size_t i = 0; i < days->count; i++)
		used += days->file[i].size;
	while (gone + 1 < days->count) {
		int32_t next = later(later(known, days->file[gone].date, today),
				     days->file[gone + 1].date, today);
		int32_t end;
		bool old;

		known = later(known, days->file[gone].date, today);
		/* A clock in 1970 says nothing: then the day after it tells. */
		end = (known > 365 ? known : next) + (int32_t)retention_days;
		old = retention_days && next > 0 && today > 0 && end < today &&
		      is_over(days, gone, end, retention_days, today);
		if (used <= budget && !old)
			break;
		used -= days->file[gone++].size;
	}
	return gone;
}
