/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

#include "appliance/daemon/daemon.h"
#include "appliance/daemon/rolestate.h"
#include "appliance/ipc/message.h"

/*
 * The roles as processes of the parent: started, told what they need, heard, ended, started again.
 * What they say and why they are needed, this room does not know: the owner gives hooks. No hook is
 * called from within a verb but children_read and child_start (tell).
 */
enum { CHILD_TEXT = 512 };

struct children;

struct child {
	struct children *all;
	enum role role;
	pid_t pid;		/* 0: not running */
	struct watch watch;	/* channel; fd -1 when not running */
	bool ready;
	uint64_t sent;		/* number of the generation that it was sent */
	uint64_t applied;	/* and of the one that it has in force */
	bool owes;		/* its answer to the one that it was sent */
	int64_t sent_at;	/* uptime in ms */
	int64_t patience;	/* until when it must have answered, or made progress */
	uint32_t progress;	/* as it said last, */
	uint32_t total;		/* of so much; 0: it said nothing */
	int64_t started;	/* uptime in ms */
	int64_t start_at;	/* when to start it again; 0: not waiting for that */
	int64_t asked;		/* whether it is alive, and it has not said so; 0: not */
	int64_t answered;	/* when it said so last; 0: not yet */
	unsigned int restarts;
	unsigned int failures;	/* starts in a row that came to nothing */
	struct role_deaths deaths;
	/* why the last one ended, or why it cannot start; "": it is ready */
	char reason[CHILD_TEXT];
	char trouble[CHILD_TEXT];	/* what this one said of that itself */
	/* why the last one ended, for as long as deaths counts it */
	char last_end[CHILD_TEXT];
};

struct children_hooks {
	/* Has the role all that it cannot start without? */
	bool (*allowed)(void *context, enum role role);
	/* Tells a role that was just started what it needs before it seals itself; the first error.
	 */
	int (*tell)(void *context, struct child *child);
	/* A message; its descriptor is closed afterwards unless the hook takes it (-1). */
	void (*heard)(void *context, struct child *child, struct message *message);
};

struct children {
	struct daemon *daemon;
	const struct children_hooks *hooks;
	void *context;
	struct child child[ROLE_COUNT];
	uint64_t oom_kills;	/* of the kernel, before the last death of a role */
};

/* No role runs. daemon, hooks and context outlive it. */
void children_init(struct children *children, struct daemon *daemon,
		   const struct children_hooks *hooks, void *context);
/*
 * Starts a role now; nothing happens when it runs, may not start, or the daemon stops. -errno,
 * logged, with child->reason: it did not start. A compiler is not tried again by itself, every
 * other role is.
 */
int child_start(struct child *child) __attribute__((warn_unused_result));
/* Starts what is due. */
void children_due(struct children *children);
/* Ends one, and waits for that. */
void child_stop(struct child *child);
/* Ends all, and waits for that. */
void children_stop(struct children *children);

/* 0 or -errno; one that takes nothing is killed. */
int child_send(struct child *child, enum message_type type, const void *body, size_t size, int fd);
/* It hangs or misbehaves: it is ended, and started again when that was noticed. why: for the
 * status, copied. */
void child_kill(struct child *child, const char *why);
/* It answered the question whether it is alive. */
void child_answered(struct child *child);
/* MESSAGE_TROUBLE: what it says of itself, kept for when it ends. */
void child_trouble(struct child *child, const struct message *message);

/* Room in both directions of a channel for bursts. */
void children_buffers(int fd);

/* What it is doing, and for how long (rolestate.h). */
enum role_state child_state(const struct child *child, int64_t *since_ms);
/* "the rules role is busy with ...", one line for who waits for it. */
void child_explain(const struct child *child, char *text, size_t size);

/* What its process left: its last messages are heard (the hook), and why it ended is in
 * child->reason. */
struct child_end {
	struct child *child;
	bool was_ready;
	bool crashed;		/* by a signal, or with another code than 0 */
	bool news;		/* its reason is another one than the last time */
	bool for_memory;	/* the kernel ended it for want of memory */
	int signal, code;	/* that it ended with; signal 0: none */
};
/* True: that pid belonged to a role. */
bool children_ended(struct children *children, pid_t pid, int status, struct child_end *end);
/* Clears what belonged to the process; after that it may be started again. */
void child_clear(struct child *child);
/* The next one: at once (0), or when a pause is over, which grows with failures. */
void child_again(struct child_end *end);
