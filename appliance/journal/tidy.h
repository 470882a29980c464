/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/journal/days.h"

/*
 * A thread for what may take seconds on a slow medium, so that the reader of the rings never waits
 * for a disk: syncs the open day, moves its log into it, closes the days before, makes the oldest
 * ones beyond the budget coarser, deletes those for which that is not enough or whose retention is
 * over, and takes in what the old log left (takein.h).
 */
struct tidy;

struct tidy_options {
	int folder;		/* of the log, the working folder; the caller's */
	uint64_t budget;	/* bytes for all days */
	uint32_t retention_days;	/* 0: as long as the budget lasts */
	uint32_t first;		/* number of the store's first own day (takein_reserve) */
	const char *appliance;	/* these two last as long as the thread */
	const char *boot_id;
};

/*
 * A day that becomes coarser (closing_fold); file.number 0: none. The new file takes its place when
 * a batch was stored after the report, which holds the notice about it, and that is signed, if
 * batches are. Days are deleted only then, too, except when the disk is full. So at no moment is
 * something gone and no notice says why.
 */
struct tidy_fold {
	struct days_file file;		/* as it will be */
	uint64_t before;		/* bytes of the file as it is */
	uint8_t digest[DIGEST_SIZE];	/* SHA-256 of the new file */
};

/* What happened since the last report. */
struct tidy_report {
	int sync_error;		/* 0 or -errno of the newest sync */
	int close_error;	/* of the newest attempt to close a day */
	int takein_error;	/* of the newest step of taking in; it is repeated */
	bool changed;		/* days were deleted or made coarser */
	uint32_t days;		/* to be deleted */
	uint64_t bytes;		/* of these */
	uint64_t freed;		/* of these, what went before its retention was over */
	int32_t first, last;	/* their dates, days since 1970 */
	uint32_t number;	/* of the last one's file (days.h) */
	uint32_t damaged;	/* open days that could not be read; they are set aside */
	struct tidy_fold fold;	/* one at a time: the next one comes after the report */
};

/* 0 or -errno. The thread starts here. */
int tidy_start(struct tidy **tidy, const struct tidy_options *options)
	__attribute__((warn_unused_result));
/* Ends what it is doing and the thread. */
void tidy_stop(struct tidy *tidy);

/* There is something to sync in this open day; days with smaller numbers are to be closed. today:
 * by the clock, for retention; 0: not known. leaves: batches that are stored by then (tree.h).
 * Returns at once. */
void tidy_wake(struct tidy *tidy, const struct days_file *open, int32_t today, uint64_t leaves);
/* So many batches are signed; is_signed false: that failed, so nothing waits for it. */
void tidy_seal(struct tidy *tidy, bool is_signed, uint64_t leaves);
/* That many of them are on the medium. */
uint64_t tidy_synced(struct tidy *tidy);

/* Syncs this open day in the caller's thread. 0 or -errno. */
int tidy_sync(const struct tidy *tidy, const struct days_file *open)
	__attribute__((warn_unused_result));

/* The disk is full: deletes the oldest file that was taken in, which is there twice, at once.
 * What is within budget and retention stays. Bytes freed; 0: there is none. */
uint64_t tidy_make_room(struct tidy *tidy);

/* What happened since the last call. */
void tidy_report(struct tidy *tidy, struct tidy_report *report);
