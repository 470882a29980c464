/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/parent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/cursor.h"
#include "appliance/daemon/log.h"
#include "rules/signed/metadata.h"

/*
 * How a policy changes: a throw-away child compiles the rules of a source (source.c), then the
 * rules role, the journal and the dns role take the block in this order, and only then is it the
 * current one. A refusal anywhere leaves everything as it was. nftables goes first in both
 * directions: what it newly refuses is refused before any name leads there, and what it newly lets
 * through is harmless while DNS still says no.
 */
enum {
	COMPILE_MS = 150 * 1000,	/* the compiler's own limit is 120 s of CPU time */
	DNS_MS = 5 * 1000		/* for a dns role that is not there */
};

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

/* ---- begin and end ---- */

static void finish(struct parent *parent, bool done, const char *text)
{
	parent->changing = false;
	parent->took_waiting = false;
	/* What became of an update is said by itself. */
	if (parent->cause != CAUSE_UPDATE)
		snprintf(parent->last_error, sizeof(parent->last_error), "%s",
			 done ? parent->fallback : text);
	control_changed(parent, done, text);
	if (parent->again) {
		parent->again = false;
		change_begin(parent, parent->again_cause);
	}
}

/* One compiler at a time: the last one may not have ended yet. */
void change_compile(struct parent *parent)
{
	parent->patience = parent->now + COMPILE_MS;
	parent->compile_wanted = parent->child[ROLE_COMPILE].pid != 0;
	if (parent->compile_wanted)
		return;
	parent->compiling = true;
	child_start(parent, ROLE_COMPILE);
}

/* What was asked for is not in force, so it is not what the mode is. */
static void put_mode_back(struct parent *parent)
{
	if (parent->took_waiting) {
		parent->waiting_mode = parent->mode;
		parent->mode_waits = true;
		parent->mode = parent->previous_mode;
	}
	if (parent->cause != CAUSE_MODE)
		return;
	parent->mode = parent->previous_mode;
	if (parent_keep_mode(parent) < 0)
		log_error("the mode could not be written back: it is %s until the next start",
			  mode_print(parent->mode.mode));
}

static void stay_closed(struct parent *parent)
{
	log_error("no policy is in force by this daemon: %s. Mend what is said above; it is tried "
		  "again by itself, and at once with: cordon rules reload",
		  parent->kernel == KERNEL_EARLIER
		  ? "the kernel goes on with that of an earlier one" : "the gateway stays closed");
	source_retry(parent, CAUSE_START);
}

void change_refuse(struct parent *parent, const char *text, bool passes)
{
	bool first = parent->current.number == 0;

	generation_release(&parent->next);
	parent->deaths = 0;
	if (!first || strcmp(parent->last_error, text) != 0)
		log_error("%s refused: %s", cause_print(parent->cause), text);
	if (first && source_next(parent, text, passes))
		return;
	put_mode_back(parent);
	if (parent->cause == CAUSE_UPDATE)
		updates_finished(parent, OUTCOME_REFUSED, text);
	if (first)
		stay_closed(parent);
	else if (parent->cause == CAUSE_MODE_END || (parent->cause == CAUSE_START && passes))
		source_retry(parent, parent->cause);
	finish(parent, false, first ? parent->fallback : text);
}

