/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/cursor.h"
#include "appliance/base/diag.h"
#include "appliance/base/text.h"

/*
 * Untrusted input (a stick, the EFI partition, a copy, a packed image) is parsed by a disposable
 * child that is not root. The child is forked, so it sees its parent's memory. Before it looks at a
 * byte it gives up the rest (sandbox.h): it gets a user of its own, an empty root, no capabilities,
 * and only the given descriptors. System calls that open, connect or execute are forbidden; memory
 * and time are limited. Its answer comes through a pipe, bounded, and may be malformed: the caller
 * decodes it field by field, and uses only that and the unparsed bytes. Memory passed to the child
 * must not be MAP_SHARED, because the child could write to it.
 *
 * Input that was accepted once and lies root-owned among the settings in force, or in the state
 * folder, is the box's own and may be parsed where it is needed. A process that is not root keeps
 * user and root; everything else applies.
 */
enum { SEALED_UID = 64499 };	/* below those of cordond's roles, since settings may be unknown
				 * yet */

/* Runs in the child: fills answer and diag. 0 or -errno. */
typedef int sealed_work(void *context, struct text *answer, struct diag *diag);

struct sealed {
	const char *what;	/* the file, for people */
	sealed_work *work;
	void *context;
	const int *keep;	/* descriptors that it reads */
	size_t keeps;
	size_t answer;		/* bytes at most */
	/* Bytes of address space, including the parent's; 0: SEALED_MEMORY. */
	uint64_t memory;
	unsigned int seconds;	/* until it is killed; 0: SEALED_SECONDS */
};
enum { SEALED_MEMORY = 192 << 20, SEALED_SECONDS = 20 };

/*
 * Returns what work returned, with its errors appended to diag and, after 0, its answer, which the
 * caller releases (TEXT_EMPTY before). Otherwise, with an explanation in diag: -EPERM: it made a
 * forbidden system call; -ETIMEDOUT: it did not end; -ENOMEM; -EFAULT: it crashed; -EBADMSG: its
 * answer is too long, cut short or missing; -errno: the child could not be started.
 */
int sealed_run(const struct sealed *sealed, struct text *answer, struct diag *diag)
	__attribute__((warn_unused_result));
/* For a caller that cannot use the answer (see sealed_run): reports that; returns -EBADMSG. */
int sealed_refuse(const char *what, struct diag *diag);

/* Fields of an answer. Bytes and texts follow their length; if that exceeds most, take fails the
 * cursor and returns NULL. */
void sealed_put32(struct text *out, uint32_t value);
void sealed_put64(struct text *out, uint64_t value);
void sealed_put_bytes(struct text *out, const void *bytes, size_t size);
const void *sealed_take_bytes(struct cursor *cursor, size_t most, size_t *size);
/* A text of plain characters (text.h) without NUL, shorter than size; "" after a failure. */
void sealed_take_text(struct cursor *cursor, char *out, size_t size);
