/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/daemon/source.h"
#include "rules/policy/policy.h"

/*
 * How a policy changes, as decisions: a throw-away child compiles the rules of a source, then the
 * rules role, the journal and the dns role take the block in this order, and only then is it the
 * current one. A refusal anywhere leaves everything as it was. nftables goes first in both
 * directions: what it newly refuses is refused before any name leads there, and what it newly lets
 * through is harmless while DNS still says no.
 *
 * Events come in as calls, which only change this state. change_step says what to do next; the
 * round does that, and tells what came of it with the next call. No verb here starts, sends or
 * writes anything.
 */

/* A compiled policy and where it stands. */
struct generation {
	uint64_t number;	/* 0: none */
	int fd;			/* sealed memfd; -1 */
	struct policy policy;
	bool disarmed;
};

/* 0 or -errno; then fd stays the caller's. */
int generation_open(struct generation *generation, int fd, uint64_t number, bool disarmed)
	__attribute__((warn_unused_result));
void generation_release(struct generation *generation);

/* Why the policy changes; said when it is done, and to who waits for it. */
enum cause { CAUSE_START, CAUSE_RELOAD, CAUSE_MODE, CAUSE_MODE_END, CAUSE_UPDATE };
const char *cause_print(enum cause cause);

enum change_state {
	CHANGE_IDLE,
	CHANGE_ASKED,		/* its first source has to be chosen */
	CHANGE_SOURCE,		/* its source has to be read */
	CHANGE_COMPILE,		/* a compiler has to be started, once the last one is gone */
	CHANGE_COMPILING,	/* a compiler owes its result */
	CHANGE_SWITCHING,	/* roles take next */
	CHANGE_OVER		/* what came of it has to be said */
};

/* What a role has of generations, and whether it can take one. */
struct change_role {
	bool exists;		/* a process */
	bool ready;
	bool owes;		/* an answer */
	bool allowed;		/* it has all that it cannot start without */
	uint64_t sent, applied;	/* numbers */
	int64_t patience;	/* uptime in ms until which its answer is waited for */
};
struct change_roles {
	struct change_role rules, dns, journal;
	bool journal_wanted;	/* this build keeps a log */
};

struct change {
	enum change_state state;
	enum cause cause;
	enum rules_source source;		/* of the change under way */
	enum rules_source current_source;	/* of what is in force */
	struct generation current;	/* in force */
	struct generation next;		/* on its way; number 0: none */
	uint64_t last_number;
	int64_t patience;	/* uptime in ms until when the next step must have been done */
	bool stirred;		/* something happened: roles may have to be sent something */
	bool again;		/* one more change was asked for meanwhile */
	enum cause again_cause;
	unsigned int deaths;	/* of roles that had to take next */
	bool done;		/* OVER: it is in force */
	bool passes;		/* OVER, refused: for a reason that may be gone later */
	bool first;		/* OVER, refused: nothing was in force */
	char text[4096];	/* OVER: what to say of it */
	char fallback[512];	/* why the first source of this change was not used; "" */
	bool fallback_passes;	/* one of the sources may do better later */
	bool bundle_refused;	/* by a compiler, which found it damaged */
	char last_error[512];	/* why the last change was refused; "" when it was not */
	int64_t retry_at;	/* uptime in ms of the next try by itself; 0: none */
	int64_t retry_pause;
	enum cause retry_cause;
};

/* Nothing is in force, and no change is under way. */
void change_init(struct change *change);
/* Asks for a change; when one is under way, for one more after it. */
void change_want(struct change *change, enum cause cause);
/* A change is under way. */
bool change_runs(const struct change *change);
/* Something happened to a role: see what it lacks. */
void change_stir(struct change *change);

/* ---- what came of a step ---- */

/* ASKED: the source is chosen. */
void change_chosen(struct change *change, enum rules_source source);
/* SOURCE: it was read, and has to be compiled. */
void change_read(struct change *change, int64_t now);
/* COMPILE: a compiler was started, which has so long. */
void change_compiling(struct change *change, int64_t now);
/* The sealed block in fd is what every role has to take next. -errno: fd stays the caller's. */
int change_switch(struct change *change, int fd, bool disarmed, int64_t now)
	__attribute__((warn_unused_result));
/*
 * The change fails. At a start the next source follows, if there is one: last_lists says whether
 * there are last good lists. passes: for a reason that may be gone later.
 */
void change_refuse(struct change *change, const char *text, bool passes, bool last_lists);
/* The change is over without a new policy: nothing new, or it waits. */
void change_leave(struct change *change, const char *text);
/* What is next is the current one from now on; text: to say. The one before is released. */
void change_commit(struct change *change, const char *text);
/* OVER, and all was said: last_error is kept; the change that was asked for meanwhile begins. */
void change_end(struct change *change);

/* A role that had to take next died. True: too often, and the change has to be refused. */
bool change_died(struct change *change, const struct change_role *role);

/* ---- what to do next, while SWITCHING or IDLE ---- */

/* Which generation the rules role has to be sent now; NULL: none. */
const struct generation *change_for_rules(const struct change *change,
					  const struct change_roles *roles);
/* The same for the journal or the dns role, which come after the rules role. */
const struct generation *change_for_others(const struct change *change,
					   const struct change_roles *roles,
					   const struct change_role *role);
/* May the dns role be started? At the first start no query is answered before the rules are in
 * place. */
bool change_lets_dns(const struct change *change, const struct change_roles *roles);
/* Has every role that counts taken next? */
bool change_is_taken(const struct change *change, const struct change_roles *roles);

/* SWITCHING, and patience is over: what to do. */
enum change_late {
	CHANGE_WAIT_ON,
	CHANGE_COMPILER_LATE,	/* end the compiler */
	CHANGE_WITHOUT_JOURNAL,	/* commit: its log goes by the policy before */
	/* commit: what is blocked is blocked, names are not answered meanwhile */
	CHANGE_WITHOUT_DNS,
	CHANGE_WITHOUT_RULES,	/* refuse: the rules role is not there */
	CHANGE_NO_RULES		/* nothing to go back to, and no other source would help: say so */
};
enum change_late change_late(const struct change *change, const struct change_roles *roles,
			     int64_t now);

/* ---- again by itself ---- */

/* A try by itself, after a pause that grows from one to the next. */
void change_retry(struct change *change, enum cause cause, int64_t now);
/* Its time has come: it is asked for. */
void change_tick(struct change *change, int64_t now);
