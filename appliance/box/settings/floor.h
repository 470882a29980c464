/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "rules/signed/metadata.h"

/*
 * What this box must never fall behind: the highest version of a signed set that it ever took, and
 * the newest version of the trust root. floor.0 and floor.1 on the EFI partition are written in
 * turn, so that a power cut leaves one of them whole.
 *
 * A signed set must be later than the floor. Only the very last one may come once more, to a data
 * partition that was made anew. A factory reset ends the mark (set_mark.h) and not the floor: a
 * person at the console may set up anything by hand, and old signatures stay old. A partition that
 * is mounted read-only is still read. If settings are not kept (no data partition), the floor is
 * not raised. Without an EFI partition, as on a gateway that was installed from a package, the
 * ledger alone says what was taken.
 */
struct floor {
	int64_t sequence;			/* counts the writes */
	int64_t version;			/* of the highest signed set; 0: none */
	uint8_t digest[DIGEST_SIZE];		/* of what that set's approval signs */
	int64_t root;				/* version of the trust root */
	char repository[METADATA_KEYID];	/* of that trust root; "": none */
};

/* The higher of the two copies; all zero if there is none. */
void floor_load(struct floor *floor);
/* Raises it to the settings in force, which must not be on trial. A failure goes to the kernel's
 * log. */
void floor_keep(void);

/* Time for signatures (rules/signed/freshness.h), with the floor that cordond kept: seconds since
 * 1970. */
int64_t floor_now(void);
