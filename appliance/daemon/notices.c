/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/ipc/message.h"
#include "appliance/journal/notice.h"

/* Actor and members, each with its NUL; NULL: no memory, or too long. */
static char *text_of(const char *actor, json_t *members, size_t *size)
{
	char *body, *text = NULL;
	size_t length = strlen(actor) + 1;

	if (notice_members(members, &body) < 0)
		return NULL;
	if (length <= ENTRY_ACTOR && strlen(body) < MESSAGE_NOTICE_BODY)
		text = malloc(length + strlen(body) + 1);
	if (text) {
		memcpy(text, actor, length);
		strcpy(text + length, body);
		*size = length + strlen(body) + 1;
	}
	free(body);
	return text;
}

void notices_add(struct notices *notices, const char *kind, const char *actor, json_t *members)
{
	struct notice_waiting *new = &notices->waiting[notices->count];

	if (notices->count == NOTICES_WAITING) {
		json_decref(members);
		notices->dropped++;
		return;
	}
	*new = (struct notice_waiting){ .wall_ms = clock_wall_ms(),
					.uptime_ms = clock_uptime_ms() };
	snprintf(new->kind, sizeof(new->kind), "%s", kind);
	new->text = text_of(actor, members, &new->size);
	if (new->text)
		notices->count++;
	else
		notices->dropped++;
}

static void add_dropped(struct notices *notices)
{
	const uint64_t dropped = notices->dropped;

	if (!dropped || notices->count)
		return;
	notices->dropped = 0;
	notices_add(notices, NOTICE_DROPPED, "",
		    json_pack("{s:I}", "notices", (json_int_t)dropped));
}

void notices_send(struct notices *notices, int socket)
{
	size_t sent = 0;

	add_dropped(notices);
	while (sent < notices->count) {
		struct notice_waiting *first = &notices->waiting[sent];

		if (message_send_notice(socket, first->wall_ms, first->uptime_ms, first->kind,
					first->text, first->size) < 0)
			break;
		free(first->text);
		sent++;
	}
	notices->count -= sent;
	memmove(notices->waiting, notices->waiting + sent,
		notices->count * sizeof(*notices->waiting));
}
