/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "appliance/base/cursor.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/parent.h"

/* What roles say to the parent. */

static void became_ready(struct parent *parent, struct child *child, const struct message *message)
{
	child->ready = true;
	child->reason[0] = '\0';
	if (child->role == ROLE_RULES && parent->kernel == KERNEL_UNKNOWN && message->size == 1 &&
	    message->body[0] < KERNEL_STATES)
		parent->kernel = (enum kernel_state)message->body[0];
	log_debug("%s is ready, pid %d", role_print(child->role), (int)child->pid);
	if (child->role == ROLE_COMPILE) {
		const char *key = parent->updates.freshness.key;
		uint8_t body[14 + METADATA_KEYID];
		struct cursor cursor = cursor_writer(body, sizeof(body));

		cursor_put32(&cursor, mode_monitor_mask(&parent->mode));
		cursor_put8(&cursor, parent->mode.mode == MODE_DISARMED);
		cursor_put64(&cursor, (uint64_t)updates_now(parent));
		cursor_put8(&cursor, parent->updates.held);
		cursor_put(&cursor, key, strlen(key));
		(void)!child_send(child, MESSAGE_OPTIONS, body, cursor.at, -1);
	}
	change_advance(parent);
}

/* Of a role, so it is shown with nothing in it that a terminal obeys. */
void child_trouble(struct child *child, const struct message *message)
{
	text_fit(child->trouble, sizeof(child->trouble), (const char *)message->body,
		 strnlen((const char *)message->body, message->size));
}

static void heard_update(struct parent *parent, struct message *message)
{
	if (message->type == MESSAGE_OFFER)
		updates_offer(parent, message);
	else if (message->type == MESSAGE_ATTEMPT)
		updates_attempt(parent, message);
	else
		updates_delivered(parent, message);
}

/* Without a journal to take it, it is told with the next counters. */
static void tell_unlogged(struct parent *parent)
{
	struct child *journal = &parent->child[ROLE_JOURNAL];
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

static void dispatch(struct parent *parent, struct child *child, struct message *message)
{
	if (child->role == ROLE_UPDATE && updates_flooded(parent)) {
		log_error("update: talks without end: it is started again");
		loop_remove(&parent->loop, &child->watch);
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
	case MESSAGE_PROGRESS:
		if (child->role == ROLE_RULES && patience_progress(parent, child, message) == 0)
			return;
		break;
	case MESSAGE_COMPILED:
		if (child->role == ROLE_COMPILE) {
			change_compiled(parent, message);
			return;
		}
		break;
	case MESSAGE_APPLIED:
		change_applied(parent, child, message);
		return;
	case MESSAGE_VERIFIED:
		if (child->role == ROLE_COMPILE && updates_verified(parent, message) == 0)
			return;
		break;
	case MESSAGE_OFFER:
	case MESSAGE_ATTEMPT:
	case MESSAGE_DELIVERED:
		if (child->role == ROLE_UPDATE) {
			heard_update(parent, message);
			return;
		}
		break;
	case MESSAGE_ALIVE:
		if (child->role == ROLE_DNS && message->size == 0) {
			alive_answered(child);
			return;
		}
		break;
	case MESSAGE_GUARD:
		if (child->role == ROLE_RULES && guarded_heard(parent, message) == 0)
			return;
		break;
	case MESSAGE_COUNTERS:
		if (child->role == ROLE_RULES && message->size <= sizeof(parent->counters)) {
			alive_answered(child);
			memcpy(parent->counters, message->body, message->size);
			parent->counters_size = message->size;
			tell_unlogged(parent);
			control_counters(parent);
			return;
		}
		break;
	default:
		break;
	}
	log_error("%s: a message that is not its to send: it is started again",
		  role_print(child->role));
	child_kill(child, "it sent what is not its to send");
}

void child_heard(struct watch *watch, uint32_t events)
{
	static struct message message;
	struct child *child = watch->context;
	int got = message_receive(watch->fd, &message);

	if (got == 1) {
		dispatch(child->parent, child, &message);
		message_close(&message);
		return;
	}
	if (got == -EAGAIN)
		return;
	/* Gone, or talking nonsense (an empty message looks like an end); SIGCHLD does the rest. */
	loop_remove(&child->parent->loop, &child->watch);
	if (got != 0 || !(events & EPOLLHUP))
		child_kill(child, "it sent a damaged message");
}
