/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/suffixes.h"

#include <stdio.h>
#include <string.h>

/* Halves a range that begins and ends between two rules. */
static bool listed(const char *rule)
{
	size_t low = 0, high = public_suffixes_size, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		while (middle > low && public_suffixes[middle - 1] != '\0')
			middle--;
		order = strcmp(rule, public_suffixes + middle);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + strlen(public_suffixes + middle) + 1;
	}
	return false;
}

/*
 * The rules of publicsuffix.org/list: an exception beats a wildcard; a single label is always
 * public.
 */
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
