/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/would_block.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/command/command.h"
#include "appliance/evidence/query.h"
#include "appliance/journal/reader.h"

static bool matches(const struct log_entry *entry, int64_t since_ms)
{
	return entry->type == ENTRY_EVENT && entry->event.event.intended == ACTION_BLOCK &&
	       entry->event.event.action != ACTION_BLOCK && entry->event.event.wall_ms >= since_ms;
}

static json_t *count(int64_t since_ms)
{
	const struct reader_options options = { .folder = ".", .since_ms = since_ms };
	json_t *hosts = json_object();
	struct reader_entry entry;
	struct log_reader *reader;
	char client[ADDR_TEXT];

	if (!hosts || reader_open(&reader, &options) < 0)
		return hosts;
	while (reader_next(reader, &entry)) {
		const struct event *event = &entry.entry.event.event;
		const json_t *known;

		if (!matches(&entry.entry, since_ms))
			continue;
		addr_print(&event->client, client);
		known = json_object_get(hosts, client);
		if (known || json_object_size(hosts) < WOULD_BLOCK_CLIENTS)
			(void)json_object_set_new(hosts, client, json_integer(
				json_integer_value(known) + (json_int_t)event->count));
	}
	reader_close(reader);
	return hosts;
}

/* In the child: the object as text to the pipe. */
static int answer(const char *folder, int64_t since_ms, int pipe)
{
	json_t *hosts;
	int error;

	/* jansson reads its seed from a file. */
	json_object_seed(0);
	if (query_begin("status", folder) != EXIT_YES)
		return 1;
	hosts = count(since_ms);
	error = hosts ? json_dumpfd(hosts, pipe, JSON_COMPACT) : -1;
	json_decref(hosts);
	return error != 0;
}

json_t *would_block(const char *folder, int64_t since_ms)
{
	json_t *hosts;
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0)
		return NULL;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		_exit(answer(folder, since_ms, ends[1]));
	}
	close(ends[1]);
	hosts = child < 0 ? NULL : json_loadfd(ends[0], 0, NULL);
	close(ends[0]);
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	return hosts;
}
