/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A watchdog device (linux/watchdog.h) restarts the machine unless a process writes to it in time.
 * It is fed as long as the daemon does its job, and for a while longer, in which the fault may mend
 * itself. After that it is not fed, and the machine comes up anew.
 *
 * The device is never disarmed: after the daemon ends, the timeout is left to start it again.
 * Opening the device feeds it, too, so a daemon that dies again and again must not always open it.
 * A file in the run folder says since when no daemon has done its job.
 */
enum {
	WATCHDOG_TIMEOUT_S = 30,	/* asked of the driver, which may take another */
	WATCHDOG_GRACE_MS = 180 * 1000,	/* at a start: a slow machine compiles large lists */
	WATCHDOG_PATIENCE_MS = 30 * 1000,	/* after that long without a policy or an answer */
	WATCHDOG_ANSWER_MS = 30 * 1000	/* a role that said something since then answers */
};

struct watchdog {
	const char *device;	/* "": none */
	int run;		/* folder */
	int fd;			/* -1: not open */
	int error;		/* of the last try to open or feed it, 0 or -errno */
	unsigned int timeout;	/* seconds that the driver took; 0: it does not say */
	int64_t grace_end;	/* uptime in ms */
	int64_t well;		/* uptime in ms when all was well last; 0: not yet */
	bool waits;		/* RUN/unready is there */
	bool fed;
	const char *complaint;	/* NULL: all is well */
};

/* What the daemon knows of its parts; times are uptimes in ms, 0 for never. */
struct watchdog_signs {
	bool in_force;		/* rules and dns have a policy */
	int64_t dns;		/* last sign of life */
	int64_t rules;
};

/* ---- pure ---- */

/* What is wrong, in static words; NULL when nothing is. */
const char *watchdog_complaint(const struct watchdog_signs *signs, int64_t now);

/* The end of the grace of a daemon that starts now; kept: when the first start was since all was
 * well, or 0. */
int64_t watchdog_grace(int64_t kept, int64_t now);

/* Is it to be fed? Keeps the complaint and when there was none. */
bool watchdog_judge(struct watchdog *watchdog, const char *complaint, int64_t now);

/* ---- the device ---- */

/* At the start, before anything that may hang: opens the device. Without it the daemon runs all the
 * same, and says so. run: a folder that a restart of the machine empties; device outlives it. */
void watchdog_init(struct watchdog *watchdog, const char *device, int run, int64_t now);

/* Once a second. */
void watchdog_tick(struct watchdog *watchdog, const struct watchdog_signs *signs, int64_t now);

/* Before an orderly stop, which takes a while: feeds it once more and leaves it armed. Logs that,
 * unless the next daemon follows at once. */
void watchdog_leave(struct watchdog *watchdog, bool restarting);
