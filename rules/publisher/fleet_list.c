/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/fleet_enter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "rules/signed/field.h"
#include "rules/signed/strict.h"

/* The expected appliances, and the ones seen. */

enum { LINE_MOST = 256, FIELDS = 3 };

/* ---- CSV ---- */

static bool is_keyid(const char *text)
{
	return strlen(text) == METADATA_KEYID - 1 &&
	       strspn(text, "0123456789abcdef") == METADATA_KEYID - 1;
}

static void trim(char **text)
{
	char *end;

	*text += strspn(*text, " \t");
	end = *text + strlen(*text);
	while (end > *text && strchr(" \t\r", end[-1]))
		*--end = '\0';
}

/* Splits a line into its three parts, in place; "" for a missing part. */
static void split(char *line, char *part[FIELDS])
{
	char *end = line + strlen(line);

	for (size_t i = 0; i < FIELDS; i++) {
		char *comma = i + 1 < FIELDS ? strchr(line, ',') : NULL;

		part[i] = line;
		if (comma)
			*comma = '\0';
		line = comma ? comma + 1 : end;
		trim(&part[i]);
	}
}

static int take_line(struct fleet *fleet, char *line, const char *source, unsigned int number,
		     struct diag *diag)
{
	struct fleet_entry *entry;
	char *part[FIELDS];
	int error;

	line[strcspn(line, "#")] = '\0';
	split(line, part);
	if (!*part[0] && !*part[1] && !*part[2])
		return 0;
	if (!fleet_id_valid(part[0]) || (*part[1] && !is_keyid(part[1])) ||
	    strlen(part[2]) >= RELEASE_WORD || strchr(part[2], ',')) {
		diag_error(diag, source, number, 0,
			   "expected ID,KEYID[,RING]: an appliance's id and the 64 digits of its "
			   "key, as \"cordon update device\" prints them on it");
		return -EINVAL;
	}
	error = fleet_enter(fleet, part[0], &entry);
	if (error)
		return error;
	entry->expected = true;
	snprintf(entry->expected_key, sizeof(entry->expected_key), "%s", part[1]);
	snprintf(entry->expected_ring, sizeof(entry->expected_ring), "%s", part[2]);
	return 0;
}

int fleet_expect(struct fleet *fleet, const char *text, const char *source, struct diag *diag)
{
	unsigned int number = 0;

	fleet->expects = true;
	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[LINE_MOST];
		int error;

		number++;
		if (length >= sizeof(line)) {
			diag_error(diag, source, number, 0, "a line of more than %d characters",
				   LINE_MOST - 1);
			return -EINVAL;
		}
		memcpy(line, text, length);
		line[length] = '\0';
		error = take_line(fleet, line, source, number, diag);
		if (error)
			return error;
		text += length + (text[length] == '\n');
	}
	return 0;
}

/* ---- pins ---- */

/* Optional: versions before 0.2 pinned none. */
static void take_log(struct fleet_entry *entry, const json_t *value)
{
	const json_t *size = json_object_get(value, "batches");
	const char *root = json_string_value(json_object_get(value, "root"));

	if (json_integer_value(size) <= 0 || !root ||
	    !hex_parse(entry->pinned_root, DIGEST_SIZE, root))
		return;
	entry->pinned_size = (uint64_t)json_integer_value(size);
}

static void take_pin(struct fleet *fleet, const char *id, const json_t *value, struct field *field)
{
	const char *keyid = field_text(field, value, "keyid", METADATA_KEYID, FIELD_REQUIRED);
	const char *digest = field_text(field, value, "digest", METADATA_KEYID, FIELD_REQUIRED);
	struct fleet_entry *entry;
	int64_t sequence = 0;

	field_integer(field, value, "sequence", 0, FIELD_INTEGER_MAX, FIELD_REQUIRED, &sequence);
	field_expect(field, fleet_id_valid(id) && is_keyid(keyid) && is_keyid(digest), "appliances",
		     "ids with \"keyid\" and \"digest\"");
	if (!field->error)
		field_result(field, fleet_enter(fleet, id, &entry));
	if (field->error)
		return;
	entry->pinned = true;
	snprintf(entry->pinned_key, sizeof(entry->pinned_key), "%s", keyid);
	snprintf(entry->pinned_digest, sizeof(entry->pinned_digest), "%s", digest);
	entry->pinned_sequence = sequence;
	take_log(entry, value);
}

int fleet_pins_parse(struct fleet *fleet, const void *bytes, size_t size, const char *source,
		     struct diag *diag)
{
	struct field field = { .source = source, .diag = diag };
	json_t *document, *appliances, *value;
	const char *id;

	field.error = strict_parse(&document, bytes, size, source, diag);
	if (field.error)
		return field.error;
	appliances = field_object(&field, document, "appliances", FIELD_REQUIRED);
	json_object_foreach(appliances, id, value)
		take_pin(fleet, id, value, &field);
	json_decref(document);
	return field.error;
}

static json_t *pins_json(const struct fleet *fleet)
{
	json_t *appliances = json_object();

	for (size_t i = 0; i < fleet->count; i++) {
		const struct fleet_entry *entry = fleet->entry[i];
		char root[2 * DIGEST_SIZE + 1];
		json_t *pin;

		if (!entry->pinned)
			continue;
		pin = json_pack("{s:s, s:s, s:I}", "keyid", entry->pinned_key, "digest",
				entry->pinned_digest, "sequence",
				(json_int_t)entry->pinned_sequence);
		if (pin && entry->pinned_size) {
			hex_print(entry->pinned_root, DIGEST_SIZE, root);
			json_object_update_new(pin, json_pack("{s:I, s:s}", "batches",
							      (json_int_t)entry->pinned_size,
							      "root", root));
		}
		if (json_object_set_new(appliances, entry->id, pin)) {
			json_decref(appliances);
			return NULL;
		}
	}
	return json_pack("{s:o}", "appliances", appliances);
}

int fleet_pins_print(const struct fleet *fleet, struct text *out)
{
	json_t *json = pins_json(fleet);
	char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;

	if (text)
		text_printf(out, "%s\n", text);
	free(text);
	json_decref(json);
	return !text || text_failed(out) ? -ENOMEM : 0;
}
