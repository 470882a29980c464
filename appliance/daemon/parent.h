/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

#include "appliance/base/clock.h"
#include "appliance/base/loop.h"
#include "appliance/daemon/disk.h"
#include "appliance/daemon/modes.h"
#include "appliance/daemon/parts.h"
#include "appliance/daemon/probe.h"
#include "appliance/daemon/rolestate.h"
#include "appliance/daemon/sizing.h"
#include "appliance/daemon/unlogged.h"
#include "appliance/daemon/updates.h"
#include "appliance/daemon/watchdog.h"
#include "appliance/ipc/guard.h"
#include "appliance/ipc/message.h"
#include "appliance/ipc/shared.h"
#include "appliance/journal/losses.h"
#include "appliance/settings/lists.h"
#include "dns/worker.h"
#include "rules/policy/policy.h"

/*
 * The parent: root, but nobody's input reaches it except settings, root's requests and what its
 * own children say. It opens, hands out, waits and starts again.
 *
 *	parent.c	start, loop, stop
 *	parts.c		what it opens, and opens again
 *	listeners.c	the sockets of the dns role
 *	children.c	one process per role
 *	hear.c, ends.c	what it says, and how it ends
 *	alive.c		does it answer? the watchdog of the machine
 *	probe.c		do the listeners answer?
 *	change.c	from a source of rules to "in force everywhere"
 *	source.c	where rules come from, and what comes after one that fails
 *	patience.c	how long a role may take
 *	control.c	requests over the control socket
 *	status.c	what `cordon status` shows
 *	disk.c		how the disk is: a child looks
 *	rolestate.c	is a role busy, silent or dying?
 *	links.c		cables and default routes
 *	oom.c		did the kernel end it for want of memory?
 *	guarded.c	what others changed in the kernel, until an administrator has seen it
 *	updates.c	signed updates, from an offer to the receipt
 */
struct parent;

enum { CHILD_TEXT = 512 };

struct child {
	struct parent *parent;
	enum role role;
	pid_t pid;		/* 0: not running */
	struct watch watch;	/* channel; fd -1 when not running */
	bool ready;
	uint64_t sent;		/* generation of the policy that it was sent */
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
	char reason[CHILD_TEXT];	/* why the last one ended, or why it cannot start; "": it is ready */
	char trouble[CHILD_TEXT];	/* what this one said of that itself */
	char last_end[CHILD_TEXT];	/* why the last one ended, for as long as deaths counts it */
};

/* A compiled policy and where it stands. */
struct generation {
	uint64_t number;	/* 0: none */
	int fd;			/* sealed memfd; -1 */
	struct policy policy;
	bool disarmed;
};

/* Where rules come from. At a start each one that fails is followed by the next. */
enum source { SOURCE_BUNDLE, SOURCE_FOLDER, SOURCE_LAST_LISTS, SOURCE_LAST_POLICY, SOURCE_NONE };

/* Why the policy changes; said when it is done, and to whoever waits for it. */
enum cause { CAUSE_START, CAUSE_RELOAD, CAUSE_MODE, CAUSE_MODE_END, CAUSE_UPDATE };

static inline bool child_has(const struct child *child, const struct generation *generation)
{
	return child->applied == generation->number;
}

/* What the rules role told last, and what others changed since this daemon began. */
struct guarded {
	bool known;
	struct guard_report report;
	uint64_t changes;
	uint64_t unseen;	/* since somebody said that he had seen them */
	int64_t when;		/* of the last, seconds since 1970; 0: none */
	char what[GUARD_TEXT];
};

/* What the log and the messages lack, in all. */
struct seen_losses {
	uint64_t lost[LOSS_COUNT];
	uint64_t freed;
	uint64_t messages;
};

struct control_client {
	struct watch watch;	/* fd -1: free */
	struct parent *parent;
	enum { CLIENT_READING, CLIENT_COUNTERS, CLIENT_DISK, CLIENT_QUEUED, CLIENT_CHANGE,
	       CLIENT_UPDATE } state;
	struct control_request request;	/* CLIENT_QUEUED: for after the change under way */
	uint32_t look;			/* CLIENT_UPDATE: waits for this one */
	int64_t deadline;
};
enum { CONTROL_CLIENTS = 16 };

struct parent {
	/* what it was started with */
	const char *config;
	const char *state_path;
	const char *run_path;
	char *text;
	size_t length;
	struct settings settings;
	unsigned int workers;

	struct loop loop;
	struct part_state part[PART_COUNT];
	int state;		/* folders; -1: not open */
	int run;
	int lock;
	struct watch signals;
	struct watch control;
	struct control_client client[CONTROL_CLIENTS];
	int listen[SETTINGS_WORKERS][WORKER_LISTENERS];
	uint8_t protocol[WORKER_LISTENERS];
	struct endpoint listens_at[WORKER_LISTENERS];
	unsigned int listeners;	/* per worker; -1 in listen: not open */
	int shared_fd[SETTINGS_WORKERS];
	struct worker_shared *shared[SETTINGS_WORKERS];	/* NULL: not open */
	int wake, nflog, route, table;
	char identity[64];
	char boot[CLOCK_BOOT_ID];

