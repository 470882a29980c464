/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/diag.h"

#include <errno.h>
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
	/* Messages quote hostile files and peers, which must not be able to forge a second line. */
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

/* ---- through a pipe ---- */

static void put_text(struct text *out, const char *string)
{
	const size_t length = strlen(string);
	uint8_t head[2];
	struct cursor cursor = cursor_writer(head, sizeof(head));

	cursor_put16(&cursor, (uint16_t)length);
	text_put(out, head, sizeof(head));
	text_put(out, string, length);
}

static void put_numbers(struct text *out, uint32_t first, uint32_t second)
{
	uint8_t bytes[8];
	struct cursor cursor = cursor_writer(bytes, sizeof(bytes));

	cursor_put32(&cursor, first);
	cursor_put32(&cursor, second);
	text_put(out, bytes, sizeof(bytes));
}

void diag_encode(const struct diag *diag, struct text *out)
{
	const size_t kept = diag->count < DIAG_KEEP ? diag->count : DIAG_KEEP;

	put_numbers(out, diag->count < UINT32_MAX ? (uint32_t)diag->count : UINT32_MAX,
		    (uint32_t)kept);
	for (size_t i = 0; i < kept; i++) {
		put_numbers(out, diag->entry[i].line, diag->entry[i].column);
		put_text(out, diag->entry[i].source);
		put_text(out, diag->entry[i].message);
	}
}

static void get_text(struct cursor *cursor, char *out, size_t size)
{
	const size_t length = cursor_get16(cursor);

	if (length >= size)
		cursor->failed = true;
	else
		cursor_get(cursor, out, length);
	out[cursor->failed ? 0 : length] = '\0';
}

static void get_entry(struct cursor *cursor, struct diag_entry *entry)
{
	entry->line = cursor_get32(cursor);
	entry->column = cursor_get32(cursor);
	get_text(cursor, entry->source, sizeof(entry->source));
	get_text(cursor, entry->message, sizeof(entry->message));
}

int diag_decode(struct diag *diag, struct cursor *cursor)
{
	struct diag_entry entry;
	struct cursor look;
	const uint32_t count = cursor_get32(cursor), kept = cursor_get32(cursor);

	if (cursor->failed || kept > DIAG_KEEP || (kept < DIAG_KEEP ? count != kept : count < kept))
		return -EBADMSG;
	look = *cursor;
	for (uint32_t i = 0; i < kept; i++)
		get_entry(&look, &entry);
	if (look.failed)
		return -EBADMSG;
	for (uint32_t i = 0; i < kept; i++) {
		get_entry(cursor, &entry);
		diag_error(diag, entry.source, entry.line, entry.column, "%s", entry.message);
	}
	diag->count += count - kept;
	return 0;
}
