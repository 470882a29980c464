/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "rules/signed/metadata.h"

int field_wrong(const struct field *field, const char *name, const char *expected)
{
	diag_error(field->diag, field->source, 0, 0, "\"%s\": expected %s", name, expected);
	return -EINVAL;
}

/* 1: take it; 0: not there and need not be. */
static int present(const struct field *field, const json_t *parent, const char *name,
		   const char *expected, int presence)
{
	if (json_object_get(parent, name))
		return 1;
	return presence == FIELD_OPTIONAL ? 0 : field_wrong(field, name, expected);
}

int field_object(const struct field *field, const json_t *parent, const char *name, int presence,
		 json_t **value)
{
	int there = present(field, parent, name, "an object", presence);

	if (there <= 0)
		return there;
	*value = json_object_get(parent, name);
	return json_is_object(*value) ? 0 : field_wrong(field, name, "an object");
}

int field_array(const struct field *field, const json_t *parent, const char *name, size_t most,
		int presence, json_t **value)
{
	char expected[64];
	int there;

	snprintf(expected, sizeof(expected), "an array of at most %zu", most);
	there = present(field, parent, name, expected, presence);
	if (there <= 0)
		return there;
	*value = json_object_get(parent, name);
	if (!json_is_array(*value) || json_array_size(*value) > most)
		return field_wrong(field, name, expected);
	return 0;
}

int field_text(const struct field *field, const json_t *parent, const char *name, size_t most,
	       int presence, const char **value)
{
	char expected[64];
	const json_t *text;
	int there;

	snprintf(expected, sizeof(expected), "a string of 1 to %zu bytes", most);
	there = present(field, parent, name, expected, presence);
	if (there <= 0)
		return there;
	text = json_object_get(parent, name);
	if (!json_is_string(text) || json_string_length(text) == 0 ||
	    json_string_length(text) > most)
		return field_wrong(field, name, expected);
	*value = json_string_value(text);
	return 0;
}

int field_integer(const struct field *field, const json_t *parent, const char *name, int64_t least,
		  int64_t most, int presence, int64_t *value)
{
	char expected[80];
	const json_t *integer;
	int there;

	snprintf(expected, sizeof(expected), "an integer from %" PRId64 " to %" PRId64, least,
		 most);
	there = present(field, parent, name, expected, presence);
	if (there <= 0)
		return there;
	integer = json_object_get(parent, name);
	if (!json_is_integer(integer) || json_integer_value(integer) < least ||
	    json_integer_value(integer) > most)
		return field_wrong(field, name, expected);
	*value = json_integer_value(integer);
	return 0;
}

int field_boolean(const struct field *field, const json_t *parent, const char *name, int presence,
		  bool *value)
{
	int there = present(field, parent, name, "true or false", presence);
	const json_t *boolean = json_object_get(parent, name);

	if (there <= 0)
		return there;
	if (!json_is_boolean(boolean))
		return field_wrong(field, name, "true or false");
	*value = json_is_true(boolean);
	return 0;
}

int field_time(const struct field *field, const json_t *parent, const char *name, int presence,
	       int64_t *value)
{
	static const char expected[] = "a time in UTC such as \"2026-11-24T10:00:00Z\"";
	int there = present(field, parent, name, expected, presence);
	const char *text = json_string_value(json_object_get(parent, name));

	if (there <= 0)
		return there;
	if (!text || metadata_time_parse(value, text) < 0)
		return field_wrong(field, name, expected);
	return 0;
}