	struct child child[ROLE_COUNT];
	struct unlogged unlogged;
	enum kernel_state kernel;	/* as the rules role found it first */
	struct probe probe;
	uint64_t looped;		/* questions of our own that came back, when that was last said */
	int64_t looped_said;	/* 0: never */
	int64_t now;		/* uptime in ms */
	int64_t began;
	bool linked;		/* dns and rules talk to each other */
	bool ready;		/* said so */
	bool stopping;
	bool restarting;	/* somebody said that the next one follows at once */

	/* change.c */
	struct generation current;	/* in force */
	struct generation next;		/* on its way; number 0: none */
	uint64_t last_number;
	enum cause cause;
	bool changing;
	bool compile_wanted;	/* as soon as the last compiler is gone */
	bool compiling;		/* a compiler owes its result */
	int64_t patience;	/* until when somebody must have done the next step */
	int64_t look_again;	/* when to send again what was refused */
	bool again;		/* one more change was asked for meanwhile */
	enum cause again_cause;
	unsigned int deaths;	/* of roles that had to take next */

	/* source.c */
	enum source source;		/* of the change under way */
	enum source current_source;	/* of what is in force */
	bool lists_staged;	/* lists.new holds what next was made of */
	bool lists_kept;	/* lists holds what is in force */
	bool copies_failed;	/* said */
	char fallback[512];	/* why the first source of this change was not used; "" */
	bool bundle_refused;	/* by a compiler, which found it damaged */
	bool fallback_passes;	/* one of them may do better later */
	int64_t retry_at;	/* uptime in ms of the next try by itself; 0: none */
	int64_t retry_pause;
	enum cause retry_cause;
	pid_t keeper;		/* writes STATE/policy; 0: none */
	bool keep_again;
	bool unkept;		/* STATE/policy is older than what is in force */
	int64_t keep_at;	/* uptime in ms of the next try to write it */

	/* patience.c */
	struct sizing sizing;	/* of next, or of what is in force */
	uint32_t rate;		/* of this machine; 0: not measured */

	struct mode_record mode;	/* in force or on its way */
	struct mode_record previous_mode;
	struct mode_record waiting_mode;	/* of the file; what is in force cannot do it yet */
	bool mode_waits;
	bool took_waiting;	/* the change under way is the try to take it */
	struct mode_clock mode_clock;	/* that the times of the mode go by */
	int64_t mode_kept;	/* uptime in ms of the last save */
	char last_error[512];	/* why the last change was refused; "" when it was not */

	struct updates updates;
	struct watchdog watchdog;

	struct guarded guarded;
	struct disks disks;
	const struct losses *losses;	/* in table; NULL: not mapped */
	struct seen_losses seen;	/* as they were when somebody said that he had seen them */
	uint64_t oom_kills;		/* before the last death of a role */
	uint64_t history_lost;		/* lines of STATE/history.jsonl and receipts.jsonl */
	int history_error;		/* -errno of the last of them */

	/* status.c */
	uint8_t counters[4096];	/* body of the last MESSAGE_COUNTERS */
	size_t counters_size;
};

/* ---- parent.c ---- */
int parent_run(struct parent *parent);
/* What time it is for modes; the one in force moves along when the clock was set. */
int64_t parent_move_mode(struct parent *parent);
/* The mode and its clock, into the state folder. */
int parent_keep_mode(struct parent *parent) __attribute__((warn_unused_result));

/* Reads STATE/mode; what it says comes into force. -errno when it cannot be read now. */
int parent_load_mode(struct parent *parent, struct diag *diag) __attribute__((warn_unused_result));

/* ---- children.c ---- */
void children_init(struct parent *parent);
/* Starts a role now; a failure is tried again later. */
void child_start(struct parent *parent, enum role role);
void children_due(struct parent *parent);
void children_stop(struct parent *parent);
int child_send(struct child *child, enum message_type type, const void *body, size_t size, int fd);
/* It hangs or misbehaves: it is started again. why: for the status, static or copied. */
void child_kill(struct child *child, const char *why);
/* What it is doing, and for how long (daemon/rolestate.h). */
enum role_state child_state(const struct child *child, int64_t *since_ms);
/* "the rules role is busy with ...", one line for whoever waits for it. */
void child_explain(const struct child *child, char *text, size_t size);
/* Before the dns role gets a policy: the address space that it may take with it. */
void child_room(struct child *child, const struct generation *generation);
/* Connects the dns and rules roles with each other, once both are there. */
void children_connect(struct parent *parent);

