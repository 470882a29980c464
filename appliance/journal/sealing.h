/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/checkpoint.h"
#include "appliance/journal/head.h"
#include "appliance/journal/store.h"

/*
 * When a checkpoint is due, and what becomes of it: a head of the tree goes to the holder of the
 * key once its batches are on the medium; the note that comes back is stored with the open day. One
 * at a time. Due: at the start, every hour, before the first batch of another day, at the end, and
 * on request.
 */
struct sealing_hooks {
	/* Sends an encoded head. -errno: the other side is gone, and nothing is signed any more. */
	int (*ask)(void *context, const void *head, size_t size);
	/* Waits at most so long for sealing_note. False: it will not come. */
	bool (*wait)(void *context, int64_t ms);
	void *context;
};

enum { SEALING_STOP_MS = 2000 };	/* the end waits for its checkpoint, at most */

struct sealing {
	struct log_store *store;	/* NULL: nothing is signed */
	struct sealing_hooks hooks;
	struct head head;	/* that is under way */
	bool taken, asked;
	uint32_t wanted;	/* a bit per reason */
	int64_t next_ms;	/* uptime of the next one that nothing else causes */
	int64_t again_ms;	/* not before, since the last was refused */
	bool turning;		/* a day is over, and its last checkpoint is waited for */
	int64_t turning_ms;	/* since then */
	bool turned;
};

/* hooks NULL: nothing is signed, and every call does nothing. */
void sealing_init(struct sealing *sealing, struct log_store *store,
		  const struct sealing_hooks *hooks);

/* One is due for this reason. */
void sealing_want(struct sealing *sealing, enum checkpoint_reason reason);

/* Does what is due; between two batches, at least once a second. */
void sealing_tick(struct sealing *sealing, int64_t uptime_ms);

/* The answer to ask: a signed note, or size 0: it was not signed. */
void sealing_note(struct sealing *sealing, const void *note, size_t size, int64_t uptime_ms);

/* True: the day is over, and the next batch waits a moment until that is signed. */
bool sealing_holds(struct sealing *sealing, int64_t wall_ms, int64_t uptime_ms);

/* The last batch is written: syncs it, and waits for its checkpoint. */
void sealing_end(struct sealing *sealing);
