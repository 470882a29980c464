/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a role is doing, told apart by what is to be done about it. Pure: facts in, a state out. The
 * words for people belong to the program that shows it.
 */
enum role_state {
	ROLE_STATE_RUNNING,
	ROLE_STATE_STARTING,	/* not ready yet, for the first time */
	ROLE_STATE_BUSY,	/* it works on a policy, and reports progress or has time left */
	ROLE_STATE_SILENT,	/* it was asked whether it is alive, and has not answered yet */
	ROLE_STATE_RESTARTING,	/* it ended, and is started again */
	ROLE_STATE_WAITING,	/* it cannot start before something is there */
	ROLE_STATES
};
const char *role_state_print(enum role_state state);	/* "running" */

enum {
	ROLE_BUSY_MS = 2000,	/* shorter work is none to speak of */
	ROLE_SILENT_MS = 3000	/* so are shorter pauses */
};

struct role_facts {
	bool running, ready;
	bool can_start;		/* what it needs is there */
	unsigned int failures;	/* starts in a row that came to nothing */
	int64_t work_ms;	/* how long it has been at a policy; -1: it is not */
	int64_t silent_ms;	/* since it was asked; -1: it answered */
	int64_t age_ms;		/* since it was started */
};

/* *since_ms: for how long; of RESTARTING and WAITING 0. */
enum role_state role_state(const struct role_facts *facts, int64_t *since_ms);

/* Deaths with less than ROLE_WINDOW_MS from one to the next, and since the last. */
enum { ROLE_WINDOW_MS = 10 * 60 * 1000 };
struct role_deaths {
	unsigned int count;
	unsigned int for_memory;	/* of these, by the kernel for want of memory */
	int64_t last;			/* uptime in ms */
};
void role_died(struct role_deaths *deaths, bool for_memory, int64_t now);
/* Forgets what is long past. */
void role_lived(struct role_deaths *deaths, int64_t now);
