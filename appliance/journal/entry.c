/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/entry.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/cursor.h"

enum { FORWARDER = 1, COARSE = 2 };

/* ---- encode ---- */

/* With its NUL, so that a decoded entry can point to it. */
static void put_text(struct cursor *cursor, const char *text)
{
	size_t length = strlen(text) + 1;

	cursor_put32(cursor, (uint32_t)length);
	cursor_put(cursor, text, length);
}

static void put_event(struct cursor *cursor, const struct entry_event *entry)
{
	struct event event = entry->event;
	uint8_t data[EVENT_MAX];
	size_t size;

	/* An index of an interface means nothing later; its name is stored. */
	event.interface = 0;
	size = event_encode(&event, data);
	cursor_put8(cursor, (uint8_t)((entry->forwarder ? FORWARDER : 0) |
				      (entry->coarse ? COARSE : 0)));
	cursor_put8(cursor, entry->host_bits);
	cursor_put64(cursor, (uint64_t)entry->span_ms);
	cursor_put64(cursor, entry->rule_key);
	put_text(cursor, entry->interface);
	cursor_put16(cursor, (uint16_t)size);
	cursor_put(cursor, data, size);
}

static void put_notice(struct cursor *cursor, const struct entry_notice *notice)
{
	cursor_put64(cursor, (uint64_t)notice->wall_ms);
	cursor_put64(cursor, (uint64_t)notice->uptime_ms);
	put_text(cursor, notice->kind);
	put_text(cursor, notice->actor);
	put_text(cursor, notice->body);
}

static void put_rule(struct cursor *cursor, const struct entry_rule *rule)
{
	cursor_put32(cursor, rule->state);
	cursor_put32(cursor, rule->index);
	cursor_put8(cursor, rule->category);
	cursor_put8(cursor, rule->confidence);
	put_text(cursor, rule->id);
	put_text(cursor, rule->evidence);
	put_text(cursor, rule->versions);
}

static bool fits(const struct log_entry *entry)
{
	switch (entry->type) {
	case ENTRY_EVENT:
		return true;
	case ENTRY_NOTICE:
		return strlen(entry->notice.kind) < ENTRY_KIND &&
		       strlen(entry->notice.actor) < ENTRY_ACTOR &&
		       strlen(entry->notice.body) < ENTRY_BODY;
	case ENTRY_RULE:
		return strlen(entry->rule.id) < ENTRY_RULE_TEXT &&
		       strlen(entry->rule.evidence) < ENTRY_RULE_TEXT &&
		       strlen(entry->rule.versions) < ENTRY_RULE_TEXT;
	}
	return false;
}

int entry_encode(const struct log_entry *entry, uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_writer(data, size);

	if (!fits(entry))
		return -EMSGSIZE;
	cursor_put8(&cursor, (uint8_t)entry->type);
	cursor_put64(&cursor, entry->sequence);
	if (entry->type == ENTRY_EVENT)
		put_event(&cursor, &entry->event);
	else if (entry->type == ENTRY_NOTICE)
		put_notice(&cursor, &entry->notice);
	else
		put_rule(&cursor, &entry->rule);
	return cursor.failed ? -EMSGSIZE : (int)cursor.at;
}

uint64_t entry_rule_key(const struct entry_rule *rule)
{
	struct log_entry entry = { .type = ENTRY_RULE, .rule = *rule };
	uint8_t data[4 * ENTRY_RULE_TEXT], digest[DIGEST_SIZE];
	struct cursor cursor;
	int size = entry_encode(&entry, data, sizeof(data));

	if (size < 0 || digest_sha256(data, (size_t)size, digest) < 0)
		return 0;
	cursor = cursor_reader(digest, sizeof(digest));
	return cursor_get64(&cursor) | 1;
}

/* ---- decode ---- */

/* "" and a failed cursor when it is none. */
static const char *get_text(struct cursor *cursor, size_t limit)
{
	uint32_t length = cursor_get32(cursor);
	const uint8_t *text;

	if (length == 0 || length > limit) {
		cursor->failed = true;
		return "";
	}
	text = cursor_take(cursor, length);
	if (!text || memchr(text, '\0', length) != text + length - 1) {
		cursor->failed = true;
		return "";
	}
	return (const char *)text;
}

static void get_event(struct cursor *cursor, struct entry_event *entry)
{
	uint8_t flags = cursor_get8(cursor);
	const uint8_t *data;
	uint16_t size;

	entry->forwarder = flags & FORWARDER;
	entry->coarse = flags & COARSE;
	entry->host_bits = cursor_get8(cursor);
	entry->span_ms = (int64_t)cursor_get64(cursor);
	entry->rule_key = cursor_get64(cursor);
	strncpy(entry->interface, get_text(cursor, sizeof(entry->interface)),
		sizeof(entry->interface) - 1);
	size = cursor_get16(cursor);
	data = cursor_take(cursor, size);
	if (!data || event_decode(&entry->event, data, size) < 0 ||
	    flags > (FORWARDER | COARSE) || entry->host_bits > 128)
		cursor->failed = true;
}

static void get_notice(struct cursor *cursor, struct entry_notice *notice)
{
	notice->wall_ms = (int64_t)cursor_get64(cursor);
	notice->uptime_ms = (int64_t)cursor_get64(cursor);
	notice->kind = get_text(cursor, ENTRY_KIND);
	notice->actor = get_text(cursor, ENTRY_ACTOR);
	notice->body = get_text(cursor, ENTRY_BODY);
}

static void get_rule(struct cursor *cursor, struct entry_rule *rule)
{
	rule->state = cursor_get32(cursor);
	rule->index = cursor_get32(cursor);
	rule->category = cursor_get8(cursor);
	rule->confidence = cursor_get8(cursor);
	rule->id = get_text(cursor, ENTRY_RULE_TEXT);
	rule->evidence = get_text(cursor, ENTRY_RULE_TEXT);
	rule->versions = get_text(cursor, ENTRY_RULE_TEXT);
	if (rule->category >= CATEGORY_COUNT)
		cursor->failed = true;
}

int entry_decode(struct log_entry *entry, const uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);
	uint8_t type = cursor_get8(&cursor);

	memset(entry, 0, sizeof(*entry));
	entry->type = (enum entry_type)type;
	entry->sequence = cursor_get64(&cursor);
	if (type == ENTRY_EVENT)
		get_event(&cursor, &entry->event);
	else if (type == ENTRY_NOTICE)
		get_notice(&cursor, &entry->notice);
	else if (type == ENTRY_RULE)
		get_rule(&cursor, &entry->rule);
	else
		return -EBADMSG;
	return cursor.failed || cursor_left(&cursor) ? -EBADMSG : 0;
}
