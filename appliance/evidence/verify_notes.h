/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/journal/checkpoint.h"

/*
 * Checkpoints that left the appliance: signed notes, one after the other, as a publisher keeps them
 * (cordon-repo(1), fleet) or as `cordon log checkpoint` prints one.
 */
enum { VERIFY_NOTES = 64 * 1024 };	/* most notes */

struct verify_notes {
	struct checkpoint *note;	/* ascending by size */
	size_t count;
};

/*
 * Reads and verifies all of a text. 0; -EBADMSG: there is something else, or a false signature;
 * -ENOKEY: a note is signed by none of the keys; -E2BIG; -ENOMEM. The caller frees note in any
 * case.
 */
int verify_notes_read(struct verify_notes *notes, const char *text, const struct key *keys,
		      size_t count) __attribute__((warn_unused_result));
