/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <jansson.h>

#include "appliance/journal/record.h"
#include "tests/fuzz/fuzz.h"

/* A record of the ring, up to the line that a reader gets. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct record_context context = { .appliance = "fuzz", .boot_id = "fuzz" };
	struct log_entry entry = { .type = ENTRY_EVENT, .sequence = 1 };
	json_t *json;
	char *line;

	if (event_decode(&entry.event.event, data, size) < 0)
		return 0;
	require(record_print(&entry, &context, &line) == 0 && !strchr(line, '\n'));
	json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	require(json && json_object_size(json) > 23);
	json_decref(json);
	free(line);
	return 0;
}
