/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/heard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/cursor.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/requests.h"
#include "appliance/daemon/tell.h"
#include "rules/signed/metadata.h"

enum {
	DNS_MS = 5 * 1000,		/* for a dns role that is not there */
	HOSTILE_MS = 60 * 1000		/* from one end of a dns role for its events to the next */
};

void heard_refuse(struct parent *parent, const char *text, bool passes)
{
	struct change *change = &parent->change;
	/* One that is good and too large for this machine stays what it is. */
	bool damaged = change->current.number == 0 && change->source == SOURCE_BUNDLE &&
		       change->bundle_refused && updates_bundled(&parent->updates);

	change_refuse(change, text, passes, copies_has_lists(&parent->copies));
	if (damaged)
		updates_bundle_damaged(&parent->updates);
}

static void became_ready(struct parent *parent, struct child *child, const struct message *message)
{
	child->ready = true;
	child->reason[0] = '\0';
	if (child->role == ROLE_RULES && parent->kernel == KERNEL_UNKNOWN && message->size == 1 &&
	    message->body[0] < KERNEL_STATES)
		parent->kernel = (enum kernel_state)message->body[0];
	if (child->role == ROLE_JOURNAL)
		notices_renew(&parent->notices);
	log_debug("%s is ready, pid %d", role_print(child->role), (int)child->pid);
	if (child->role == ROLE_COMPILE)
		(void)!tell_options(parent, child);	/* one that takes nothing is killed */
	change_stir(&parent->change);
}

/* ---- the compiler ---- */

/* Want of memory, descriptors or disk says nothing about the lists. */
static bool is_shortage(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EIO ||
	       error == -ENOSPC;
}

/* Verified, and not due: its ring's turn comes later, or it is held. */
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
			 parent->daemon.settings.ring);
	updates_finished(&parent->updates, OUTCOME_WAITS, text);
	change_leave(&parent->change, text);
}

/* The bundle in force was offered: nothing is compiled, written or attested for it. */
static void nothing_new(struct parent *parent)
{
	char text[128];

	snprintf(text, sizeof(text), "release %lld, state %08x in force, nothing new\n",
		 (long long)parent->updates.verified.release,
		 policy_state(&parent->change.current.policy));
	updates_known(&parent->updates);
	change_leave(&parent->change, text);
}

/* What does not fit this machine never reaches the role that would die of it. */
static void switch_over(struct parent *parent)
{
	char text[512];
	bool passes;

	if (!patience_size(&parent->patience, &parent->change.next.policy, text, sizeof(text),
			   &passes))
		heard_refuse(parent, text, passes);
}

static void compiled(struct parent *parent, struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);
	struct change *change = &parent->change;
	const bool update = change->cause == CAUSE_UPDATE;
	const bool verified = update && parent->updates.has_verified;
	char text[4096];

	if (change->state != CHANGE_COMPILING)
		return;
	if (result == -EAGAIN && verified) {
		wait_for_turn(parent);
		return;
	}
	if (result == -EALREADY && verified) {
		nothing_new(parent);
		return;
	}
	if (update && !result && parent->updates.candidate < 0)
		result = -EBADMSG;
	if (!result && message->fd >= 0)
		result = change_switch(change, message->fd,
				       parent->standing.mode.mode == MODE_DISARMED,
				       parent->daemon.now);
	if (result || message->fd < 0) {
		snprintf(text, sizeof(text), "%.*s", (int)cursor_left(&cursor),
			 (const char *)message->body + cursor.at);
		if (update)
			update_clean(text);
		change->bundle_refused = change->source == SOURCE_BUNDLE && !is_shortage(result);
		heard_refuse(parent, text[0] ? text : "the compiled policy is damaged\n",
			     is_shortage(result));
		return;
	}
	message->fd = -1;
	switch_over(parent);
}

/* ---- roles that take a policy ---- */

/* The role keeps what it had; the others go back to it. */
static void refused(struct parent *parent, struct child *child, int result, const char *text)
{
	struct change *change = &parent->change;
	uint64_t number = child->sent;

	log_error("%s: %s", role_print(child->role), text);
	/* The journal goes by the policy before; the round sends this one again. */
	if (child->role != ROLE_JOURNAL) {
		child->sent = child->applied;
		if (change->next.number == 0)
			return;
		if (change->next.number == number)
			heard_refuse(parent, text, is_shortage(result));
	}
	change_stir(change);
}

static void applied(struct parent *parent, struct child *child, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);
	bool changed = cursor_get8(&cursor), rules = child->role == ROLE_RULES;
	const int64_t now = parent->daemon.now;
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
	if (rules && changed)
		patience_learn(&parent->patience, now - child->sent_at);
	parent->change.patience = now + (rules ? DNS_MS : SIZING_SILENCE_MS);
	change_stir(&parent->change);
}

/* Also while it does something else that takes long: it is alive then. -EBADMSG: damaged. */
static int progress(struct parent *parent, struct child *child, const struct message *message)
{
	struct change *change = &parent->change;
	const int64_t now = parent->daemon.now;
	uint32_t done, total;
	int error = message_read_progress(message, &done, &total);

	if (error)
		return error;
	/* It compares or restores what others changed, or has just answered: it is alive. */
	if (!child->owes) {
		if (child->asked)
			child->asked = now;
		return 0;
	}
	child->total = total;
	/* To say the same again is no progress. */
	if (done <= child->progress)
		return 0;
	child->progress = done;
	child->patience = now + patience_ms(&parent->patience);
	if (change->patience < child->patience)
		change->patience = child->patience;
	return 0;
}

