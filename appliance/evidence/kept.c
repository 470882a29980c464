/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"

enum { PATH_TEXT = 512, SEAL_MAX = 16 * 1024 };

int kept_keys(struct key keys[KEPT_MOST], const char *text)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----";
	static const char end[] = "-----END PUBLIC KEY-----";
	int count = 0;

	while ((text = strstr(text, begin))) {
		const char *stop = strstr(text, end);
		char *pem;
		int error;

		if (!stop || count == KEPT_MOST)
			return stop ? -E2BIG : -EINVAL;
		stop += strlen(end);
		pem = strndup(text, (size_t)(stop - text));
		error = pem ? key_public_read(&keys[count], pem) : -ENOMEM;
		free(pem);
		if (error)
			return error;
		count++;
		text = stop;
	}
	return count ? count : -EINVAL;
}

static char *read_beside(const char *folder, const char *name)
{
	char path[PATH_TEXT], *text;
	size_t size;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
	    file_read(AT_FDCWD, path, SEAL_MAX, &text, &size) < 0)
		return NULL;
	return text;
}

char *kept_note(const char *folder)
{
	char *text = read_beside(folder, KEPT_NOTE), *note = NULL;
	const char *value;
	json_t *object;

	if (text)
		return text;
	text = read_beside(folder, KEPT_SEAL);
	object = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	value = json_string_value(json_object_get(object, "note"));
	if (value)
		note = strdup(value);
	json_decref(object);
	free(text);
	return note;
}

char *kept_keys_text(const char *folder)
{
	return read_beside(folder, KEPT_KEYS);
}
