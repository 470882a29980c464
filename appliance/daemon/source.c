/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/daemon/lastgood.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/parent.h"

/*
 * Where rules come from. Lists are copied to STATE/lists.new, so that what is in force never
 * depends on a file that somebody is editing; where that cannot be written, the folder itself is
 * read. What came into force is kept: the lists as STATE/lists, the compiled block as STATE/policy.
 *
 * At a start a source that fails is followed by the next: the signed bundle, the folder of rule
 * lists, the last good lists, the last good policy. If all fail, the gateway stays closed, and the
 * start is tried again.
 */
enum {
	RETRY_MS = 2000, RETRY_MAX_MS = 300 * 1000, KEEP_AGAIN_MS = 60 * 1000,
	INLINE_SIZE = 1 << 20	/* bytes that the parent writes itself */
};

static const char *const stage[] = { "lists", "lists.new" };

const char *source_print(enum source source)
{
	static const char *const words[] = { "signed release", "rule lists", "last good rule lists",
					     "last good policy", "nothing" };

	return words[source];
}

/* ---- copies of the lists ---- */

static void empty_folder(struct parent *parent, const char *folder)
{
	struct list_file file[SETTINGS_LISTS];
	char path[SETTINGS_PATH + 80];
	struct diag diag;
	size_t count;

	diag_init(&diag);
	snprintf(path, sizeof(path), "%s/%s", parent->state_path, folder);
	if (lists_open(path, file, &count, &diag) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, file[i].name);
		unlinkat(parent->state, path, 0);
	}
	lists_close(file, count);
}

static int copy_list(struct parent *parent, const struct list_file *file)
{
	char path[LIST_FILE_NAME + 16];
	char *text;
	size_t length;
	int error = file_read_fd(file->fd, LIST_FILE_MAX, &text, &length);

	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/%s", stage[1], file->name);
	error = file_replace(parent->state, path, text, length, 0644);
	free(text);
	return error;
}

static int copy_lists(struct parent *parent, const struct list_file *file, size_t count)
{
	int error = 0;

	if (mkdirat(parent->state, stage[1], 0755) < 0 && errno != EEXIST)
		return -errno;
	empty_folder(parent, stage[1]);
	for (size_t i = 0; !error && i < count; i++)
		error = copy_list(parent, &file[i]);
	return error;
}

/* Only a folder that cannot be read is an error: copies are for bad days, not a condition. */
static int stage_lists(struct parent *parent, struct diag *diag)
{
	struct list_file file[SETTINGS_LISTS];
	size_t count;
	int error = lists_open(parent->settings.rules_dir, file, &count, diag), copied;

	if (error)
		return error;
	copied = copy_lists(parent, file, count);
	lists_close(file, count);
	parent->lists_staged = copied == 0;
	if (copied && !parent->copies_failed)
		log_warning("%s: the rule lists cannot be copied there (%s): they are read in %s, "
			    "and there will be no last good ones", parent->state_path,
			    strerror(-copied), parent->settings.rules_dir);
	parent->copies_failed = copied != 0;
	return 0;
}

/* lists.new becomes lists in one step; what it was is emptied. */
static bool keep_lists(struct parent *parent)
{
	bool kept = renameat2(parent->state, stage[1], parent->state, stage[0],
			      RENAME_EXCHANGE) == 0 ||
		    renameat(parent->state, stage[1], parent->state, stage[0]) == 0;

	if (!kept)
		log_warning("the rule lists in force could not be kept as the last good ones: %s",
			    strerror(errno));
	empty_folder(parent, stage[1]);
	return kept;
}

int source_tell(struct parent *parent, struct child *child)
{
	struct list_file file[SETTINGS_LISTS];
	struct diag diag;
	size_t count;
	char path[SETTINGS_PATH + 16];
	int error;

	if (parent->source == SOURCE_BUNDLE)
		return updates_tell_compile(parent, child);
	parent->updates.has_verified = false;
	diag_init(&diag);
	snprintf(path, sizeof(path), "%s/%s", parent->state_path,
		 stage[parent->source == SOURCE_FOLDER]);
	error = lists_open(parent->source == SOURCE_FOLDER && !parent->lists_staged
			   ? parent->settings.rules_dir : path, file, &count, &diag);
	if (error) {
		log_diag(&diag);
		return error;
	}
	for (size_t i = 0; !error && i < count; i++)
		error = child_send(child, MESSAGE_LIST, file[i].name, strlen(file[i].name),
				   file[i].fd);
	lists_close(file, count);
	return error;
}

/* ---- from one source to the next ---- */

static enum source choose(const struct parent *parent)
{
	bool by_mode = parent->cause == CAUSE_MODE || parent->cause == CAUSE_MODE_END;

	if (parent->cause == CAUSE_UPDATE || updates_bundled(parent))
		return SOURCE_BUNDLE;
	/* A mode changes what is in force, not the lists that somebody may be editing. */
	return by_mode && parent->current.number && parent->lists_kept ? SOURCE_LAST_LISTS
								       : SOURCE_FOLDER;
}

