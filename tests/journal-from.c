/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal-from STATE: takes in the JSON lines of the old log in STATE/log, as the journal does at
 * its start. So a test writes the log that it needs as lines. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/journal/store.h"

enum { BUDGET = 1 << 30, WAITS = 600, WAIT_US = 100 * 1000 };

static bool ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name), rest = strlen(ending);

	return length > rest && strcmp(name + length - rest, ending) == 0;
}

/* Is there something that is not taken in yet? */
static bool is_left(void)
{
	DIR *folder = opendir(".");
	struct dirent *entry;
	bool left = false;

	while (folder && (entry = readdir(folder)) != NULL)
		left = left || ends_in(entry->d_name, ".jsonl") ||
		       strcmp(entry->d_name, "takein") == 0;
	if (folder)
		closedir(folder);
	return left;
}

int main(int argc, char **argv)
{
	struct store_options options = { .budget = BUDGET, .appliance = "test", .boot_id = "test" };
	struct log_store *store;
	struct day_end end;
	char path[512];
	int waits = 0, error;

	if (argc != 2 || snprintf(path, sizeof(path), "%s/log", argv[1]) >= (int)sizeof(path) ||
	    chdir(path) < 0) {
		fprintf(stderr, "journal-from: expected a state folder with a folder log\n");
		return 2;
	}
	options.folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = options.folder < 0 ? -1 : store_open(&store, &options, &end);
	if (error) {
		fprintf(stderr, "journal-from: %s: %s\n", path, strerror(-error));
		return 1;
	}
	while (is_left() && waits++ < WAITS)
		usleep(WAIT_US);
	store_close(store);
	return is_left();
}
