/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/guard.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/cursor.h"
#include "appliance/base/text.h"

const char *guard_owner_print(enum guard_owner owner)
{
	static const char *const words[GUARD_OWNERS] = { "no", "yes", "unable", "later" };

	return words[owner];
}

static void put_text(struct cursor *cursor, const char *text)
{
	size_t length = strlen(text);

	cursor_put8(cursor, (uint8_t)length);
	cursor_put(cursor, text, length);
}

/* A text that fits size with its NUL and has no control characters; *bad becomes true otherwise. */
static void get_text(struct cursor *cursor, char *text, size_t size, bool *bad)
{
	size_t length = cursor_get8(cursor);

	if (length >= size) {
		*bad = true;
		return;
	}
	cursor_get(cursor, text, length);
	text[length] = '\0';
	*bad |= !text_is_plain(text, length, "");
}

static void put_names(struct cursor *cursor, const struct guard_names *names)
{
	cursor_put32(cursor, names->total);
	for (size_t i = 0; i < names->total && i < GUARD_NAMES; i++)
		put_text(cursor, names->name[i]);
}

static void get_names(struct cursor *cursor, struct guard_names *names, bool *bad)
{
	names->total = cursor_get32(cursor);
	for (size_t i = 0; i < names->total && i < GUARD_NAMES; i++)
		get_text(cursor, names->name[i], GUARD_NAME, bad);
}

int guard_encode(const struct guard_report *report, uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_writer(data, size);

	cursor_put32(&cursor, report->changes);
	put_text(&cursor, report->what);
	cursor_put8(&cursor, report->failed);
	cursor_put8(&cursor, (uint8_t)report->owner);
	cursor_put8(&cursor, report->barrier);
	put_names(&cursor, &report->outside);
	put_names(&cursor, &report->missing);
	put_names(&cursor, &report->unknown);
	cursor_put32(&cursor, report->befores);
	for (size_t i = 0; i < report->befores && i < GUARD_RULES; i++)
		put_text(&cursor, report->before[i]);
	return cursor.failed ? -EMSGSIZE : (int)cursor.at;
}

int guard_decode(struct guard_report *report, const uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);
	uint8_t owner;
	bool bad = false;

	*report = (struct guard_report){ .changes = cursor_get32(&cursor) };
	get_text(&cursor, report->what, sizeof(report->what), &bad);
	report->failed = cursor_get8(&cursor);
	owner = cursor_get8(&cursor);
	report->barrier = cursor_get8(&cursor);
	get_names(&cursor, &report->outside, &bad);
	get_names(&cursor, &report->missing, &bad);
	get_names(&cursor, &report->unknown, &bad);
	report->befores = cursor_get32(&cursor);
	for (size_t i = 0; i < report->befores && i < GUARD_RULES; i++)
		get_text(&cursor, report->before[i], GUARD_TEXT, &bad);
	report->owner = (enum guard_owner)owner;
	return bad || cursor.failed || cursor_left(&cursor) || owner >= GUARD_OWNERS ? -EBADMSG : 0;
}
