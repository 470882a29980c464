/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/checkpoint.h"
#include "appliance/journal/days.h"

/*
 * Verifies stored entries against their hashes, the tree of all batches, and every signed
 * checkpoint (journal/tree.h, checkpoint.h), up to the first fault. It needs the files and the
 * appliance's public keys, on any machine.
 *
 * What the log itself explains is no fault, and is counted: days that expired or went with a reset,
 * entries that were lost, days that were damaged and set aside. A notice that explains why files
 * are not there, or what a coarser one contains, counts once a checkpoint covers it. A key that a
 * notice names (journal/notice.h, "seal") is trusted from the next checkpoint on that a trusted key
 * signed; not if it stands in a day that was made coarser, so that key has to be among the given
 * ones. Days of an older log have no checkpoint: nothing in them explains anything.
 *
 * It proves that what a checkpoint covers is what the journal stored when it was signed. It does
 * not prove that the journal saw everything, nor anything behind the newest checkpoint. Root on the
 * appliance has the key: only checkpoints that left it before (note) bind root.
 */
enum verify_fault {
	VERIFY_FINE,
	VERIFY_UNREADABLE,	/* the day is damaged, or no database of a journal */
	VERIFY_DAY_MISSING,	/* days before this one: the entries first to last */
	VERIFY_DAY_CHANGED,	/* it was made coarser, and is not the file that the log names */
	VERIFY_ORDER,		/* the day does not continue the one before it: renamed */
	VERIFY_END_MISSING,	/* the last batches of the day, from entry first on */
	VERIFY_BATCH_MISSING,	/* the entries first to last, and no notice explains it */
	VERIFY_ENTRY_MISSING,	/* missing entries of a batch, from first on */
	VERIFY_ENTRY_ADDED,	/* first is in no batch */
	VERIFY_ENTRY_CHANGED,	/* one or more of the batch first to last */
	VERIFY_BATCH_CHANGED,	/* of the entries first to last: the root is not as signed */
	VERIFY_RULE_CHANGED,	/* a rule that entries refer to */
	VERIFY_SUMS_CHANGED,	/* the day's sums are not those of its events */
	VERIFY_CHECKPOINT_CHANGED,	/* it is none, or in the wrong place */
	VERIFY_SIGNATURE,	/* a checkpoint's signature is false */
	VERIFY_KEY,		/* a checkpoint is signed by none of the keys */
	VERIFY_APPLIANCE,	/* the day names another appliance than its checkpoints do */
	VERIFY_FAULTS
};

/* A word: "entry-missing"; static memory. */
const char *verify_fault_print(enum verify_fault fault);

struct verify_result {
	enum verify_fault fault;	/* the first one; what follows describes it */
	char day[DAYS_NAME];	/* file; "": the fault is in the notes from outside */
	char boot_id[TREE_BOOT_ID];	/* of first; "": not known */
	uint64_t first, last;	/* sequence numbers */
	uint64_t missing;	/* entries */

	/* What was verified up to there. */
	uint64_t coarse_days;	/* of days: compared as files with what a later notice says */
	uint64_t days, batches, entries, events, checkpoints;
	uint64_t holes;		/* in the numbers, each explained by a notice */
	uint64_t covered;	/* last number that a checkpoint covers; 0: none */
	uint64_t uncovered;	/* entries behind it */
	uint64_t removed;	/* batches of days that retention or a reset deleted */
	bool reset;		/* it was a factory reset */
	uint64_t damaged;	/* times that days are missing, which were damaged and set aside */
	uint64_t taken_days, taken_entries;	/* of an older log; nothing signs these */
	uint64_t notes;		/* from outside, that the log agrees with */
	uint64_t old_notes;	/* from outside, about batches that were deleted */
	uint64_t keys;		/* that the log names, signed with one before */
	struct checkpoint newest;	/* if checkpoints is not 0 */
};

struct verify_options {
	const char *path;	/* of the log's folder, or of one day's file; without "?" and "%" */
	const struct key *keys;	/* every key that the appliance had */
	size_t keys_count;
	const char *notes;	/* that left the appliance (verify_notes.h); NULL: none is known */
};

/* A folder: all its days, the open one too. 0: result says all; or -errno: it could not be read. */
int verify_folder(struct verify_result *result, const struct verify_options *options)
	__attribute__((warn_unused_result));

/* One day's file, or a copy of it. Days before it are not missed. As verify_folder. */
int verify_file(struct verify_result *result, const struct verify_options *options)
	__attribute__((warn_unused_result));
