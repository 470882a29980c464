/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/suffixes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

static bool listed(const char *rule)
{
	return bsearch(rule, public_suffixes, public_suffixes_count, sizeof(*public_suffixes),
		       compare);
}

/* publicsuffix.org/list: an exception beats a wildcard; a single label is always public. */
bool suffix_is_public(const uint8_t *wire)
{
	char text[NAME_TEXT], rule[NAME_TEXT + 2];
	const char *dot;

	name_print(wire, text);
	dot = strchr(text, '.');
	if (!dot || dot[1] == '\0')
		return true;
	snprintf(rule, sizeof(rule), "!%s", text);
	if (listed(rule))
		return false;
	snprintf(rule, sizeof(rule), "*%s", dot);
	return listed(text) || listed(rule);
}
