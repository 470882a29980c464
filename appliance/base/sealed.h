/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/cursor.h"
#include "appliance/base/diag.h"
#include "appliance/base/text.h"

/*
 * What strangers wrote (a stick, the EFI partition, a copy, a packed image) is parsed by a child that is
 * thrown away, and not by root. It is forked, so it sees what its parent had in memory, and gives up the
 * rest (sandbox.h) before it looks at a byte: a user of its own, an empty root, no capabilities, every
 * descriptor but those named, system calls that open, connect or execute; memory and time are limited.
 * Its answer comes through a pipe, bounded, and is not believed to be well-formed: whoever asked decodes it
 * field by field and then uses that and the bytes themselves, unparsed. Memory that is handed over must not
 * be MAP_SHARED: that it could write.
 *
 * What was accepted once and lies root-owned among the settings in force, or in the state folder, is the
 * box's own and may be parsed where it is needed. Who is not root keeps user and root, and all else holds.
 */
enum { SEALED_UID = 64499 };	/* below those of cordond's roles: settings may not be known yet */

/* In the child: fills answer and diag; 0 or -errno. */
typedef int sealed_work(void *context, struct text *answer, struct diag *diag);

struct sealed {
	const char *what;	/* the file, for people */
	sealed_work *work;
	void *context;
	const int *keep;	/* descriptors that it reads */
	size_t keeps;
	size_t answer;		/* bytes at most */
	uint64_t memory;	/* address space, bytes, with what the parent has; 0: SEALED_MEMORY */
	unsigned int seconds;	/* until it is killed; 0: SEALED_SECONDS */
};
enum { SEALED_MEMORY = 192 << 20, SEALED_SECONDS = 20 };

/*
 * What work said: its result, its errors behind those of diag, and after 0 its answer, which is the
 * caller's (TEXT_EMPTY before). Else, with a word in diag about what and why:
 * -EPERM: it asked the kernel for what it must not; -ETIMEDOUT: it did not end; -ENOMEM; -EFAULT: it
 * crashed; -EBADMSG: its answer is too long, cut short or none; -errno: there could be no such child.
 */
int sealed_run(const struct sealed *sealed, struct text *answer, struct diag *diag)
	__attribute__((warn_unused_result));
/* The caller cannot use the answer, see sealed_run: says so; -EBADMSG. */
int sealed_refuse(const char *what, struct diag *diag);

/* Fields of an answer. Bytes and texts come behind their length; take fails the cursor when there are more
 * than most, NULL then. */
void sealed_put32(struct text *out, uint32_t value);
void sealed_put64(struct text *out, uint64_t value);
void sealed_put_bytes(struct text *out, const void *bytes, size_t size);
const void *sealed_take_bytes(struct cursor *cursor, size_t most, size_t *size);
/* A text of plain characters (text.h) without NUL, shorter than size; "" after a failure. */
void sealed_take_text(struct cursor *cursor, char *out, size_t size);
