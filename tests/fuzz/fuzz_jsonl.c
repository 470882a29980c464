/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/jsonl.h"
#include "appliance/journal/record.h"
#include "tests/fuzz/fuzz.h"

/* A line of the old log. What is made of it can be stored, and printed it is a line that says the
 * same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t stored[ENTRY_MAX], again[ENTRY_MAX];
	static struct jsonl_entry line, second;
	struct record_context context = { .appliance = line.appliance, .boot_id = line.boot_id };
	char *text;
	int bytes;

	if (jsonl_parse(&line, (const char *)data, size) < 0)
		return 0;
	bytes = entry_encode(&line.entry, stored, sizeof(stored));
	require(bytes > 0);
	if (line.entry.type == ENTRY_EVENT && line.entry.event.rule_key)
		context.rule = &line.rule;
	require(record_print(&line.entry, &context, &text) == 0);
	require(jsonl_parse(&second, text, strlen(text)) == 0);
	require(entry_encode(&second.entry, again, sizeof(again)) == bytes);
	require(memcmp(stored, again, (size_t)bytes) == 0);
	free(text);
	jsonl_release(&line);
	jsonl_release(&second);
	return 0;
}
