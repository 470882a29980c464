/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/standing.h"

#include "appliance/daemon/log.h"

enum { KEEP_MS = 10 * 60 * 1000 };

void standing_init(struct standing *standing, struct daemon *daemon, const struct mode_clock *now)
{
	*standing = (struct standing){ .daemon = daemon, .clock = *now };
}

int standing_keep(struct standing *standing)
{
	standing->kept = standing->daemon->now;
	return mode_save(&standing->mode, &standing->clock, standing->daemon->state);
}

static void keep(struct standing *standing)
{
	if (standing_keep(standing) < 0)
		log_error("the mode cannot be kept in %s: a restart will enforce",
			  standing->daemon->state_path);
}

static void let_wait(struct standing *standing)
{
	standing->waiting = standing->mode;
	standing->waits = true;
	standing->mode = (struct mode_record){ .mode = MODE_ENFORCE };
}

int standing_load(struct standing *standing, const struct mode_clock *now, bool busy,
		  struct diag *diag)
{
	struct mode_record *mode = &standing->mode;
	const struct daemon *daemon = standing->daemon;
	int error = mode_load(mode, &standing->clock, daemon->state, diag);

	if (error)
		return error;
	(void)mode_move(mode, &standing->clock, now);
	if (mode_ended(mode, now->now))
		*mode = (struct mode_record){ .mode = MODE_ENFORCE };
	else if (mode->mode != MODE_ENFORCE)
		log_warning("mode %s goes on, by %s: %s", mode_print(mode->mode), mode->by,
			    mode->reason);
	(void)mode_first_start(mode, &daemon->settings, daemon->state, now->now);
	keep(standing);
	if (mode->mode != MODE_ENFORCE && busy)
		let_wait(standing);
	return 0;
}

void standing_put(struct standing *standing, const struct mode_record *record)
{
	standing->previous = standing->mode;
	standing->mode = *record;
	standing->waits = false;
}

/* What passed up to a power cut must not begin anew for ever: the clock is kept from time to time.
 */
void standing_move(struct standing *standing, const struct mode_clock *now)
{
	bool moved = mode_move(&standing->mode, &standing->clock, now);

	if (moved)
		log_info("the clock moved: mode %s ends in %lld s as before",
			 mode_print(standing->mode.mode),
			 (long long)(standing->mode.until - now->now));
	if (standing->mode.mode != MODE_ENFORCE &&
	    (moved || standing->daemon->now - standing->kept >= KEEP_MS))
		keep(standing);
}

bool standing_expire(struct standing *standing, int64_t now)
{
	if (!mode_ended(&standing->mode, now))
		return false;
	log_warning("mode %s ended by itself: enforcing", mode_print(standing->mode.mode));
	standing->mode = (struct mode_record){ .mode = MODE_ENFORCE, .since = now,
					       .reason = "the mode before ended by itself",
					       .actor = "timer" };
	if (standing_keep(standing) < 0)
		log_error("the file of the mode cannot be removed: its time is over anyway");
	return true;
}

void standing_try(struct standing *standing)
{
	if (!standing->waits)
		return;
	standing->previous = standing->mode;
	standing->mode = standing->waiting;
	standing->waits = false;
	standing->took_waiting = true;
}

void standing_enforce(struct standing *standing)
{
	if (standing->mode.mode == MODE_ENFORCE)
		return;
	log_warning("the last good policy enforces: mode %s waits",
		    mode_print(standing->mode.mode));
	let_wait(standing);
	standing->took_waiting = false;
}

/* What was asked for is not in force, so it is not what the mode is. */
void standing_put_back(struct standing *standing, bool asked)
{
	if (standing->took_waiting) {
		standing->waiting = standing->mode;
		standing->waits = true;
		standing->mode = standing->previous;
	}
	if (!asked)
		return;
	standing->mode = standing->previous;
	if (standing_keep(standing) < 0)
		log_error("the mode could not be written back: it is %s until the next start",
			  mode_print(standing->mode.mode));
}

void standing_settle(struct standing *standing)
{
	standing->took_waiting = false;
}
