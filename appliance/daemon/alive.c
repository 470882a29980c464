/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/alive.h"

#include <netinet/in.h>
#include <stdio.h>

#include "appliance/daemon/log.h"

/*
 * Do dns and rules answer? Each is asked something that it can only answer when it does its work:
 * the rules role for the kernel's counters, the dns role whether each of its workers still looks up
 * from its sockets. That is what the roles say; the listening sockets are asked from outside, too
 * (probe.h). One that hangs or is deaf is started again.
 */
enum {
	ASK_MS = 5 * 1000,	/* from one answer to the next question */
	HANG_MS = 15 * 1000,	/* as long as a role may take for a policy */
	LOOPS_MS = 10 * 60 * 1000	/* between two lines about loops */
};

static void look_after(struct parent *parent, enum role role, enum message_type question)
{
	struct child *child = &parent->children.child[role];

	if (!child->ready)
		return;
	/* While it takes a policy, drive.c waits for it. */
	if (child->asked && child->owes)
		child->asked = parent->daemon.now;
	if (child->asked && parent->daemon.now - child->asked >= HANG_MS) {
		log_error("%s: has not answered for %d s: it is started again", role_print(role),
			  HANG_MS / 1000);
		child->asked = parent->daemon.now;
		child_kill(child, "it did not answer");
	}
	if (child->asked || parent->daemon.now - child->answered < ASK_MS)
		return;
	child->asked = parent->daemon.now;
	(void)!child_send(child, question, NULL, 0, -1);
}

static uint64_t count_queries(const struct parent *parent)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < parent->daemon.workers; i++)
		sum += counter_get(&parent->shared[i]->counters.queries);
	return sum;
}

/* The sockets are made anew when the role is gone (round.c). */
static void ask_listeners(struct parent *parent)
{
	struct child *dns = &parent->children.child[ROLE_DNS];
	const struct endpoint *at;
	char text[ADDR_TEXT], why[128];
	unsigned int slot = 0;
	const char *wrong;

	if (!dns->ready || !dns->applied) {
		probe_reset(&parent->probe, parent->daemon.now);
		return;
	}
	wrong = probe_tick(&parent->probe, &parent->listeners, count_queries(parent),
			   parent->daemon.now, &slot);
	if (!wrong)
		return;
	at = &parent->listeners.at[slot];
	snprintf(why, sizeof(why), "the listening socket %s port %u/%s is deaf: %s",
		 addr_print(&at->addr, text), at->port,
		 parent->listeners.protocol[slot] == IPPROTO_TCP ? "tcp" : "udp", wrong);
	log_error("dns: %s: all are made anew, and the role is started again", why);
	probe_reset(&parent->probe, parent->daemon.now);
	child_kill(dns, why);
}

/* A query that came back ends here. Why it came back, an administrator has to mend. */
static void look_for_loops(struct parent *parent)
{
	uint64_t looped = 0;

	for (unsigned int i = 0; i < parent->daemon.workers; i++) {
		if (parent->shared[i])
			looped += counter_get(&parent->shared[i]->counters.looped);
	}
	if (looped == parent->looped || (parent->looped_said &&
					 parent->daemon.now - parent->looped_said < LOOPS_MS))
		return;
	log_warning("dns: %llu of the gateway's own questions came back to it: a server of [dns] "
		    "upstream or internal-zone asks this gateway; name servers there that do not",
		    (unsigned long long)(looped - parent->looped));
	parent->looped = looped;
	parent->looped_said = parent->daemon.now;
}

void alive_tick(struct parent *parent)
{
	const struct child *dns = &parent->children.child[ROLE_DNS],
			   *rules = &parent->children.child[ROLE_RULES];
	const struct watchdog_signs signs = {
		.in_force = parent->change.current.number && rules->applied && dns->applied,
		.dns = dns->answered, .rules = rules->answered,
	};

	look_after(parent, ROLE_RULES, MESSAGE_COUNTERS);
	look_after(parent, ROLE_DNS, MESSAGE_ALIVE);
	ask_listeners(parent);
	look_for_loops(parent);
	watchdog_tick(&parent->watchdog, &signs, parent->daemon.now);
}
