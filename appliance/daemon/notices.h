/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/actor.h"
#include "appliance/ipc/handed.h"
#include "appliance/ipc/spool.h"
#include "appliance/journal/entry.h"

/*
 * What happened to the appliance, on its way to the journal. Each notice stays here, with the time
 * when it happened, until the journal says that it has it, so a journal that is killed loses none.
 * When too many wait, the newest are counted instead, and a notice says how many. Kinds and
 * members: journal/notice.h.
 */
enum {
	NOTICES_WAITING = 256,
	NOTICES_AGAIN_MS = 5000	/* before one that the journal had no room for is sent again */
};

struct notice_waiting {
	uint64_t number;
	int64_t wall_ms, uptime_ms;
	char kind[ENTRY_KIND];
	char actor[ACTOR_TEXT];
	char *members;			/* without braces */
	char spooled[SPOOL_NAME];	/* its file, removed when the journal has it; "": none */
};

struct notices {
	struct notice_waiting waiting[NOTICES_WAITING];	/* the oldest first */
	size_t count;
	size_t sent;		/* of these, to the journal that runs now */
	int64_t again_ms;	/* uptime when to send again; 0: at once */
	uint64_t last;		/* number */
	uint64_t dropped;
	char *standing;		/* members of the policy in force; NULL: none */
	bool told;		/* the journal that runs now knows it */
};

/* Adds one, with the time of now. actor: who was authenticated. members: an object, taken over;
 * NULL (no memory) is counted as dropped. */
void notices_add(struct notices *notices, const char *kind, const struct actor *actor,
		 json_t *members);
/* The same, done by the appliance itself. */
void notices_add_box(struct notices *notices, const char *kind, json_t *members);
/* The policy in force (NOTICE_POLICY): a new journal and a new day learn it, too. */
void notices_add_policy(struct notices *notices, const struct actor *actor, json_t *members);

/*
 * One that another program handed in. actor: who the program is. 0; -EBADMSG: not of a kind that is
 * taken, or malformed members.
 */
int notices_take(struct notices *notices, const struct handed *handed, const struct actor *actor)
	__attribute__((warn_unused_result));
/* Those that waited in STATE/notices for cordond; at most as many as there is room for. Damaged
 * files are removed and counted as dropped. */
void notices_take_spooled(struct notices *notices, int state);

/* Sends what waits to the journal, over that socket, until it takes no more. */
void notices_send(struct notices *notices, int socket, int64_t now_ms);
/* The journal has this one (result 0), or not. state: descriptor. -EBADMSG: it was never sent. */
int notices_noted(struct notices *notices, uint64_t number, int result, int state, int64_t now_ms)
	__attribute__((warn_unused_result));
/* The journal is another process than before: it has to be sent everything that is not noted. */
void notices_renew(struct notices *notices);
