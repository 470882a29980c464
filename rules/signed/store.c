/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/store.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

void store_free(struct store *store)
{
	if (store)
		store->free(store);
}

static bool unreserved(char character)
{
	return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
	       (character >= '0' && character <= '9') || (character && strchr("-._~", character));
}

int store_encode(const char *role, char *out, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t length = 0;

	for (const char *at = role; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (length + 4 > size)
			return -ENAMETOOLONG;
		if (unreserved(*at) && !(at == role && *at == '.')) {
			out[length++] = *at;
			continue;
		}
		out[length++] = '%';
		out[length++] = digits[byte >> 4];
		out[length++] = digits[byte & 15];
	}
	if (length + 1 > size)
		return -ENAMETOOLONG;
	out[length] = '\0';
	return 0;
}

bool store_check_name(const char *name)
{
	return *name != '\0' && *name != '.' && !strchr(name, '/');
}

bool store_goes(const char *name, const char *ending, const char *const *keep, size_t count)
{
	size_t length = strlen(name), end = strlen(ending);

	if (!store_check_name(name) || length < end || strcmp(name + length - end, ending) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, keep[i]) == 0)
			return false;
	}
	return true;
}
