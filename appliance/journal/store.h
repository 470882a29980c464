/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "appliance/journal/batch.h"
#include "appliance/journal/day.h"
#include "appliance/journal/tidy.h"
#include "appliance/journal/tree.h"

/*
 * Where entries are kept: one database a day (days.h, day.h) in the working folder. The interface
 * is permanent. A batch is written as a whole or not at all. The caller never waits for the disk,
 * except where the kernel makes every writer wait; a thread syncs, closes days and deletes the
 * oldest (tidy.h).
 */
struct log_store;

struct store_options {
	int folder;		/* the working folder; a descriptor, which stays the caller's */
	uint64_t budget;	/* bytes on disk for all days; see store_budget */
	uint32_t retention_days;	/* 0: as long as the budget lasts */
	const char *appliance;	/* copied, as is the boot id */
	const char *boot_id;
	/*
	 * The tree of the newest checkpoint, from outside of the folder; NULL: not known. If the
	 * days have fewer leaves (the newest was damaged), the log goes on behind this one, so that
	 * nothing is ever signed that contradicts it.
	 */
	const struct tree *tree;
};

/*
 * The effective budget on the file system of folder: at most half of it, because others need space
 * too. budget 0: half of it.
 */
uint64_t store_budget(int folder, uint64_t budget);

/* 0 or -errno. *end: of what was stored before. */
int store_open(struct log_store **store, const struct store_options *options, struct day_end *end)
	__attribute__((warn_unused_result));
/* The number that the next entry has to have at least: above all that was stored, and above what an
 * old log needs (takein.h). */
uint64_t store_next(const struct log_store *store);
/* What is written is synced and checkpointed. */
void store_close(struct log_store *store);

/*
 * Writes a batch. 0, or -errno: nothing was written, the batch stays the caller's; -ENOSPC: the disk
 * is full (room.h), and what is stored stays. wall_ms: now; a new day begins a new database.
 */
int store_write(struct log_store *store, const struct log_batch *batch, int64_t wall_ms)
	__attribute__((warn_unused_result));

/* The tree of all batches that were written, as a checkpoint states it (checkpoint.h). */
const struct tree *store_tree(const struct log_store *store);

/* Stores a signed checkpoint of it with the open day. 0 or -errno; -ENOENT: no day is open. */
int store_checkpoint(struct log_store *store, const char *note)
	__attribute__((warn_unused_result));

/* What the thread and the store met since the last call: syncs, deleted days, files set aside. */
void store_report(struct log_store *store, struct tidy_report *report);
