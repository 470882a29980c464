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
#include "signed/metadata.h"

/*
 * How a policy changes: lists are copied into the state folder, a throw-away child compiles them,
 * then the rules role, the journal and the dns role take the block in this order, and only then is
 * it the current one and its lists the last good ones. A refusal anywhere leaves everything as it
 * was. nftables goes first in both directions: what it newly refuses is refused before any name
 * leads there, and what it newly lets through is harmless while DNS still says no.
 */
enum {
	COMPILE_MS = 150 * 1000,	/* the compiler's own limit is 120 s of CPU time */
	APPLY_MS = 15 * 1000,		/* for each role's turn */
	LOOK_AGAIN_MS = 2000
};

static const char *const stage[] = { "lists", "lists.new" };

static const char *cause_print(enum cause cause)
{
	static const char *const words[] = { "start", "reload", "mode", "end of the mode",
					     "update" };

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
	/* What became of an update is said by itself. */
	if (parent->cause != CAUSE_UPDATE)
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
	parent->patience = parent->now + COMPILE_MS;
	parent->compile_wanted = parent->child[ROLE_COMPILE].pid != 0;
	if (parent->compile_wanted)
		return;
	parent->compiling = true;
	child_start(parent, ROLE_COMPILE);
}

static void change_begin_anew(struct parent *parent)
{
	parent->changing = false;
	change_begin(parent, CAUSE_START);
}

/* At the start there may be nothing in force yet: then the lists of the folder instead of a damaged
 * bundle, then the last good lists, or nothing at all. */
