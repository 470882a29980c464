/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/verify_notes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE "\xe2\x80\x94 "	/* a signature's line begins so */

static bool is_signature(const char *line)
{
	return strncmp(line, SIGNATURE, strlen(SIGNATURE)) == 0;
}

/* A note ends behind its last signature. */
static size_t length_of(const char *text)
{
	const char *line = text;
	bool was_signed = false;

	while (*line && !(was_signed && !is_signature(line))) {
		const char *newline = strchr(line, '\n');

		was_signed = is_signature(line);
		line = newline ? newline + 1 : line + strlen(line);
	}
	return (size_t)(line - text);
}

static int compare(const void *left, const void *right)
{
	const struct verify_note *a = left, *b = right;

	return a->checkpoint.size < b->checkpoint.size ? -1
						       : a->checkpoint.size > b->checkpoint.size;
}

static int add(struct verify_notes *notes, const char *text, size_t length)
{
	struct verify_note *more;

	if (notes->count == VERIFY_NOTES)
		return -E2BIG;
	if (notes->count % 64 == 0) {
		more = realloc(notes->note, (notes->count + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		notes->note = more;
	}
	more = &notes->note[notes->count++];
	*more = (struct verify_note){ .text = text, .length = length };
	return checkpoint_parse(&more->checkpoint, text, length);
}

int verify_notes_read(struct verify_notes *notes, const char *text)
{
	int error = 0;

	*notes = (struct verify_notes){ .count = 0 };
	while (!error && *text) {
		size_t length = length_of(text);

		error = add(notes, text, length);
		text += length;
		/* Blank lines between two notes. */
		text += strspn(text, "\n");
	}
	if (notes->count)
		qsort(notes->note, notes->count, sizeof(*notes->note), compare);
	return error;
}