/* A block of a mode that enforces: what was asked for beyond that waits for the next try. */
static void begin_with_last_policy(struct parent *parent)
{
	char text[512];
	bool passes;
	int fd = lastgood_load(parent->state);
	int error = fd < 0 ? fd : change_switch(parent, fd);

	if (!error) {
		/* It was in force on this machine. */
		(void)patience_size(parent, text, sizeof(text), &passes);
		if (parent->mode.mode != MODE_ENFORCE) {
			log_warning("the last good policy enforces: mode %s waits",
				    mode_print(parent->mode.mode));
			parent->waiting_mode = parent->mode;
			parent->mode_waits = true;
			parent->took_waiting = false;
			parent->mode = (struct mode_record){ .mode = MODE_ENFORCE };
		}
		change_advance(parent);
		return;
	}
	if (fd >= 0)
		close(fd);
	snprintf(text, sizeof(text), "%s/" LASTGOOD_FILE ": %s\n", parent->state_path,
		 error == -ENOENT ? "no policy was kept yet" :
		 error == -EBADMSG ? "damaged, or of another version" : strerror(-error));
	change_refuse(parent, text, file_error_passes(error));
}

static void begin(struct parent *parent)
{
	struct text text = TEXT_EMPTY;
	struct diag diag;
	int error = 0;

	diag_init(&diag);
	parent->lists_staged = false;
	if (parent->source == SOURCE_LAST_POLICY) {
		begin_with_last_policy(parent);
		return;
	}
	if (parent->source == SOURCE_FOLDER)
		error = stage_lists(parent, &diag);
	if (!error) {
		change_compile(parent);
		return;
	}
	diag_print(&diag, &text);
	change_refuse(parent, text.data ? text.data : "out of memory\n", file_error_passes(error));
	text_release(&text);
}

void source_begin(struct parent *parent)
{
	if (parent->cause == CAUSE_START && parent->mode_waits) {
		parent->previous_mode = parent->mode;
		parent->mode = parent->waiting_mode;
		parent->mode_waits = false;
		parent->took_waiting = true;
	}
	parent->source = choose(parent);
	parent->fallback[0] = '\0';
	parent->fallback_passes = parent->bundle_refused = false;
	begin(parent);
}

bool source_next(struct parent *parent, const char *text, bool passes)
{
	enum source failed = parent->source;

	if (!parent->fallback[0])
		snprintf(parent->fallback, sizeof(parent->fallback), "%s", text);
	parent->fallback_passes = parent->fallback_passes || passes;
	/* One that is good and too large for this machine stays what it is. */
	if (failed == SOURCE_BUNDLE && parent->bundle_refused && updates_bundled(parent))
		updates_bundle_damaged(parent);
	parent->source++;
	if (parent->source == SOURCE_LAST_LISTS &&
	    faccessat(parent->state, stage[0], F_OK, 0) < 0)
		parent->source++;
	if (parent->source == SOURCE_NONE) {
		parent->source = SOURCE_LAST_POLICY;
		return false;
	}
	log_warning("the %s cannot be used: trying the %s", source_print(failed),
		    source_print(parent->source));
	begin(parent);
	return true;
}

/* ---- what is in force is kept ---- */

static void keep_failed(struct parent *parent, int error)
{
	if (error && !parent->unkept)
		log_warning("%s/" LASTGOOD_FILE " cannot be written (%s): a start in which the "
			    "rule lists cannot be used has an older one, or none", parent->state_path,
			    strerror(-error));
	if (!error && parent->unkept)
		log_info("%s/" LASTGOOD_FILE " is written again", parent->state_path);
	parent->unkept = error != 0;
	parent->keep_at = error ? parent->now + KEEP_AGAIN_MS : 0;
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
static void keep_policy(struct parent *parent)
{
	const struct generation *current = &parent->current;

	if (current->number == 0 || parent->mode.mode != MODE_ENFORCE || parent->changing)
		return;
	parent->keep_again = parent->keeper != 0;
	if (parent->keeper)
		return;
	if (current->policy.size <= INLINE_SIZE) {
		keep_failed(parent, lastgood_save(parent->state, &current->policy));
		return;
	}
	parent->keeper = fork();
	if (parent->keeper == 0)
		write_policy(parent->state, &current->policy);
	if (parent->keeper > 0)
		return;
	parent->keeper = 0;
	keep_failed(parent, -errno);
}

void source_reaped(struct parent *parent, pid_t pid, int status)
{
	if (pid != parent->keeper)
		return;
	parent->keeper = 0;
	keep_failed(parent, WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR);
	if (parent->keep_again)
		keep_policy(parent);
}

void source_keep(struct parent *parent)
{
	if (parent->source == SOURCE_FOLDER)
		parent->lists_kept = parent->lists_staged && keep_lists(parent);
	else
		parent->lists_kept = parent->source == SOURCE_LAST_LISTS;
	parent->lists_staged = false;
	if (parent->source != SOURCE_LAST_POLICY)
		parent->keep_at = parent->now;
	parent->current_source = parent->source;
	if (parent->fallback_passes) {
		source_retry(parent, CAUSE_START);
	} else {
		parent->retry_at = 0;
		parent->retry_pause = 0;
	}
}

/* ---- again by itself ---- */

void source_retry(struct parent *parent, enum cause cause)
{
	parent->retry_pause = parent->retry_pause ? 2 * parent->retry_pause : RETRY_MS;
	if (parent->retry_pause > RETRY_MAX_MS)
		parent->retry_pause = RETRY_MAX_MS;
	parent->retry_at = parent->now + parent->retry_pause;
	parent->retry_cause = cause;
}

void source_tick(struct parent *parent)
{
	if (parent->keep_at && parent->now >= parent->keep_at && !parent->changing) {
		parent->keep_at = 0;
		keep_policy(parent);
	}
	if (!parent->retry_at || parent->now < parent->retry_at || parent->changing)
		return;
	parent->retry_at = 0;
	change_begin(parent, parent->retry_cause);
}
