/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "appliance/ipc/event.h"
#include "appliance/journal/neighbours.h"
#include "appliance/settings/settings.h"

/*
 * That a host was there, and by which channels it was covered, so that "none found" can be
 * defended: events of the channels CHANNEL_SEEN_DNS (from the dns role) and CHANNEL_SEEN_LINK (from
 * the neighbour table: soon after the start, then every PRESENCE_LOOK_MS). Each client and channel
 * has one in six hours of wall time; what it counts is at least what happened (ipc/attendance.h).
 * Nothing else of innocent traffic is kept.
 */
enum { PRESENCE_LOOK_MS = 5 * 60 * 1000, PRESENCE_FIRST_MS = 5000,
       PRESENCE_SLOT_MS = 6 * 60 * 60 * 1000 };

struct presence {
	struct attendance *attendance;
	const struct settings *settings;	/* NULL: the neighbour table is not looked at */
	int64_t look_ms;	/* uptime of the next look; 0: now */
	int64_t pause_ms;	/* until the one behind it */
	uint64_t failed;	/* looks */
};

/* settings: outlive it. 0 or -ENOMEM. */
int presence_init(struct presence *presence, const struct settings *settings, uint64_t seed)
	__attribute__((warn_unused_result));
void presence_release(struct presence *presence);

/* Is the event of presence to be stored? Then its count is set. */
bool presence_event(struct presence *presence, struct event *event);

/* If it is time, calls back for each neighbour on a guarded link as an event, which presence_event
 * has judged. */
void presence_look(struct presence *presence, struct neighbours *neighbours, int64_t wall_ms,
		   int64_t uptime_ms, void (*each)(void *context, const struct event *event),
		   void *context);
