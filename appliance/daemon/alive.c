/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/parent.h"

#include "daemon/log.h"

/*
 * Do dns and rules answer? Each is asked something that it can only answer when it does its work:
 * the rules role for the kernel's counters, the dns role whether each of its workers still looks up
 * from its sockets. One that hangs is started again.
 */
enum {
	ASK_MS = 5 * 1000,	/* from one answer to the next question */
	HANG_MS = 15 * 1000	/* as long as a role may take for a policy */
};

static void look_after(struct parent *parent, enum role role, enum message_type question)
{
	struct child *child = &parent->child[role];

	if (!child->ready)
		return;
	/* While it takes a policy it is waited for by whoever sent that. */
	if (child->asked && child->owes)
		child->asked = parent->now;
	if (child->asked && parent->now - child->asked >= HANG_MS) {
		log_error("%s: has not answered for %d s: it is started again", role_print(role),
			  HANG_MS / 1000);
		child->asked = parent->now;
		child_kill(child);
	}
	if (child->asked || parent->now - child->answered < ASK_MS)
		return;
	child->asked = parent->now;
	(void)!child_send(child, question, NULL, 0, -1);
}

void alive_tick(struct parent *parent)
{
	const struct child *dns = &parent->child[ROLE_DNS], *rules = &parent->child[ROLE_RULES];
	const struct watchdog_signs signs = {
		.in_force = parent->current.number && rules->applied && dns->applied,
		.dns = dns->answered, .rules = rules->answered,
	};

	look_after(parent, ROLE_RULES, MESSAGE_COUNTERS);
	look_after(parent, ROLE_DNS, MESSAGE_ALIVE);
	watchdog_tick(&parent->watchdog, &signs, parent->now);
}

void alive_answered(struct child *child)
{
	child->asked = 0;
	child->answered = child->parent->now;
}
