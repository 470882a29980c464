/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool value_word(const char **value, const char **word, size_t *length)
{
	*word = *value + strspn(*value, " \t,");
	*length = strcspn(*word, " \t,");
	*value = *word + *length;
	return *length > 0;
}

int duration_parse(uint64_t *seconds, const char *text, size_t length)
{
	static const struct { char unit; uint64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
	};
	uint64_t value = 0, unit = 1, most = 3650ULL * 86400;
	size_t at = 0;

	for (; at < length && (uint8_t)(text[at] - '0') <= 9; at++) {
		value = value * 10 + (uint64_t)(text[at] - '0');
		if (value > most)
			return -ERANGE;
	}
	if (at == 0 || length - at > 1)
		return -EINVAL;
	for (size_t i = 0; at < length && i < sizeof(units) / sizeof(*units); i++) {
		if (units[i].unit == text[at]) {
			unit = units[i].seconds;
			at++;
		}
	}
	if (at != length)
		return -EINVAL;
	*seconds = value * unit;
	return *seconds <= most ? 0 : -ERANGE;
}

bool value_number(struct parser *parser, const char *key, const char *value, uint64_t low,
		  uint64_t high, uint64_t *out)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-' || number < low || number > high) {
		value_error(parser, "%s: expected a number from %llu to %llu, found \"%s\"", key,
			   (unsigned long long)low, (unsigned long long)high, value);
		return false;
	}
	*out = number;
	return true;
}

bool value_addresses(struct parser *parser, const char *key, const char *value, struct addr *list,
		     size_t *count, size_t most)
{
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		if (*count == most) {
			value_error(parser, "%s: more than %zu addresses", key, most);
			return false;
		}
		if (addr_parse(&list[*count], word, length) < 0) {
			value_error(parser, "%s: expected an address, found \"%.*s\"", key,
				   (int)length, word);
			return false;
		}
		(*count)++;
	}
	return true;
}

bool value_endpoints(struct parser *parser, const char *key, const char *value,
		     struct endpoint *list, size_t *count, size_t most)
{
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		if (*count == most) {
			value_error(parser, "%s: more than %zu addresses", key, most);
			return false;
		}
		list[*count].port = 53;
		if (endpoint_parse(&list[*count].addr, &list[*count].port, word, length) < 0) {
			value_error(parser, "%s: expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, "
				   "found \"%.*s\"", key, (int)length, word);
			return false;
		}
		(*count)++;
	}
	return true;
}

bool value_text(struct parser *parser, const char *key, const char *value, char *out, size_t size)
{
	if (value[0] != '\0' && strlen(value) < size) {
		snprintf(out, size, "%s", value);
		return true;
	}
	value_error(parser, "%s: expected a path of at most %zu bytes", key, size - 1);
	return false;
}

int value_choice(struct parser *parser, const char *key, const char *value,
		 const char *const words[], const char *expected)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0)
			return i;
	}
	value_error(parser, "%s: expected %s, found \"%s\"", key, expected, value);
	return -1;
}