void change_begin(struct parent *parent, enum cause cause)
{
	if (parent->changing) {
		/* A reload covers a change of mode, not the other way round. */
		if (!parent->again || cause == CAUSE_RELOAD)
			parent->again_cause = cause;
		parent->again = true;
		return;
	}
	parent->changing = true;
	parent->cause = cause;
	parent->deaths = 0;
	source_begin(parent);
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

int change_switch(struct parent *parent, int fd)
{
	int error = open_generation(parent, fd);

	if (error)
		return error;
	parent->deaths = 0;
	parent->patience = parent->now + SIZING_SILENCE_MS;
	return 0;
}

/* What does not fit this machine never reaches the role that would die of it. */
static void switch_over(struct parent *parent)
{
	char text[512];
	bool passes;

	if (patience_size(parent, text, sizeof(text), &passes))
		change_advance(parent);
	else
		change_refuse(parent, text, passes);
}

/* Want of memory, descriptors or disk says nothing about the lists. */
static bool is_shortage(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EIO ||
	       error == -ENOSPC;
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
		result = change_switch(parent, message->fd);
	if (result || message->fd < 0) {
		snprintf(text, sizeof(text), "%.*s", (int)cursor_left(&cursor),
			 (const char *)message->body + cursor.at);
		if (parent->cause == CAUSE_UPDATE)
			update_clean(text);
		parent->bundle_refused = parent->source == SOURCE_BUNDLE && !is_shortage(result);
		change_refuse(parent, text[0] ? text : "the compiled policy is damaged\n",
			      is_shortage(result));
		return;
	}
	message->fd = -1;
	switch_over(parent);
}

void change_compiler_gone(struct parent *parent)
{
	const struct child *compiler = &parent->child[ROLE_COMPILE];
	char text[sizeof(compiler->reason) + 64];

	if (parent->compile_wanted) {
		change_compile(parent);
	} else if (parent->compiling) {
		parent->compiling = false;
		snprintf(text, sizeof(text), "the compiler ended without a result: %s\n",
			 compiler->reason);
		change_refuse(parent, text, true);
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
	child->sent_at = child->parent->now;
	child->progress = 0;
	patience_renew(child->parent, child);
	if (child->role == ROLE_DNS)
		child_room(child, generation);
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

void change_commit(struct parent *parent)
{
	struct generation old = parent->current;
	const struct bundle_info *running = &parent->updates.running;
	bool fell = parent->source > SOURCE_FOLDER && parent->cause == CAUSE_START;
	char text[224], release[48] = "";

	parent->current = parent->next;
	parent->next = (struct generation){ .fd = -1 };
	generation_release(&old);
	source_keep(parent);
	tell_mode(parent);
	if (parent->cause != CAUSE_UPDATE)
		updates_in_force(parent);
	else
		running = &parent->updates.verified;
	if (parent->source == SOURCE_BUNDLE && running->release)
		snprintf(release, sizeof(release), "release %lld, ", (long long)running->release);
	snprintf(text, sizeof(text), "%s: %s%s%sstate %08x in force, mode %s\n",
		 cause_print(parent->cause), release, fell ? source_print(parent->source) : "",
		 fell ? ", " : "", policy_state(&parent->current.policy),
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

/* Blocks do not wait for a dns role that has no socket to answer on. */
static bool dns_is_done(const struct parent *parent)
{
	const struct child *dns = &parent->child[ROLE_DNS];

	return child_has(dns, &parent->next) || (!dns->pid && !parts_allow(parent, ROLE_DNS));
}

/* A log that cannot be written keeps no policy from coming into force. */
static bool journal_is_done(const struct parent *parent)
{
	const struct child *journal = &parent->child[ROLE_JOURNAL];

	return !ENABLED(CONFIG_JOURNAL) || !journal->ready || child_has(journal, &parent->next) ||
	       (journal->sent == parent->next.number && !journal->owes);
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
	if (current->number == 0 && !child_has(rules, next))
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
	if (next->number && child_has(rules, next) && dns_is_done(parent) &&
	    journal_is_done(parent))
		change_commit(parent);
}

/* The role keeps what it had; the others go back to it. */
static void refused(struct parent *parent, struct child *child, int result, const char *text)
{
	uint64_t number = child->sent;

	log_error("%s: %s", role_print(child->role), text);
	/* The journal goes by the policy before; patience_tick sends this one again. */
	if (child->role != ROLE_JOURNAL) {
		child->sent = child->applied;
		if (parent->next.number == 0)
			return;
		if (parent->next.number == number)
			change_refuse(parent, text, is_shortage(result));
	}
	change_advance(parent);
}

void change_applied(struct parent *parent, struct child *child, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);
	bool changed = cursor_get8(&cursor);
	char text[4096];

	snprintf(text, sizeof(text), "%.*s", (int)cursor_left(&cursor),
		 (const char *)message->body + cursor.at);
	if (!child->owes || cursor.failed) {
		log_error("%s: an answer that nobody asked for, or a damaged one: it is started "
			  "again", role_print(child->role));
		child_kill(child, "it sent an answer that nobody asked for");
		return;
	}
	child->owes = false;
	if (result) {
		refused(parent, child, result, text[0] ? text : strerror(-result));
		return;
	}
	child->applied = child->sent;
	patience_learn(parent, child, changed);
	parent->patience = parent->now + (child->role == ROLE_RULES ? DNS_MS : SIZING_SILENCE_MS);
	change_advance(parent);
}
