/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/cursor.h"
#include "appliance/base/text.h"

/*
 * What a parser has to say to a person: where, what, what was expected. Parsers fill one and never
 * print; the command at the rim prints it. The first DIAG_KEEP errors are kept, all are counted,
 * so that a file of a million wrong lines costs a fixed amount of memory.
 */
enum { DIAG_KEEP = 32, DIAG_SOURCE = 160, DIAG_MESSAGE = 320 };

struct diag_entry {
	char source[DIAG_SOURCE];	/* file name, peer, or what the bytes are */
	unsigned int line;		/* from 1; 0: no line */
	unsigned int column;		/* from 1; 0: no column */
	char message[DIAG_MESSAGE];
};

struct diag {
	size_t count;	/* all errors, kept or not */
	struct diag_entry entry[DIAG_KEEP];
};

void diag_init(struct diag *diag);

/* Message: lower case, no full stop, says what was expected; control characters are masked (base/text.h). diag may be
 * NULL. */
void diag_error(struct diag *diag, const char *source, unsigned int line, unsigned int column,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* One line an error, "source:line:column: error: message", the same one once where it follows itself,
 * and a last line for those not kept. */
void diag_print(const struct diag *diag, struct text *out);

/*
 * The same through a pipe, from somebody who is not believed: count, then each error that is kept. decode
 * appends to diag, masks what it shows, and counts what was not kept; -EBADMSG when it is none, and then
 * nothing was appended.
 */
void diag_encode(const struct diag *diag, struct text *out);
int diag_decode(struct diag *diag, struct cursor *cursor) __attribute__((warn_unused_result));
