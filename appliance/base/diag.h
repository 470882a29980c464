/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/cursor.h"
#include "appliance/base/text.h"

/*
 * What a parser reports to a person: where, what, what was expected. Parsers fill one and never
 * print; the command at the rim prints it. All errors are counted, but only the first DIAG_KEEP are
 * kept, so a file of a million wrong lines takes a fixed amount of memory.
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

/* No errors yet; needs no release. */
void diag_init(struct diag *diag);

/* Message: lower case, no full stop, says what was expected; control characters are masked
 * (base/text.h). diag may be NULL. */
void diag_error(struct diag *diag, const char *source, unsigned int line, unsigned int column,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* One line per error, "source:line:column: error: message", without repetitions in a row; the last
 * line counts the errors that were not kept. */
void diag_print(const struct diag *diag, struct text *out);

/*
 * The same through a pipe from an untrusted process: count, then each kept error. diag_decode
 * appends to diag, masks the texts, and counts what was not kept. 0, or -EBADMSG if malformed, with
 * nothing appended.
 */
void diag_encode(const struct diag *diag, struct text *out);
int diag_decode(struct diag *diag, struct cursor *cursor) __attribute__((warn_unused_result));
