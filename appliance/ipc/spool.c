/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"

enum { MAGIC = 0x436e6f31 };	/* "Cno1" */

static int open_folder(int state)
{
	int fd = openat(state, SPOOL_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

/* 20 digits, a dash and the writer's pid: names sort by time. */
static bool is_name(const char *name)
{
	return strspn(name, "0123456789") == 20 && name[20] == '-' && name[21] &&
	       strspn(name + 21, "0123456789") == strlen(name + 21) &&
	       strlen(name) < SPOOL_NAME;
}

/* The first name behind after, which may be name itself; *count: how many there are at all. */
static bool first_behind(int folder, const char *after, char name[SPOOL_NAME], size_t *count)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	char best[SPOOL_NAME] = "";

	*count = 0;
	while (entries && (entry = readdir(entries))) {
		if (!is_name(entry->d_name))
			continue;
		++*count;
		if (strcmp(entry->d_name, after) > 0 &&
		    (!best[0] || strcmp(entry->d_name, best) < 0))
			snprintf(best, sizeof(best), "%s", entry->d_name);
	}
	if (entries)
		closedir(entries);
	else if (copy >= 0)
		close(copy);
	memcpy(name, best, sizeof(best));
	return best[0] != '\0';
}

static int write_file(int folder, const struct handed *handed)
{
	uint8_t data[HANDED_MAX];
	struct cursor cursor = cursor_writer(data, sizeof(data));
	long long wall_ms = clock_wall_ms();
	char name[SPOOL_NAME];

	cursor_put32(&cursor, MAGIC);
	handed_put(&cursor, handed);
	if (cursor.failed)
		return -EMSGSIZE;
	/* One process may add two within a millisecond. */
	do
		snprintf(name, sizeof(name), "%020lld-%d", wall_ms++, (int)getpid());
	while (faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	return file_replace(folder, name, data, cursor.at, 0600);
}

int spool_add(int state, const struct handed *handed)
{
	char name[SPOOL_NAME];
	size_t count;
	int folder, error;

	if (mkdirat(state, SPOOL_FOLDER, 0700) < 0 && errno != EEXIST)
		return -errno;
	folder = open_folder(state);
	if (folder < 0)
		return folder;
	(void)first_behind(folder, "", name, &count);
	error = count >= SPOOL_MOST ? -ENOSPC : write_file(folder, handed);
	close(folder);
	return error;
}

int spool_decode(struct handed *handed, const void *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);

	return cursor_get32(&cursor) == MAGIC && handed_get(&cursor, handed) &&
	       cursor_left(&cursor) == 0 ? 0 : -EBADMSG;
}

int spool_next(int state, const char *after, char name[SPOOL_NAME], struct handed *handed)
{
	int folder = open_folder(state), error = 0;
	char *data = NULL;
	size_t count, size;

	if (folder < 0)
		return folder;
	if (!first_behind(folder, after, name, &count))
		error = -ENOENT;
	if (!error) {
		error = file_read(folder, name, HANDED_MAX, &data, &size);
		if (error == -EFBIG || error == -EINVAL)
			error = -EBADMSG;
	}
	if (!error)
		error = spool_decode(handed, data, size);
	free(data);
	close(folder);
	return error;
}

void spool_remove(int state, const char *name)
{
	int folder = open_folder(state);

	if (folder < 0)
		return;
	(void)unlinkat(folder, name, 0);
	close(folder);
}
