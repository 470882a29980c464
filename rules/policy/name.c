/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Letters, digits, hyphen, underscore: the characters of host and service names in rules. */
static bool plain(uint8_t byte)
{
	return (uint8_t)(name_lower(byte) - 'a') < 26 || (uint8_t)(byte - '0') < 10 ||
	       byte == '-' || byte == '_';
}

/* One possibly escaped byte at text[*at]; false when the escape is bad. */
static bool unescape(const char *text, size_t length, size_t *at, uint8_t *byte)
{
	unsigned int value = 0;

	if (*at + 1 >= length)
		return false;
	if (text[*at + 1] < '0' || text[*at + 1] > '9') {
		*byte = (uint8_t)text[*at + 1];
		*at += 2;
		return *byte > ' ' && *byte < 0x7f;
	}
	if (*at + 3 >= length)
		return false;
	for (size_t i = 1; i <= 3; i++) {
		if (text[*at + i] < '0' || text[*at + i] > '9')
			return false;
		value = value * 10 + (unsigned int)(text[*at + i] - '0');
	}
	*byte = (uint8_t)value;
	*at += 4;
	return value <= 255;
}

static int fail(unsigned int *column, size_t at, int error)
{
	if (column)
		*column = (unsigned int)at + 1;
	return error;
}

/* Ends the label that began at wire[start]. */
static int end_label(struct name *name, size_t start, size_t used)
{
	size_t size = used - start - 1;

	if (size == 0)
		return -EINVAL;
	if (size > NAME_LABEL_MAX)
		return -E2BIG;
	name->wire[start] = (uint8_t)size;
	name->labels++;
	return 0;
}

int name_parse(struct name *name, const char *text, size_t length, unsigned int *column)
{
	size_t start = 0, used = 1, at = 0;
	int error;

	name->labels = 0;
	if (length == 1 && text[0] == '.')
		length = 0;
	else if (length == 0)
		return fail(column, 0, -EINVAL);
	while (at < length) {
		uint8_t byte = (uint8_t)text[at];
		size_t here = at;

		if (byte == '.') {
			error = end_label(name, start, used);
			if (error)
				return fail(column, here, error);
			start = used++;
			at++;
		} else {
			if (byte == '\\' && !unescape(text, length, &at, &byte))
				return fail(column, here, -EINVAL);
			if (at == here && !plain(byte))
				return fail(column, here, -EINVAL);
			at += at == here;
			if (used < NAME_WIRE_MAX)
				name->wire[used] = name_lower(byte);
			used++;
		}
		if (used > NAME_WIRE_MAX)
			return fail(column, here, -E2BIG);
	}
	/* Do not look at the last character: it may be an escaped dot. */
	if (length && used != start + 1) {
		error = end_label(name, start, used);
		if (error)
			return fail(column, length - 1, error);
		start = used++;
		if (used > NAME_WIRE_MAX)
			return fail(column, length - 1, -E2BIG);
	}
	name->wire[start] = 0;
	name->length = (uint8_t)used;
	return 0;
}

int name_from_wire(struct name *name, const uint8_t *wire, size_t size)
{
	size_t at = 0;

	name->labels = 0;
	while (at < size && at < NAME_WIRE_MAX) {
		uint8_t label = wire[at];

		if (label > NAME_LABEL_MAX || at + label + 1U > size ||
		    at + label + 1U > NAME_WIRE_MAX)
			return -EBADMSG;
		name->wire[at] = label;
		for (size_t i = 1; i <= label; i++)
			name->wire[at + i] = name_lower(wire[at + i]);
		at += label + 1U;
		if (label == 0) {
			name->length = (uint8_t)at;
			return 0;
		}
		name->labels++;
	}
	return -EBADMSG;
}

char *name_print(const uint8_t *wire, char buffer[NAME_TEXT])
{
	char *out = buffer;

	if (wire[0] == 0)
		*out++ = '.';
	while (wire[0]) {
		for (size_t i = 1; i <= wire[0]; i++) {
			if (plain(wire[i]))
				*out++ = (char)wire[i];
			else if (wire[i] > ' ' && wire[i] < 0x7f)
				out += sprintf(out, "\\%c", wire[i]);
			else
				out += sprintf(out, "\\%03u", wire[i]);
		}
		wire += wire[0] + 1;
		if (wire[0])
			*out++ = '.';
	}
	*out = '\0';
	return buffer;
}

int name_prefix(const struct name *name, const struct name *suffix)
{
	int prefix = name->length - suffix->length, at = 0;

	/* Compare label by label: equal bytes could begin in the middle of a label. */
	while (at < prefix)
		at += name->wire[at] + 1;
	return at == prefix && memcmp(name->wire + at, suffix->wire, suffix->length) == 0 ? at : -1;
}