static void refuse(struct parent *parent, const char *text)
{
	bool first = parent->current.number == 0;

	generation_release(&parent->next);
	log_error("%s refused: %s", cause_print(parent->cause), text);
	if (parent->cause == CAUSE_MODE) {
		parent->mode = parent->previous_mode;
		if (parent_keep_mode(parent) < 0)
			log_error("the mode could not be written back: it is %s until the next "
				  "start", mode_print(parent->mode.mode));
	}
	if (first && updates_bundled(parent)) {
		/* A compiler that was killed for want of memory says nothing about the bundle. */
		if (parent->updates.tried)
			updates_bundle_damaged(parent);
		parent->updates.tried = true;
		change_begin_anew(parent);
		return;
	}
	if (parent->cause == CAUSE_UPDATE)
		updates_finished(parent, OUTCOME_REFUSED, text);
	if (first && parent->lists_staged && faccessat(parent->state, stage[0], F_OK, 0) == 0) {
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
	parent->lists_staged = (cause == CAUSE_START || cause == CAUSE_RELOAD) &&
			       !updates_bundled(parent);
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

/* Verified, and not due: its ring's turn comes later, or somebody holds it. */
static void wait_for_turn(struct parent *parent)
{
	const struct bundle_info *info = &parent->updates.verified;
	char text[160], time[32];

	metadata_time_print(info->due, time);
	if (info->due == INT64_MAX)
		snprintf(text, sizeof(text), "release %lld is verified and held\n",
			 (long long)info->release);
	else
		snprintf(text, sizeof(text), "release %lld is verified and waits until %s (ring "
			 "%s)\n", (long long)info->release, time,
			 parent->settings.ring);
	updates_finished(parent, OUTCOME_WAITS, text);
	finish(parent, true, text);
}

/* The bundle in force was offered: nothing is compiled, written or attested for it. */
static void nothing_new(struct parent *parent)
{
	char text[128];

	snprintf(text, sizeof(text), "release %lld, state %08x in force, nothing new\n",
		 (long long)parent->updates.verified.release,
		 policy_state(&parent->current.policy));
	updates_known(parent);
	finish(parent, true, text);
}

void change_compiled(struct parent *parent, struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);
	char text[4096];

	if (!parent->compiling)
		return;
	parent->compiling = false;
	if (result == -EAGAIN && parent->cause == CAUSE_UPDATE && parent->updates.has_verified) {
		wait_for_turn(parent);
		return;
	}
	if (result == -EALREADY && parent->cause == CAUSE_UPDATE && parent->updates.has_verified) {
		nothing_new(parent);
		return;
	}
	if (parent->cause == CAUSE_UPDATE && !result && parent->updates.candidate < 0)
		result = -EBADMSG;
	if (!result && message->fd >= 0)
		result = open_generation(parent, message->fd);
	if (result || message->fd < 0) {
		snprintf(text, sizeof(text), "%.*s", (int)cursor_left(&cursor),
			 (const char *)message->body + cursor.at);
		if (parent->cause == CAUSE_UPDATE)
			update_clean(text);
		refuse(parent, text[0] ? text : "the compiled policy is damaged\n");
		return;
	}
	message->fd = -1;
	parent->patience = parent->now + APPLY_MS;
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

/* One at a time, so that an answer is the answer to what was sent last. */
static void send_policy(struct child *child, const struct generation *generation)
{
	const uint8_t disarmed = generation->disarmed;

	if (!child->ready || child->owes || child->sent == generation->number)
		return;
	child->sent = generation->number;
	child->owes = child_send(child, MESSAGE_POLICY, &disarmed, 1, generation->fd) == 0;
}

/* What follows the rules role: the next policy once that has it; until then a role that was started
 * anew gets what is in force. */
static void send_after_rules(struct parent *parent, struct child *child)
{
	const struct child *rules = &parent->child[ROLE_RULES];
	bool next = parent->next.number != 0;

	if (next && rules->applied == parent->next.number)
		send_policy(child, &parent->next);
	else if (!next || child->sent == 0)
		send_policy(child, &parent->current);
}

static bool has(const struct child *child, const struct generation *generation)
{
	return child->applied == generation->number;
}

/* The block log says from when on another mode held. */
static void tell_mode(struct parent *parent)
{
	struct child *journal = &parent->child[ROLE_JOURNAL];

	if (parent->cause == CAUSE_RELOAD || parent->cause == CAUSE_UPDATE || !journal->ready ||
	    (parent->cause == CAUSE_START && parent->mode.mode == MODE_ENFORCE))
		return;
	if (message_send_mode(journal->watch.fd, &parent->mode) < 0)
		log_warning("the change of mode is missing in the block log");
}

static void commit(struct parent *parent)
{
	struct generation old = parent->current;
	const struct bundle_info *running = &parent->updates.running;
	char text[192], release[48] = "";

	parent->current = parent->next;
	parent->next = (struct generation){ .fd = -1 };
	generation_release(&old);
	if (parent->lists_staged)
		keep_lists(parent);
	tell_mode(parent);
	if (parent->cause != CAUSE_UPDATE)
		updates_in_force(parent);
	else
		running = &parent->updates.verified;
	if (running->release)
		snprintf(release, sizeof(release), "release %lld, ", (long long)running->release);
	snprintf(text, sizeof(text), "%s: %sstate %08x in force, mode %s\n",
		 cause_print(parent->cause), release, policy_state(&parent->current.policy),
		 mode_print(parent->mode.mode));
	log_info("%.*s", (int)strlen(text) - 1, text);
	if (!parent->ready) {
		parent->ready = true;
		log_info("ready: %s", policy_versions(&parent->current.policy));
	}
	if (parent->cause == CAUSE_UPDATE)
		updates_finished(parent, OUTCOME_TAKEN, text);
	finish(parent, true, text);
}

void change_advance(struct parent *parent)
{
	const struct generation *next = &parent->next, *current = &parent->current;
	struct child *rules = &parent->child[ROLE_RULES], *dns = &parent->child[ROLE_DNS];
	struct child *journal = &parent->child[ROLE_JOURNAL];

	if (next->number == 0 && current->number == 0)
		return;
	send_policy(rules, next->number ? next : current);
	/* At the first start no query is answered before the rules are in place. */
	if (current->number == 0 && !has(rules, next))
		return;
	if (ENABLED(CONFIG_JOURNAL))
		send_after_rules(parent, journal);
	if (!dns->pid && !dns->start_at)
		child_start(parent, ROLE_DNS);
	send_after_rules(parent, dns);
	if (!parent->linked && dns->applied && rules->applied) {
		parent->linked = true;
		children_connect(parent);
	}
	if (next->number && has(rules, next) && has(dns, next) &&
	    (!ENABLED(CONFIG_JOURNAL) || has(journal, next)))
		commit(parent);
}

/* The role keeps what it had; the others go back to it. */
static void refused(struct parent *parent, struct child *child, const char *text)
{
	uint64_t number = child->sent;

	log_error("%s: %s", role_print(child->role), text);
	child->sent = child->applied;
	if (parent->next.number == 0)
		return;
	if (parent->next.number == number)
		refuse(parent, text);
	change_advance(parent);
}

void change_applied(struct parent *parent, struct child *child, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);
	char text[4096];

	(void)cursor_get8(&cursor);
	snprintf(text, sizeof(text), "%.*s", (int)cursor_left(&cursor),
		 (const char *)message->body + cursor.at);
	if (!child->owes || cursor.failed) {
		log_error("%s: an answer that nobody asked for, or a damaged one: it is started "
			  "again", role_print(child->role));
		child_kill(child);
		return;
	}
	child->owes = false;
	if (result) {
		refused(parent, child, text[0] ? text : strerror(-result));
		return;
	}
	child->applied = child->sent;
	parent->patience = parent->now + APPLY_MS;
	change_advance(parent);
}

/* ---- nobody is waited for without end ---- */

static void kill_if_it_owes(struct parent *parent, enum role role)
{
	if (parent->child[role].owes)
		child_kill(&parent->child[role]);
}

static void out_of_patience(struct parent *parent)
{
	const struct child *rules = &parent->child[ROLE_RULES], *dns = &parent->child[ROLE_DNS];
	const struct generation *next = &parent->next;

	parent->patience = parent->now + APPLY_MS;
	if (parent->compiling || parent->compile_wanted) {
		child_kill(&parent->child[ROLE_COMPILE]);
	} else if (next->number && has(rules, next) && has(dns, next)) {
		/* In force; the journal gets it when it is back. */
		log_warning("the journal is down or busy: its log goes by the policy before");
		commit(parent);
	} else if (next->number) {
		kill_if_it_owes(parent, ROLE_RULES);
		kill_if_it_owes(parent, ROLE_DNS);
		/* With nothing in force there is nothing to go back to: they are waited for. */
		if (parent->current.number == 0)
			return;
		refuse(parent, has(rules, next) ? "the dns role is down or does not answer\n" :
			       "the rules role is down or does not answer\n");
		change_advance(parent);
	}
}

void change_tick(struct parent *parent)
{
	if (parent->changing && parent->now >= parent->patience)
		out_of_patience(parent);
	/* A role that refused what is in force: what was in its way may be gone. */
	if (parent->now < parent->look_again)
		return;
	parent->look_again = parent->now + LOOK_AGAIN_MS;
	change_advance(parent);
}