/* ---- counters ---- */

/* Without a journal to take it, it is told with the next counters. */
static void tell_unlogged(struct parent *parent)
{
	struct child *journal = parent_role(parent, ROLE_JOURNAL);
	struct unlogged before = parent->unlogged;
	uint64_t packets = unlogged_since(&parent->unlogged, parent->counters,
					  parent->counters_size);
	uint8_t body[sizeof(packets)];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	if (!packets)
		return;
	cursor_put64(&cursor, packets);
	if (!journal->ready ||
	    child_send(journal, MESSAGE_UNLOGGED, body, sizeof(body), -1) < 0)
		parent->unlogged = before;
}

static void counters(struct parent *parent, struct child *child, const struct message *message)
{
	child_answered(child);
	memcpy(parent->counters, message->body, message->size);
	parent->counters_size = message->size;
	tell_unlogged(parent);
	requests_counted(parent);
}

/* ---- who may say what ---- */

/* False: it is not this role's to say, or damaged. */
static bool from_rules(struct parent *parent, struct child *child, struct message *message)
{
	switch (message->type) {
	case MESSAGE_PROGRESS:
		return progress(parent, child, message) == 0;
	case MESSAGE_GUARD:
		return guarded_heard(&parent->guarded, message) == 0;
	case MESSAGE_COUNTERS:
		if (message->size > sizeof(parent->counters))
			return false;
		counters(parent, child, message);
		return true;
	default:
		return false;
	}
}

static bool from_compile(struct parent *parent, struct message *message)
{
	if (message->type == MESSAGE_VERIFIED)
		return updates_verified(&parent->updates, message) == 0;
	if (message->type != MESSAGE_COMPILED)
		return false;
	compiled(parent, message);
	return true;
}

static bool from_update(struct parent *parent, struct message *message)
{
	switch (message->type) {
	case MESSAGE_OFFER:
		updates_offer(&parent->updates, message);
		return true;
	case MESSAGE_ATTEMPT:
		updates_attempt(&parent->updates, message);
		return true;
	case MESSAGE_DELIVERED:
		updates_delivered(&parent->updates, message);
		return true;
	default:
		return false;
	}
}

/* Each head is answered. */
static bool head(struct parent *parent, struct child *child, const struct message *message)
{
	const struct seal *seal = &parent->seal;
	const uint8_t request = CHECKPOINT_REQUEST;
	int error = seal_head(&parent->seal, message, clock_wall_ms());

	if (error == -EBADMSG)
		return false;
	(void)!child_send(child, MESSAGE_NOTE, seal->note, error ? 0 : strlen(seal->note), -1);
	requests_signed(parent, error);
	/* The new key signs at once, so that it is in a checkpoint. */
	if (!error && seal_switch(&parent->seal) == 0)
		(void)!child_send(child, MESSAGE_CHECKPOINT, &request, 1, -1);
	return true;
}

/* A worker that writes nonsense into its ring is ended with its role, once in a while: a journal
 * that says so all the time does not keep DNS away. */
static bool hostile(struct parent *parent, const struct message *message)
{
	struct child *dns = parent_role(parent, ROLE_DNS);

	if (message->size != 1 || message->body[0] >= parent->daemon.workers)
		return false;
	if (!dns->ready || parent->daemon.now - parent->hostile_at < HOSTILE_MS)
		return true;
	parent->hostile_at = parent->daemon.now;
	log_error("dns: worker %u wrote a damaged event: the role is started again",
		  message->body[0]);
	child_kill(dns, "it wrote a damaged event");
	return true;
}

static bool from_journal(struct parent *parent, struct child *child, const struct message *message)
{
	uint64_t number;
	int result;

	if (message->type == MESSAGE_HEAD)
		return head(parent, child, message);
	if (message->type == MESSAGE_HOSTILE)
		return hostile(parent, message);
	return message->type == MESSAGE_NOTED &&
	       message_read_noted(message, &number, &result) == 0 &&
	       notices_noted(&parent->notices, number, result, parent->daemon.state,
			     parent->daemon.now) == 0;
}

static bool by_role(struct parent *parent, struct child *child, struct message *message)
{
	switch (child->role) {
	case ROLE_RULES:
		return from_rules(parent, child, message);
	case ROLE_COMPILE:
		return from_compile(parent, message);
	case ROLE_JOURNAL:
		return from_journal(parent, child, message);
	case ROLE_UPDATE:
		return from_update(parent, message);
	case ROLE_DNS:
		if (message->type != MESSAGE_ALIVE || message->size != 0)
			return false;
		child_answered(child);
		return true;
	default:
		return false;
	}
}

void heard_message(struct parent *parent, struct child *child, struct message *message)
{
	if (child->role == ROLE_UPDATE && updates_flooded(&parent->updates)) {
		log_error("update: talks without end: it is started again");
		loop_remove(&parent->daemon.loop, &child->watch);
		child_kill(child, "it talked without end");
		return;
	}
	switch (message->type) {
	case MESSAGE_READY:
		became_ready(parent, child, message);
		return;
	case MESSAGE_TROUBLE:
		child_trouble(child, message);
		return;
	case MESSAGE_APPLIED:
		applied(parent, child, message);
		return;
	default:
		break;
	}
	if (by_role(parent, child, message))
		return;
	log_error("%s: a message that is not its to send: it is started again",
		  role_print(child->role));
	child_kill(child, "it sent what is not its to send");
}
