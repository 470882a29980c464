/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/daemon/log.h"
#include "appliance/daemon/oom.h"
#include "appliance/daemon/parent.h"

/*
 * How roles end, and when they are started again. The first tries follow at once: a role that was
 * killed is back before anybody notices.
 */
enum { SOON_MS = 50, LATER_MS = 2000, LATEST_MS = 30 * 1000, SHORT_LIFE_MS = 1000, MANY = 20 };

static int64_t pause_after(const struct child *child)
{
	unsigned int more = child->failures < MANY ? 0 : child->failures - MANY;
	int64_t pause = LATER_MS << (more < 4 ? more : 4);

	if (child->failures < MANY)
		return SOON_MS;
	return pause < LATEST_MS ? pause : LATEST_MS;
}

/* A compiler ends as soon as it has said what became of the lists, and any role after it said why.
 * Whatever else a role said before it ended is said again by the next one. */
static void last_words(struct parent *parent, struct child *child)
{
	static struct message message;

	while (message_receive(child->watch.fd, &message) == 1) {
		if (message.type == MESSAGE_TROUBLE)
			child_trouble(child, &message);
		else if (child->role == ROLE_COMPILE && message.type == MESSAGE_COMPILED)
			change_compiled(parent, &message);
		else if (child->role == ROLE_COMPILE && message.type == MESSAGE_VERIFIED)
			(void)!updates_verified(parent, &message);
		message_close(&message);
	}
}

/*
 * Did the kernel take it for want of memory? It counts those that it took, whoever they were; a role
 * that nobody here killed, with that signal, at that time, was one.
 */
static bool ended_for_memory(struct parent *parent, const struct child *child, int status)
{
	uint64_t kills = oom_kills(), before = parent->oom_kills;

	parent->oom_kills = kills;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !child->trouble[0] &&
	       kills > before;
}

/* Why it ended, in words: what it said itself, or what its end says. */
static void explain(struct child *child, int status, bool for_memory)
{
	char text[CHILD_TEXT + 128];
	const char *more = "";
	int signal;

	if (child->trouble[0] && !WIFSIGNALED(status)) {
		memcpy(child->reason, child->trouble, sizeof(child->reason));
		return;
	}
	if (for_memory) {
		snprintf(child->reason, sizeof(child->reason), "the kernel ended it for want of "
			 "memory");
		return;
	}
	if (!WIFSIGNALED(status)) {
		snprintf(child->reason, sizeof(child->reason), "it ended with code %d",
			 WEXITSTATUS(status));
		return;
	}
	signal = WTERMSIG(status);
	if (child->trouble[0])
		more = child->trouble;
	else if (signal == SIGSYS)
		more = "a system call that it may not use";
	else if (signal == SIGXCPU)
		more = "more time than it may take: the rule lists may be too large";
	else if (signal == SIGKILL)
		more = "another program did that";
	snprintf(text, sizeof(text), "ended by signal %d (%s)%s%s", signal, strsignal(signal),
		 more[0] ? ": " : "", more);
	text_fit(child->reason, sizeof(child->reason), text, strlen(text));
}

static void clear(struct parent *parent, struct child *child)
{
	loop_remove(&parent->loop, &child->watch);
	close(child->watch.fd);
	child->watch.fd = -1;
	child->pid = 0;
	child->ready = false;
	child->sent = child->applied = 0;
	child->owes = false;
}

/* The next one, at once or after a pause; what keeps it from starting is said once. */
static void restart(struct parent *parent, struct child *child, bool was_ready, const char *before)
{
	bool short_life = parent->now - child->started < SHORT_LIFE_MS;

	child->restarts++;
	child->failures = was_ready && !short_life ? 0 : child->failures + 1;
	if (was_ready || strcmp(before, child->reason) != 0)
		log_error("%s: %s: starting it again", role_print(child->role), child->reason);
	if (child->role == ROLE_JOURNAL)
		parts_mend_log(parent);
	if (child->role == ROLE_DNS)
		listeners_renew(parent);
	if (child->failures == 0)
		child_start(parent, child->role);
	else
		child->start_at = parent->now + pause_after(child);
}

static void gone(struct parent *parent, struct child *child, int status)
{
	bool was_ready = child->ready;
	char before[sizeof(child->reason)];
	bool for_memory;

	memcpy(before, child->reason, sizeof(before));
	last_words(parent, child);
	for_memory = ended_for_memory(parent, child, status);
	explain(child, status, for_memory);
	if (child->role != ROLE_COMPILE && !parent->stopping) {
		role_died(&child->deaths, for_memory, parent->now);
		memcpy(child->last_end, child->reason, sizeof(child->last_end));
	}
	if (child->role != ROLE_COMPILE && !parent->stopping)
		patience_died(parent, child);
	clear(parent, child);
	if (child->role == ROLE_DNS || child->role == ROLE_RULES)
		parent->linked = false;
	if (child->role == ROLE_UPDATE)
		control_abandoned(parent, "the update role ended and is started again: see cordon "
				  "update status\n");
	if (child->role == ROLE_COMPILE) {
		if (WIFSIGNALED(status) || WEXITSTATUS(status))
			log_error("compile: %s", child->reason);
		change_compiler_gone(parent);
	} else if (!parent->stopping) {
		restart(parent, child, was_ready, before);
	}
}

void children_reap(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		source_reaped(parent, pid, status);
		if (disks_reaped(&parent->disks, pid, status, parent->now))
			control_disks(parent);
		for (int role = 0; role < ROLE_COUNT; role++) {
			if (parent->child[role].pid == pid)
				gone(parent, &parent->child[role], status);
		}
	}
}
