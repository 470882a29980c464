/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/update_carry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"

int update_look(const struct cli *cli, const char *folder)
{
	struct control_request request = { .type = CONTROL_UPDATE };

	snprintf(request.reason, sizeof(request.reason), "%s", folder);
	return command_tell(cli, &request);
}

/* Nobody else can remove them, since they are root's. */
void update_remove_leftovers(int folder, const char *prefix)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		size_t length = strlen(prefix);
		pid_t pid;

		if (strncmp(entry->d_name, prefix, length) != 0)
			continue;
		pid = (pid_t)strtol(entry->d_name + length, NULL, 10);
		if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
			(void)!file_remove_tree(folder, entry->d_name);
	}
	if (directory)
		closedir(directory);
}
