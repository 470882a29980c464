/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/csv.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/journal/record.h"

static const char *const columns[] = {
	"id", "time", "boot_id", "uptime", "appliance", "state", "client", "mac", "interface",
	"client_port", "forwarder", "group", "exception", "resolver", "qtype", "protocol", "port",
	"name", "address", "rule", "category", "action", "would", "channel", "direction", "count",
	"last", "coarse", "notice", "actor",
};

enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

static bool is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text);
}

void csv_cell(const char *text, struct text *out)
{
	const bool quoted = strpbrk(text, ",\"\r\n\t") != NULL;
	struct text plain = TEXT_EMPTY;

	if (quoted)
		text_puts(out, "\"");
	if (is_formula(text))
		text_puts(out, "'");
	text_put_masked(&plain, text, strlen(text), "");
	for (const char *at = plain.data ? plain.data : ""; *at; at++)
		text_put(out, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
	text_release(&plain);
	if (quoted)
		text_puts(out, "\"");
}

static void put_value(const json_t *value, struct text *out)
{
	char *text;

	if (!value || json_is_null(value))
		return;
	if (json_is_string(value)) {
		csv_cell(json_string_value(value), out);
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII |
			  JSON_REAL_PRECISION(15));
	/* Numbers and words of JSON are no formulas, objects begin with a brace. */
	csv_cell(text ? text : "", out);
	free(text);
}

void csv_header(struct text *out)
{
	for (size_t i = 0; i < COLUMNS; i++)
		text_printf(out, "%s,", columns[i]);
	text_puts(out, "members\r\n");
}

int csv_row(const struct reader_entry *entry, struct text *out)
{
	json_t *object;
	int error = record_json(&entry->entry, &entry->context, &object);

	if (error)
		return error;
	for (size_t i = 0; i < COLUMNS; i++) {
		put_value(json_object_get(object, columns[i]), out);
		text_puts(out, ",");
		(void)json_object_del(object, columns[i]);
	}
	if (entry->entry.type == ENTRY_NOTICE && json_object_size(object))
		put_value(object, out);
	text_puts(out, "\r\n");
	json_decref(object);
	return 0;
}
