/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/cursor.h"
#include "base/file.h"
#include "daemon/log.h"

/*
 * How a policy changes: lists are copied into the state folder, a throw-away child compiles them,
 * then the rules role, the journal and the dns role take the block in this order, and only then is
 * it the current one and its lists the last good ones. A refusal anywhere leaves everything as it
 * was. nftables goes first in both directions: what it newly refuses is refused before any name
 * leads there, and what it newly lets through is harmless while DNS still says no.
 */
static const char *const stage[] = { "lists", "lists.new" };

static const char *cause_print(enum cause cause)
{
	static const char *const words[] = { "start", "reload", "mode", "end of the mode" };

	return words[cause];
}

static void generation_release(struct generation *generation)
{
	if (generation->number == 0)
		return;
	munmap((void *)(uintptr_t)generation->policy.block, generation->policy.size);
	close(generation->fd);
	*generation = (struct generation){ .fd = -1 };
}

/* ---- the lists that it is made of ---- */

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

/* Copies of the folder of rule lists, so that what is in force never depends on a file that
 * somebody is editing. */
static int stage_lists(struct parent *parent, struct diag *diag)
{
	struct list_file file[SETTINGS_LISTS];
	char path[LIST_FILE_NAME + 16];
	size_t count;
	int error;

	if (mkdirat(parent->state, stage[1], 0755) < 0 && errno != EEXIST) {
		error = -errno;
		diag_error(diag, parent->state_path, 0, 0, "lists.new: %s", strerror(-error));
		return error;
	}
	empty_folder(parent, stage[1]);
	error = lists_open(parent->settings.rules_dir, file, &count, diag);
	if (error)
		return error;
	for (size_t i = 0; !error && i < count; i++) {
		char *text;
		size_t length;

		error = file_read_fd(file[i].fd, LIST_FILE_MAX, &text, &length);
		if (!error) {
			snprintf(path, sizeof(path), "%s/%s", stage[1], file[i].name);
			error = file_replace(parent->state, path, text, length, 0644);
			free(text);
		}
		if (error)
			diag_error(diag, file[i].name, 0, 0, "cannot be copied into %s: %s",
				   parent->state_path, strerror(-error));
	}
	lists_close(file, count);
	return error;
}

/* lists.new becomes lists in one step; what it was is emptied. */
static void keep_lists(struct parent *parent)
{
	if (renameat2(parent->state, stage[1], parent->state, stage[0], RENAME_EXCHANGE) < 0 &&
	    renameat(parent->state, stage[1], parent->state, stage[0]) < 0)
		log_warning("the rule lists in force could not be kept as the last good ones: %s",
			    strerror(errno));
	empty_folder(parent, stage[1]);
}

/* ---- begin and end ---- */

static void finish(struct parent *parent, bool done, const char *text)
{
	parent->changing = false;
	parent->lists_staged = false;
	snprintf(parent->last_error, sizeof(parent->last_error), "%s", done ? "" : text);
	control_changed(parent, done, text);
	if (parent->again) {
		parent->again = false;
		change_begin(parent, parent->again_cause);
	}
}

/* One compiler at a time: the last one may not have ended yet. */
static void compile(struct parent *parent)
{
	parent->compile_wanted = parent->child[ROLE_COMPILE].pid != 0;
	if (parent->compile_wanted)
		return;
	parent->compiling = true;
	child_start(parent, ROLE_COMPILE);
}

/* At the start there may be nothing in force yet: then the last good lists, or nothing at all. */
static void refuse(struct parent *parent, const char *text)
{
	bool first = parent->current.number == 0;

	generation_release(&parent->next);
	log_error("%s refused: %s", cause_print(parent->cause), text);
	if (parent->cause == CAUSE_MODE) {
		parent->mode = parent->previous_mode;
		if (mode_save(&parent->mode, parent->state) < 0)
			log_error("the mode could not be written back: it is %s until the next "
				  "start", mode_print(parent->mode.mode));
	}
	if (first && parent->lists_staged) {
		log_warning("trying the last good rule lists in %s/lists", parent->state_path);
		parent->lists_staged = false;
		snprintf(parent->last_error, sizeof(parent->last_error), "%s", text);
		compile(parent);
		return;
	}
	finish(parent, false, text);
	if (first)
		log_error("no policy is in force by this daemon; what the kernel holds stays. Mend "
			  "the rule lists, then: cordon rules reload");
}

void change_begin(struct parent *parent, enum cause cause)
{
	struct diag diag;
	struct text text = TEXT_EMPTY;

	if (parent->changing) {
		/* A reload covers a change of mode, not the other way round. */
		if (!parent->again || cause == CAUSE_RELOAD)
			parent->again_cause = cause;
		parent->again = true;
		return;
	}
	parent->changing = true;
	parent->cause = cause;
	parent->lists_staged = cause == CAUSE_START || cause == CAUSE_RELOAD;
	diag_init(&diag);
	if (parent->lists_staged && stage_lists(parent, &diag) < 0) {
		diag_print(&diag, &text);
		refuse(parent, text.data ? text.data : "out of memory\n");
		text_release(&text);
		return;
	}
	compile(parent);
}

