/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/hosts.h"

#include <stdio.h>
#include <string.h>

#include "appliance/journal/reader.h"

static bool would_block(const struct log_entry *entry, int64_t since_ms)
{
	return entry->type == ENTRY_EVENT && entry->event.event.intended == ACTION_BLOCK &&
	       entry->event.event.action != ACTION_BLOCK && entry->event.event.wall_ms >= since_ms;
}

json_t *hosts_would_block(const char *state, int64_t since_ms)
{
	char folder[512], client[ADDR_TEXT];
	const struct reader_options options = { .folder = folder };
	json_t *hosts = json_object();
	struct reader_entry entry;
	struct log_reader *reader;

	snprintf(folder, sizeof(folder), "%s/log", state);
	if (!hosts || reader_open(&reader, &options) < 0)
		return hosts;
	while (reader_next(reader, &entry)) {
		const struct event *event = &entry.entry.event.event;
		json_int_t count;

		if (!would_block(&entry.entry, since_ms))
			continue;
		addr_print(&event->client, client);
		count = json_integer_value(json_object_get(hosts, client)) +
			(json_int_t)event->count;
		(void)json_object_set_new(hosts, client, json_integer(count));
	}
	reader_close(reader);
	return hosts;
}
