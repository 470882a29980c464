/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/text.h"
#include "appliance/daemon/children.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/oom.h"

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

/* What a role said before it ended, and nobody read yet. */
static void last_words(struct child *child)
{
	static struct message message;

	while (message_receive(child->watch.fd, &message) == 1) {
		if (message.type == MESSAGE_TROUBLE)
			child_trouble(child, &message);
		else if (child->role == ROLE_COMPILE)
			child->all->hooks->heard(child->all->context, child, &message);
		message_close(&message);
	}
}

/*
 * Did the kernel kill it for want of memory? The kernel only counts the processes that it killed. A
 * role that died at that time of that signal, and that this daemon did not kill, was one of them.
 */
static bool ended_for_memory(struct children *children, const struct child *child, int status)
{
	uint64_t kills = oom_kills(), before = children->oom_kills;

	children->oom_kills = kills;
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

void child_clear(struct child *child)
{
	loop_remove(&child->all->daemon->loop, &child->watch);
	close(child->watch.fd);
	child->watch.fd = -1;
	child->pid = 0;
	child->ready = false;
	child->sent = child->applied = 0;
	child->owes = false;
}

static struct child *child_of(struct children *children, pid_t pid)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		if (children->child[role].pid == pid)
			return &children->child[role];
	}
	return NULL;
}

bool children_ended(struct children *children, pid_t pid, int status, struct child_end *end)
{
	struct child *child = child_of(children, pid);
	char before[sizeof(child->reason)];
	bool for_memory;

	if (!child)
		return false;
	memcpy(before, child->reason, sizeof(before));
	*end = (struct child_end){ .child = child, .was_ready = child->ready,
				   .crashed = WIFSIGNALED(status) || WEXITSTATUS(status) };
	last_words(child);
	for_memory = ended_for_memory(children, child, status);
	explain(child, status, for_memory);
	end->for_memory = for_memory;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	end->news = strcmp(before, child->reason) != 0;
	if (child->role != ROLE_COMPILE && !children->daemon->stopping) {
		role_died(&child->deaths, for_memory, children->daemon->now);
		memcpy(child->last_end, child->reason, sizeof(child->last_end));
	}
	return true;
}

void child_again(struct child_end *end)
{
	struct child *child = end->child;
	const int64_t now = child->all->daemon->now;
	bool short_life = now - child->started < SHORT_LIFE_MS;

	child->restarts++;
	child->failures = end->was_ready && !short_life ? 0 : child->failures + 1;
	if (end->was_ready || end->news)
		log_error("%s: %s: starting it again", role_print(child->role), child->reason);
	if (child->failures)
		child->start_at = now + pause_after(child);
	else
		(void)!child_start(child);	/* and again later */
}