/* ---- compiled ---- */

static int open_generation(struct parent *parent, int fd)
{
	struct generation *next = &parent->next;
	void *block;
	size_t size;
	int error = message_map(fd, &block, &size);

	if (error)
		return error;
	error = policy_open(&next->policy, block, size);
	if (error) {
		munmap(block, size);
		return error;
	}
	next->number = ++parent->last_number;
	next->fd = fd;
	next->disarmed = parent->mode.mode == MODE_DISARMED;
	return 0;
}

void change_compiled(struct parent *parent, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);
	char text[4096];

	if (!parent->compiling) {
		if (message->fd >= 0)
			close(message->fd);
		return;
	}
	parent->compiling = false;
	if (!result && message->fd >= 0)
		result = open_generation(parent, message->fd);
	if (result || message->fd < 0) {
		snprintf(text, sizeof(text), "%.*s", (int)cursor_left(&cursor),
			 (const char *)message->body + cursor.at);
		if (message->fd >= 0)
			close(message->fd);
		refuse(parent, text[0] ? text : "the compiled policy is damaged\n");
		return;
	}
	change_advance(parent);
}

void change_compiler_gone(struct parent *parent)
{
	if (parent->compile_wanted)
		compile(parent);
	else if (parent->compiling) {
		parent->compiling = false;
		refuse(parent, "the compiler ended without a result: a list may be too large\n");
	}
}

/* ---- in force, role by role ---- */

static void send_policy(struct child *child, const struct generation *generation)
{
	const uint8_t disarmed = generation->disarmed;

	if (!child->ready || child->sent == generation->number)
		return;
	child->sent = generation->number;
	(void)!child_send(child, MESSAGE_POLICY, &disarmed, 1, generation->fd);
}

static bool has(const struct child *child, const struct generation *generation)
{
	return child->applied == generation->number;
}

/* The block log says from when on another mode held. */
static void tell_mode(struct parent *parent)
{
	struct child *journal = &parent->child[ROLE_JOURNAL];

	if (parent->cause == CAUSE_RELOAD || !journal->ready ||
	    (parent->cause == CAUSE_START && parent->mode.mode == MODE_ENFORCE))
		return;
	if (message_send_mode(journal->watch.fd, &parent->mode) < 0)
		log_warning("the change of mode is missing in the block log");
}

static void commit(struct parent *parent)
{
	struct generation old = parent->current;
	char text[128];

	parent->current = parent->next;
	parent->next = (struct generation){ .fd = -1 };
	generation_release(&old);
	if (parent->lists_staged)
		keep_lists(parent);
	tell_mode(parent);
	snprintf(text, sizeof(text), "%s: state %08x in force, mode %s\n",
		 cause_print(parent->cause), policy_state(&parent->current.policy),
		 mode_print(parent->mode.mode));
	log_info("%.*s", (int)strlen(text) - 1, text);
	if (!parent->ready) {
		parent->ready = true;
		log_info("ready: %s", policy_versions(&parent->current.policy));
	}
	finish(parent, true, text);
}

void change_advance(struct parent *parent)
{
	const struct generation *generation =
		parent->next.number ? &parent->next : &parent->current;
	struct child *rules = &parent->child[ROLE_RULES], *dns = &parent->child[ROLE_DNS];
	struct child *journal = &parent->child[ROLE_JOURNAL];

	if (generation->number == 0)
		return;
	send_policy(rules, generation);
	if (!has(rules, generation))
		return;
	if (ENABLED(CONFIG_JOURNAL))
		send_policy(journal, generation);
	if (!dns->pid && !dns->start_at)
		child_start(parent, ROLE_DNS);
	send_policy(dns, generation);
	if (!parent->linked && dns->applied && rules->applied) {
		parent->linked = true;
		children_connect(parent);
	}
	if (parent->next.number && has(dns, generation) &&
	    (!ENABLED(CONFIG_JOURNAL) || has(journal, generation)))
		commit(parent);
}

void change_applied(struct parent *parent, struct child *child, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);
	uint64_t number = child->sent;
	char text[4096];

	(void)cursor_get8(&cursor);
	snprintf(text, sizeof(text), "%.*s", (int)cursor_left(&cursor),
		 (const char *)message->body + cursor.at);
	if (cursor.failed)
		result = -EBADMSG;
	if (result == 0) {
		child->applied = number;
		change_advance(parent);
		return;
	}
	log_error("%s: %s", role_print(child->role), text[0] ? text : strerror(-result));
	/* The role keeps what it had; the others go back to it. */
	child->sent = child->applied;
	if (parent->next.number == number) {
		refuse(parent, text[0] ? text : "refused\n");
		change_advance(parent);
	}
}
