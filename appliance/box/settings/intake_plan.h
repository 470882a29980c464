/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/box/settings/judgement.h"

/* What an intake does with the sets that it finds: decisions, without files and without words. */

/* What became of the set of one place (the EFI partition, the sticks). */
enum intake_outcome {
	INTAKE_NONE,		/* the place has no set */
	INTAKE_KNOWN,		/* taken before; it does nothing again */
	INTAKE_SAME,		/* nothing changes, and the ledger knows it now */
	INTAKE_TAKEN,
	INTAKE_REFUSED,		/* it waits for the administrator's secret */
	INTAKE_WRONG,
	INTAKE_UNREADABLE,
	INTAKE_UNKEPT,		/* it could not be written */
	INTAKE_CONFLICT		/* two sticks have different sets */
};

/* What becomes of a set that is judged. stored: it was written; only asked after SAME and TAKE. */
enum intake_outcome intake_plan_outcome(enum judgement_verdict verdict, bool stored);
/* Is nothing left to do with these files? */
bool intake_plan_is_done(enum intake_outcome outcome);
/* Is there something wrong with the files that a note beside them has to say? */
bool intake_plan_has_errors(enum intake_outcome outcome);
/* Is it an error of the intake? */
bool intake_plan_failed(enum intake_outcome outcome);

enum intake_files {
	INTAKE_LEAVE,		/* as they are */
	INTAKE_NOTE,		/* the errors beside them, or the end of an older note */
	INTAKE_STAY,		/* there is no data partition, so they are taken at each start */
	INTAKE_REMOVE
};
/* Files on the EFI partition. keeps: a data partition has the set. has_errors: an older note lies
 * there. Files that were dealt with go, since they hold keys and that partition can be read by a
 * thief. */
enum intake_files intake_plan_boot(enum intake_outcome outcome, bool keeps, bool has_errors);
/* Files on a stick, which are never removed: INTAKE_LEAVE or INTAKE_NOTE. */
enum intake_files intake_plan_stick(enum intake_outcome outcome, bool has_errors);

/* Do sticks with these digests have different sets? They would take turns at each start. */
bool intake_plan_differ(const uint8_t digest[][DIGEST_SIZE], size_t count);
