/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/update_message.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/cursor.h"

static void put_text(struct cursor *cursor, const char *text, size_t size)
{
	size_t length = strnlen(text, size - 1);

	cursor_put16(cursor, (uint16_t)length);
	cursor_put(cursor, text, length);
}

static void get_text(struct cursor *cursor, char *text, size_t size)
{
	size_t length = cursor_get16(cursor);

	if (length >= size) {
		cursor->failed = true;
		length = 0;
	}
	cursor_get(cursor, text, length);
	text[length] = '\0';
}

void update_clean(char *text)
{
	for (; *text; text++) {
		if ((*text < ' ' || *text > '~') && *text != '\n')
			*text = '?';
	}
}

int bundle_info_encode(const struct bundle_info *info, uint8_t body[UPDATE_BODY_MAX])
{
	struct cursor cursor = cursor_writer(body, UPDATE_BODY_MAX);

	cursor_put64(&cursor, (uint64_t)info->release);
	cursor_put(&cursor, info->digest, sizeof(info->digest));
	cursor_put64(&cursor, (uint64_t)info->published);
	cursor_put64(&cursor, (uint64_t)info->signed_at);
	cursor_put64(&cursor, (uint64_t)info->expires);
	cursor_put64(&cursor, (uint64_t)info->due);
	cursor_put64(&cursor, (uint64_t)info->root_version);
	put_text(&cursor, info->online, UPDATE_KEYID);
	put_text(&cursor, info->owner, UPDATE_OWNER);
	cursor_put8(&cursor, info->withdrawn);
	cursor_put8(&cursor, (uint8_t)info->signers);
	for (size_t i = 0; i < info->signers; i++)
		put_text(&cursor, info->signer[i], UPDATE_KEYID);
	return (int)cursor.at;
}

int bundle_info_decode(struct bundle_info *info, const uint8_t *body, size_t size)
{
	struct cursor cursor = cursor_reader(body, size);

	*info = (struct bundle_info){ .release = (int64_t)cursor_get64(&cursor) };
	cursor_get(&cursor, info->digest, sizeof(info->digest));
	info->published = (int64_t)cursor_get64(&cursor);
	info->signed_at = (int64_t)cursor_get64(&cursor);
	info->expires = (int64_t)cursor_get64(&cursor);
	info->due = (int64_t)cursor_get64(&cursor);
	info->root_version = (int64_t)cursor_get64(&cursor);
	get_text(&cursor, info->online, UPDATE_KEYID);
	get_text(&cursor, info->owner, UPDATE_OWNER);
	update_clean(info->owner);
	info->withdrawn = cursor_get8(&cursor);
	info->signers = cursor_get8(&cursor);
	if (info->signers > UPDATE_SIGNERS)
		return -EBADMSG;
	for (size_t i = 0; i < info->signers; i++)
		get_text(&cursor, info->signer[i], UPDATE_KEYID);
	return cursor.failed || cursor_left(&cursor) ? -EBADMSG : 0;
}

int attempt_encode(const struct attempt *attempt, uint8_t body[UPDATE_BODY_MAX])
{
	struct cursor cursor = cursor_writer(body, UPDATE_BODY_MAX);

	cursor_put8(&cursor, (uint8_t)attempt->result);
	cursor_put32(&cursor, attempt->poll);
	cursor_put32(&cursor, attempt->requests);
	put_text(&cursor, attempt->source, sizeof(attempt->source));
	put_text(&cursor, attempt->text, sizeof(attempt->text));
	return (int)cursor.at;
}

int attempt_decode(struct attempt *attempt, const uint8_t *body, size_t size)
{
	struct cursor cursor = cursor_reader(body, size);
	uint8_t result = cursor_get8(&cursor);

	attempt->result = (enum attempt_result)result;
	attempt->poll = cursor_get32(&cursor);
	attempt->requests = cursor_get32(&cursor);
	get_text(&cursor, attempt->source, sizeof(attempt->source));
	get_text(&cursor, attempt->text, sizeof(attempt->text));
	update_clean(attempt->source);
	update_clean(attempt->text);
	return cursor.failed || cursor_left(&cursor) || result > ATTEMPT_FAILED ? -EBADMSG : 0;
}
