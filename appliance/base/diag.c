/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void diag_init(struct diag *diag)
{
	diag->count = 0;
}

void diag_error(struct diag *diag, const char *source, unsigned int line, unsigned int column,
		const char *format, ...)
{
	struct diag_entry *entry;
	va_list arguments;

	if (!diag || diag->count++ >= DIAG_KEEP)
		return;
	entry = &diag->entry[diag->count - 1];
	snprintf(entry->source, sizeof(entry->source), "%s", source);
	entry->line = line;
	entry->column = column;
	va_start(arguments, format);
	vsnprintf(entry->message, sizeof(entry->message), format, arguments);
	va_end(arguments);
	/* Words of a hostile file or peer stand in messages, and must not make a second line that looks like
	 * one of ours either. */
	text_mask(entry->source);
	text_mask(entry->message);
}

static bool same(const struct diag_entry *a, const struct diag_entry *b)
{
	return a->line == b->line && a->column == b->column && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->message, b->message) == 0;
}

void diag_print(const struct diag *diag, struct text *out)
{
	size_t kept = diag->count < DIAG_KEEP ? diag->count : DIAG_KEEP;

	for (size_t i = 0; i < kept; i++) {
		const struct diag_entry *entry = &diag->entry[i];

		/* Each address of a host may say it. */
		if (i > 0 && same(entry, entry - 1))
			continue;
		text_puts(out, entry->source);
		if (entry->line)
			text_printf(out, ":%u", entry->line);
		if (entry->column)
			text_printf(out, ":%u", entry->column);
		text_printf(out, ": error: %s\n", entry->message);
	}
	if (diag->count > kept)
		text_printf(out, "and %zu more errors\n", diag->count - kept);
}
