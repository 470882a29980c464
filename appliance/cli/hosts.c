/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/command/command.h"
#include "appliance/journal/store.h"

static void count_line(json_t *hosts, const char *line, const char *since)
{
	json_t *event, *old;
	const char *time, *client;
	json_int_t count;

	/* Most lines are not meant: look before parsing. */
	if (!strstr(line, "\"would\":\"block\""))
		return;
	event = json_loads(line, 0, NULL);
	time = json_string_value(json_object_get(event, "time"));
	client = json_string_value(json_object_get(event, "client"));
	if (time && client && strcmp(time, since) >= 0) {
		old = json_object_get(hosts, client);
		count = json_integer_value(old) +
			json_integer_value(json_object_get(event, "count"));
		(void)json_object_set_new(hosts, client, json_integer(count));
	}
	json_decref(event);
}

json_t *hosts_would_block(const char *state, const char *since)
{
	json_t *hosts = json_object();
	size_t capacity = 0;
	char *line = NULL;

	for (unsigned int part = STORE_PARTS; hosts && part-- > 0;) {
		FILE *file = command_log_part(state, part);

		while (file && getline(&line, &capacity, file) > 0)
			count_line(hosts, line, since);
		if (file)
			fclose(file);
	}
	free(line);
	return hosts;
}
