/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/oom.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t oom_parse(const char *text)
{
	static const char key[] = "oom_kill ";

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			return strtoull(line + sizeof(key) - 1, NULL, 10);
	}
	return 0;
}

/* Of /proc or /sys, whose files have no size; "" when it cannot be read. */
static const char *read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	ssize_t got = fd < 0 ? 0 : 1;

	while (got > 0 && at < size - 1) {
		got = read(fd, text + at, size - 1 - at);
		at += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	text[at] = '\0';
	return text;
}

uint64_t oom_kills(void)
{
	char text[16 * 1024], group[512], path[640];
	uint64_t kills = oom_parse(read_text("/proc/vmstat", text, sizeof(text)));
	char *name = strstr(read_text("/proc/self/cgroup", group, sizeof(group)), "0::/");

	if (!name)
		return kills;
	name[strcspn(name, "\n")] = '\0';
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.events", name + 3);
	return kills + oom_parse(read_text(path, text, sizeof(text)));
}
