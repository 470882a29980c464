/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "appliance/ipc/actor.h"

/* Where a notice goes, and on whose word. */
struct notice_way {
	const char *state, *run;	/* folders of cordond */
	/* Who was authenticated by this program: an ssh server's user, or signatures that it
	 * verified. NULL: cordond looks who runs this program. */
	const struct actor *actor;
	bool secret;			/* the administrator's secret was given */
};

/*
 * Hands a notice (journal/notice.h) to cordond, or leaves it in its state folder (ipc/spool.h) if
 * it does not run. members: an object, taken over; NULL: -ENOMEM. If it is too long, the last
 * items of "changes" are left out, and "more" says how many. 0 or -errno: it is not logged.
 */
int command_notice(const struct notice_way *way, const char *kind, json_t *members)
	__attribute__((warn_unused_result));
