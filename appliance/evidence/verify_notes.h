/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/journal/checkpoint.h"

/*
 * Checkpoints that left the appliance: signed notes, one after the other, as a publisher keeps them
 * (cordon-repo(1), fleet) or as `cordon log checkpoint` prints one.
 */
enum { VERIFY_NOTES = 64 * 1024 };	/* most notes */

struct verify_note {
	struct checkpoint checkpoint;
	const char *text;	/* in the text that was read */
	size_t length;
};

struct verify_notes {
	struct verify_note *note;	/* ascending by size */
	size_t count;
};

/*
 * Reads all of a text, which must outlive the notes. Their signatures are not judged: a key may be
 * one that the log names. 0; -EBADMSG: there is something else; -E2BIG; -ENOMEM. The caller frees
 * note in any case.
 */
int verify_notes_read(struct verify_notes *notes, const char *text)
	__attribute__((warn_unused_result));