/* ---- hear.c ---- */
/* Its channel has something. */
void child_heard(struct watch *watch, uint32_t events);
/* MESSAGE_TROUBLE. */
void child_trouble(struct child *child, const struct message *message);

/* ---- ends.c ---- */
void children_reap(struct parent *parent);

/* ---- listeners.c ---- */
void listeners_plan(struct parent *parent);
/* Those that are not open. 0, or -errno of the last one that cannot be. */
int listeners_open(struct parent *parent, struct diag *diag) __attribute__((warn_unused_result));
/* Closes all and opens new ones; what cannot be opened anew stays as it was. */
void listeners_renew(struct parent *parent);
bool listeners_any(const struct parent *parent);

/* ---- alive.c ---- */
/* Once a round. */
void alive_tick(struct parent *parent);
void alive_answered(struct child *child);

/* ---- change.c ---- */
/* Compiles and switches over; when a change is under way, once more after it. */
void change_begin(struct parent *parent, enum cause cause);
void change_compiled(struct parent *parent, struct message *message);	/* takes its descriptor */
void change_compiler_gone(struct parent *parent);	/* also when it was never there */
void change_applied(struct parent *parent, struct child *child, const struct message *message);
/* A role became ready or died: send what it lacks, finish what can be finished. */
void change_advance(struct parent *parent);
/* What is next is the current one from now on. */
void change_commit(struct parent *parent);
/* The change fails; passes: for a reason that may be gone later. At a start the next source
 * follows. */
void change_refuse(struct parent *parent, const char *text, bool passes);
/* A compiler for the source of the change. */
void change_compile(struct parent *parent);
/* The sealed block in fd is what every role has to take next. -errno: fd stays the caller's. */
int change_switch(struct parent *parent, int fd) __attribute__((warn_unused_result));

/* ---- source.c ---- */
const char *source_print(enum source source);
/* Chooses the source of a change that begins, and begins with it. */
void source_begin(struct parent *parent);
/* With nothing in force: goes on with the source after the one that failed. False: none is left. */
bool source_next(struct parent *parent, const char *text, bool passes);
/* For a compiler: the rule lists of the source. */
int source_tell(struct parent *parent, struct child *child) __attribute__((warn_unused_result));
/* What is in force now is kept for bad days. */
void source_keep(struct parent *parent);
/* The writer of STATE/policy ended, if that was its number. */
void source_reaped(struct parent *parent, pid_t pid, int status);
/* A try by itself, after a pause that grows from one to the next. */
void source_retry(struct parent *parent, enum cause cause);
void source_tick(struct parent *parent);

/* ---- patience.c ---- */
/* Sizes next. False with text when it does not fit this machine. */
bool patience_size(struct parent *parent, char *text, size_t size, bool *passes);
/* How long the role may say nothing, from now on. */
void patience_renew(struct parent *parent, struct child *child);
/* Also while it does something else that takes long: it is alive then. -EBADMSG: damaged. */
int patience_progress(struct parent *parent, struct child *child, const struct message *message)
	__attribute__((warn_unused_result));
/* It answered: how fast is this machine? changed: it had something to do. */
void patience_learn(struct parent *parent, const struct child *child, bool changed);
/* The role was ended because it said nothing: the next try has more time. */
void patience_lost(struct parent *parent);
void patience_load(struct parent *parent);
/* Before its fields are cleared: a role died, maybe of the policy that it had to take. */
void patience_died(struct parent *parent, struct child *child);
/* Once a round: nobody keeps a change waiting for ever. */
void patience_tick(struct parent *parent);

/* ---- control.c ---- */
int control_open(struct parent *parent, struct diag *diag);
/* The change that clients wait for is over. */
void control_changed(struct parent *parent, bool done, const char *text);
void control_counters(struct parent *parent);
/* What came of a look that somebody asked for; nobody waits for look 0. */
void control_looked(struct parent *parent, uint32_t look, int code, const char *text);
/* Nobody will ever say what comes of the looks that are waited for. */
void control_abandoned(struct parent *parent, const char *text);
/* A look at the disk ended. */
void control_disks(struct parent *parent);
/* Once a round: time-outs, and modes whose turn has come. */
void control_tick(struct parent *parent);

/* ---- guarded.c ---- */
/* A MESSAGE_GUARD; -EBADMSG: the role sends nonsense. */
int guarded_heard(struct parent *parent, const struct message *message)
	__attribute__((warn_unused_result));
/* by: who has seen them, and what the log lacks; text: what to answer. */
void guarded_seen(struct parent *parent, const char *by, char *text, size_t size);

json_t *guarded_json(const struct parent *parent);	/* for the status; the caller's */

/* ---- status.c ---- */
void status_losses(const struct parent *parent, struct seen_losses *losses);
/* A look at the disk, unless the last is younger. */
void status_look(struct parent *parent, int64_t age_ms);
/* One JSON object; malloc'ed, NULL when out of memory. */
char *status_print(const struct parent *parent);
