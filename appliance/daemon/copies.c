/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/daemon/lastgood.h"
#include "appliance/daemon/log.h"

enum {
	KEEP_AGAIN_MS = 60 * 1000,
	INLINE_SIZE = 1 << 20	/* bytes that the parent writes itself */
};

static const char *const stage[] = { "lists", "lists.new" };

static void empty_folder(const struct daemon *daemon, const char *folder)
{
	struct list_file file[SETTINGS_LISTS];
	char path[SETTINGS_PATH + 80];
	struct diag diag;
	size_t count;

	diag_init(&diag);
	snprintf(path, sizeof(path), "%s/%s", daemon->state_path, folder);
	if (lists_open(path, file, &count, &diag) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, file[i].name);
		unlinkat(daemon->state, path, 0);
	}
	lists_close(file, count);
}

static int copy_list(const struct daemon *daemon, const struct list_file *file)
{
	char path[LIST_FILE_NAME + 16];
	char *text;
	size_t length;
	int error = file_read_fd(file->fd, LIST_FILE_MAX, &text, &length);

	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/%s", stage[1], file->name);
	error = file_replace(daemon->state, path, text, length, 0644);
	free(text);
	return error;
}

static int copy_lists(const struct daemon *daemon, const struct list_file *file, size_t count)
{
	int error = 0;

	if (mkdirat(daemon->state, stage[1], 0755) < 0 && errno != EEXIST)
		return -errno;
	empty_folder(daemon, stage[1]);
	for (size_t i = 0; !error && i < count; i++)
		error = copy_list(daemon, &file[i]);
	return error;
}

int copies_stage(struct copies *copies, struct diag *diag)
{
	const struct daemon *daemon = copies->daemon;
	struct list_file file[SETTINGS_LISTS];
	size_t count;
	int error = lists_open(daemon->settings.rules_dir, file, &count, diag), copied;

	copies->staged = false;
	if (error)
		return error;
	copied = copy_lists(daemon, file, count);
	lists_close(file, count);
	copies->staged = copied == 0;
	if (copied && !copies->failed)
		log_warning("%s: the rule lists cannot be copied there (%s): they are read in %s, "
			    "and there will be no last good ones", daemon->state_path,
			    strerror(-copied), daemon->settings.rules_dir);
	copies->failed = copied != 0;
	return 0;
}

/* lists.new becomes lists in one step; what it was is emptied. */
static bool keep_lists(const struct daemon *daemon)
{
	bool kept = renameat2(daemon->state, stage[1], daemon->state, stage[0],
			      RENAME_EXCHANGE) == 0 ||
		    renameat(daemon->state, stage[1], daemon->state, stage[0]) == 0;

	if (!kept)
		log_warning("the rule lists in force could not be kept as the last good ones: %s",
			    strerror(errno));
	empty_folder(daemon, stage[1]);
	return kept;
}

int copies_open(const struct copies *copies, enum rules_source source, struct list_file *file,
		size_t *count, struct diag *diag)
{
	const struct daemon *daemon = copies->daemon;
	char path[SETTINGS_PATH + 16];

	snprintf(path, sizeof(path), "%s/%s", daemon->state_path, stage[source == SOURCE_FOLDER]);
	return lists_open(source == SOURCE_FOLDER && !copies->staged ? daemon->settings.rules_dir :
									path, file, count, diag);
}

bool copies_has_lists(const struct copies *copies)
{
	return faccessat(copies->daemon->state, stage[0], F_OK, 0) == 0;
}

void copies_forget_staged(struct copies *copies)
{
	copies->staged = false;
}

/* ---- what is in force is kept ---- */

static void keep_failed(struct copies *copies, int error)
{
	if (error && !copies->unkept)
		log_warning("%s/" LASTGOOD_FILE " cannot be written (%s): a start in which the "
			    "rule lists cannot be used has an older one, or none",
			    copies->daemon->state_path, strerror(-error));
	if (!error && copies->unkept)
		log_info("%s/" LASTGOOD_FILE " is written again", copies->daemon->state_path);
	copies->unkept = error != 0;
	copies->keep_at = error ? copies->daemon->now + KEEP_AGAIN_MS : 0;
}

/* In a child, which keeps neither the lock nor a socket of a parent that ends before it. */
static void write_policy(int state, const struct policy *policy)
{
	if (dup2(state, STDERR_FILENO + 1) < 0 ||
	    close_range(STDERR_FILENO + 2, UINT_MAX, 0) < 0)
		_exit(EIO);
	_exit(-lastgood_save(STDERR_FILENO + 1, policy));
}

/* A large one takes the disk a while: another process waits for that. */
static void keep_policy(struct copies *copies, const struct policy *policy)
{
	const int state = copies->daemon->state;

	copies->keep_again = copies->keeper != 0;
	if (copies->keeper)
		return;
	if (policy->size <= INLINE_SIZE) {
		keep_failed(copies, lastgood_save(state, policy));
		return;
	}
	copies->keeper = fork();
	if (copies->keeper == 0)
		write_policy(state, policy);
	if (copies->keeper > 0)
		return;
	copies->keeper = 0;
	keep_failed(copies, -errno);
}

bool copies_reaped(struct copies *copies, pid_t pid, int status)
{
	if (pid != copies->keeper)
		return false;
	copies->keeper = 0;
	keep_failed(copies, WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR);
	if (copies->keep_again)
		copies->keep_at = copies->daemon->now;
	return true;
}

void copies_keep(struct copies *copies, enum rules_source source)
{
	if (source == SOURCE_FOLDER)
		copies->kept = copies->staged && keep_lists(copies->daemon);
	else
		copies->kept = source == SOURCE_LAST_LISTS;
	copies->staged = false;
	if (source != SOURCE_LAST_POLICY)
		copies->keep_at = copies->daemon->now;
}

bool copies_due(const struct copies *copies)
{
	return copies->keep_at && copies->daemon->now >= copies->keep_at;
}

void copies_tick(struct copies *copies, const struct policy *policy)
{
	copies->keep_at = 0;
	if (policy)
		keep_policy(copies, policy);
}
