/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/handed.h"

#include <string.h>

#include "appliance/base/text.h"

static void put_text(struct cursor *cursor, const char *text)
{
	size_t length = strlen(text);

	cursor_put16(cursor, (uint16_t)length);
	cursor_put(cursor, text, length);
}

/* A text that fits size with its NUL and has no control characters. */
static bool get_text(struct cursor *cursor, char *text, size_t size)
{
	size_t length = cursor_get16(cursor);

	if (length >= size)
		return false;
	cursor_get(cursor, text, length);
	text[length] = '\0';
	return strlen(text) == length && text_is_plain(text, length, "");
}

void handed_put(struct cursor *cursor, const struct handed *handed)
{
	cursor_put64(cursor, (uint64_t)handed->wall_ms);
	cursor_put8(cursor, handed->secret);
	put_text(cursor, handed->kind);
	put_text(cursor, handed->actor);
	put_text(cursor, handed->members);
}

bool handed_get(struct cursor *cursor, struct handed *handed)
{
	struct actor actor;
	uint8_t secret;

	handed->wall_ms = (int64_t)cursor_get64(cursor);
	secret = cursor_get8(cursor);
	handed->secret = secret;
	return secret <= 1 && get_text(cursor, handed->kind, sizeof(handed->kind)) &&
	       get_text(cursor, handed->actor, sizeof(handed->actor)) &&
	       get_text(cursor, handed->members, sizeof(handed->members)) && !cursor->failed &&
	       actor_parse(&actor, handed->actor) == 0;
}
