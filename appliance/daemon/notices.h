/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/entry.h"

/*
 * What happened to the appliance, on its way to the journal. What cannot be sent yet waits, with
 * the time when it happened; when too much waits the newest are counted instead, and a notice says
 * how many. Kinds and members: journal/notice.h.
 */
enum { NOTICES_WAITING = 64 };

struct notice_waiting {
	int64_t wall_ms, uptime_ms;
	char kind[ENTRY_KIND];
	char *text;	/* actor, NUL, members, NUL */
	size_t size;
};

struct notices {
	struct notice_waiting waiting[NOTICES_WAITING];
	size_t count;
	uint64_t dropped;
};

/*
 * Adds one, with the time of now. actor: who was authenticated; "" the appliance itself. members:
 * an object, taken over; NULL (no memory) is counted as dropped.
 */
void notices_add(struct notices *notices, const char *kind, const char *actor, json_t *members);

/* Sends what waits to the journal, over that socket, until it takes no more. */
void notices_send(struct notices *notices, int socket);
