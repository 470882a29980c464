/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "appliance/journal/batch.h"
#include "appliance/journal/day.h"
#include "appliance/journal/head.h"
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
	 * The newest tree that was signed, from outside of the folder; NULL: not known. If the days
	 * do not continue it (the newest was damaged, or they were edited), the log goes on
	 * behind it, so that nothing is ever signed that contradicts it.
	 */
	const struct head_signed *before;
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
 * Writes a batch. 0, or -errno: nothing was written, the batch stays the caller's; -ENOSPC: the
 * disk is full (room.h), and what is stored stays. wall_ms: now; a new day begins a new database.
 */
int store_write(struct log_store *store, const struct log_batch *batch, int64_t wall_ms)
	__attribute__((warn_unused_result));

/* ---- what is signed about it (checkpoint.h, head.h) ---- */

/* How the days relate to what was signed before (store_options), when the store was opened. */
enum store_past {
	STORE_CONTINUES,
	STORE_SHORT,	/* batches that were signed are missing at the end */
	STORE_CHANGED	/* others are stored than were signed */
};
enum store_past store_past(const struct log_store *store);

/* All batches so far that were not signed, for head_continue. head->reason is the caller's.
 * store_settle is due before the next one. */
void store_head(struct log_store *store, struct head *head);
/* It was signed, or not: then the next head has its batches, too. */
void store_settle(struct log_store *store, bool is_signed);

/* So many batches are on the medium. */
uint64_t store_synced(const struct log_store *store);
/* Waits until all are. 0 or -errno. */
int store_sync(struct log_store *store) __attribute__((warn_unused_result));

/* Would a batch of now begin another day than the one that is open? */
bool store_is_over(const struct log_store *store, int64_t wall_ms);

/* Stores a signed checkpoint of so many batches with the open day. 0 or -errno; -ENOENT: no day is
 * open, or it began behind them. */
int store_checkpoint(struct log_store *store, const char *note, uint64_t size)
	__attribute__((warn_unused_result));

/* What the thread and the store met since the last call: syncs, deleted days, files set aside. */
void store_report(struct log_store *store, struct tidy_report *report);
