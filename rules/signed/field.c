/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "rules/signed/metadata.h"

void field_expect(struct field *field, bool good, const char *name, const char *expected)
{
	if (field->error || good)
		return;
	diag_error(field->diag, field->source, 0, 0, "\"%s\": expected %s", name, expected);
	field->error = -EINVAL;
}

void field_result(struct field *field, int error)
{
	if (!field->error)
		field->error = error;
}

/* The member, or NULL when it is not there or not good. */
static json_t *take(struct field *field, json_t *value, bool good, const char *name, int presence,
		    const char *expected)
{
	field_expect(field, value ? good : presence == FIELD_OPTIONAL, name, expected);
	return field->error ? NULL : value;
}

json_t *field_object(struct field *field, const json_t *parent, const char *name, int presence)
{
	json_t *value = json_object_get(parent, name);

	return take(field, value, json_is_object(value), name, presence, "an object");
}

json_t *field_array(struct field *field, const json_t *parent, const char *name, size_t most,
		    int presence)
{
	json_t *value = json_object_get(parent, name);
	bool good = json_is_array(value) && json_array_size(value) <= most;
	char expected[64];

	snprintf(expected, sizeof(expected), "an array of at most %zu", most);
	return take(field, value, good, name, presence, expected);
}

const char *field_text(struct field *field, const json_t *parent, const char *name, size_t most,
		       int presence)
{
	json_t *value = json_object_get(parent, name);
	size_t length = json_string_length(value);
	char expected[64];

	snprintf(expected, sizeof(expected), "a string of 1 to %zu bytes", most);
	value = take(field, value, length > 0 && length <= most, name, presence, expected);
	return value ? json_string_value(value) : "";
}

void field_integer(struct field *field, const json_t *parent, const char *name, int64_t least,
		   int64_t most, int presence, int64_t *value)
{
	json_t *integer = json_object_get(parent, name);
	int64_t number = json_integer_value(integer);
	bool good = json_is_integer(integer) && number >= least && number <= most;
	char expected[80];

	snprintf(expected, sizeof(expected), "an integer from %" PRId64 " to %" PRId64, least,
		 most);
	if (take(field, integer, good, name, presence, expected))
		*value = number;
}

void field_boolean(struct field *field, const json_t *parent, const char *name, int presence,
		   bool *value)
{
	json_t *boolean = json_object_get(parent, name);

	if (take(field, boolean, json_is_boolean(boolean), name, presence, "true or false"))
		*value = json_is_true(boolean);
}

void field_time(struct field *field, const json_t *parent, const char *name, int presence,
		int64_t *value)
{
	json_t *time = json_object_get(parent, name);
	const char *text = json_string_value(time);
	int64_t seconds = 0;
	bool good = text && metadata_time_parse(&seconds, text) == 0;

	if (take(field, time, good, name, presence,
		 "a time in UTC such as \"2026-11-24T10:00:00Z\""))
		*value = seconds;
}
