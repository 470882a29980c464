/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void source_free(struct source *source)
{
	if (source)
		source->free(source);
}

const char *source_kind_print(enum source_kind kind)
{
	return kind == SOURCE_METADATA ? "metadata" : "targets";
}

/* One component of a path: not empty, not "." or "..", no control characters. */
static bool component_is_plain(const char *text, size_t length)
{
	if (length == 0 || (text[0] == '.' && (length == 1 || (length == 2 && text[1] == '.'))))
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return true;
}

int source_check_path(const struct source *source, const char *path, struct diag *diag)
{
	size_t length;

	for (const char *at = path;; at += length + 1) {
		length = strcspn(at, "/");
		if (!component_is_plain(at, length)) {
			diag_error(diag, source->name, 0, 0, "will not ask for \"%s\": expected a "
				   "relative path without empty, \".\" or \"..\" parts", path);
			return -EINVAL;
		}
		if (at[length] == '\0')
			return 0;
	}
}
