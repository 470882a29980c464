/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/cursor.h"
#include "appliance/ipc/actor.h"

/*
 * A notice that another program of the box hands to cordond: over the control socket, or, while
 * cordond does not run, as a file in its state folder (spool.h). Which kinds may come this way, and
 * what their members are: journal/notice.h.
 */
enum { HANDED_KIND = 24, HANDED_MEMBERS = 4096, HANDED_MAX = HANDED_MEMBERS + 512 };

struct handed {
	int64_t wall_ms;		/* when it happened; 0: now */
	bool secret;			/* the administrator's secret was given for it */
	char kind[HANDED_KIND];
	char actor[ACTOR_TEXT];		/* actor.h; "": the process that hands it in */
	char members[HANDED_MEMBERS];	/* a JSON object */
};

/* Appends it; the cursor fails if there is no room. */
void handed_put(struct cursor *cursor, const struct handed *handed);
/* False: cut short, too long, control characters, or an actor that is none. Its end may be followed
 * by more. */
bool handed_get(struct cursor *cursor, struct handed *handed);
