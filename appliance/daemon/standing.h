/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/daemon.h"
#include "appliance/daemon/modes.h"

/*
 * The mode as it stands: in force or on its way, the one before, and one that waits because what is
 * in force cannot do it yet. It is kept in the state folder. now: what time it is for modes
 * (modes.h).
 */
struct standing {
	struct daemon *daemon;
	struct mode_record mode;	/* in force or on its way */
	struct mode_record previous;
	struct mode_record waiting;	/* of the file; what is in force cannot do it yet */
	bool waits;
	bool took_waiting;	/* the change under way is the try to take it */
	struct mode_clock clock;	/* that the times of the mode go by */
	int64_t kept;		/* uptime in ms of the last save */
};

/* Enforces. */
void standing_init(struct standing *standing, struct daemon *daemon, const struct mode_clock *now);
/*
 * Reads STATE/mode; what it says stands from now on. busy: a policy is in force or on its way
 * already, so that another mode than enforce has to wait for a change of its own. -errno when it
 * cannot be read now.
 */
int standing_load(struct standing *standing, const struct mode_clock *now, bool busy,
		  struct diag *diag) __attribute__((warn_unused_result));
/* A new mode that was asked for, kept already; the one before stays known until the change is over.
 */
void standing_put(struct standing *standing, const struct mode_record *record);
/* Writes it. -errno. */
int standing_keep(struct standing *standing) __attribute__((warn_unused_result));
/* What time it is now; the times of the mode move along when the clock was set, and are kept. */
void standing_move(struct standing *standing, const struct mode_clock *now);
/* Its time has come: it enforces from now on. True when that is new. */
bool standing_expire(struct standing *standing, int64_t now);

/* A change begins at a start: the mode that waits is tried. */
void standing_try(struct standing *standing);
/* A policy that enforces comes into force, whatever was asked for: that waits. */
void standing_enforce(struct standing *standing);
/* The change failed. asked: it was one of the mode alone. */
void standing_put_back(struct standing *standing, bool asked);
/* The change is over. */
void standing_settle(struct standing *standing);
