/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <poll.h>

#include "appliance/base/ration.h"
#include "appliance/base/text.h"
#include "appliance/ipc/guard.h"
#include "rules/nft/kernel.h"
#include "rules/nft/listen.h"
#include "rules/nft/outside.h"

/*
 * Keeps the kernel's side what the rules role made of it. The kernel tells each change. One that
 * another program made to our table, policy rules or routes is undone at once: first the structure
 * and the sets that it touched, then all of it is compared, and the parent hears of it. After each
 * work comes a pause in proportion, so that a flood of changes leaves time for policies and
 * pinholes.
 */
enum { GUARD_SOCKETS = LISTEN_SOCKETS };

/* Something that is due, at the earliest at a time. */
struct guard_task {
	bool due;
	int64_t at;	/* uptime in ms */
};

struct guard {
	struct kernel *kernel;
	const struct settings *settings;
	struct listen listen;
	const struct ruleset *ruleset;	/* in force; NULL: none yet */
	struct ruleset_outside outside;	/* as it was read last */

	struct guard_task part, whole, routes, links, report;
	struct scope touched;	/* sets, since the last restoration */
	bool live_touched;	/* pinholes among them */
	bool noted, routes_noted;	/* what the next comparison finds was told already */
	struct ration lines;	/* of the log, for changes by others */
	uint32_t unsaid;	/* changes that got no line */
	struct ration complaints;
	struct guard_report now, told;
};

/* What the role has to do itself. */
enum {
	GUARD_OUTSIDE = 1,	/* guard->outside is another: build and apply the ruleset again */
	GUARD_PINHOLES = 2	/* another program changed them: judge them */
};

/* Before the role seals itself. -errno. */
int guard_open(struct guard *guard, struct kernel *kernel, const struct settings *settings)
	__attribute__((warn_unused_result));
void guard_fds(const struct guard *guard, struct pollfd fds[static GUARD_SOCKETS]);
/* Milliseconds until there is work; -1: none is due. */
int guard_timeout(const struct guard *guard);
/* Reads what the kernel tells, and does what is due. Bits, see above. */
unsigned int guard_work(struct guard *guard);

/* Interfaces are read anew: guard->outside is true afterwards, as far as they could be read. */
void guard_poll(struct guard *guard);
/* This ruleset was applied whole just now; it has to live until the next is. */
void guard_applied(struct guard *guard, const struct ruleset *ruleset);
/* Once in a while: compares everything, in case the kernel's notification of a change was lost. */
void guard_check(struct guard *guard);
