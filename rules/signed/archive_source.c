/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/archive_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_version(const char *path)
{
	size_t digits = strspn(path, "0123456789");

	if (digits == 0 || path[digits] != '.' || strcmp(path + digits, ".root.json") == 0)
		return path;
	return path + digits + 1;
}

static const char *skip_hash(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t digits = strspn(name, "0123456789abcdef");

	return (digits == 64 || digits == 128) && name[digits] == '.' ? name + digits + 1 : name;
}

static const struct archive_file *find(const struct archive_source *archives, const char *name)
{
	const struct archive_file *file = archive_lookup(archives->archive[0], name);

	return file || !archives->archive[1] ? file : archive_lookup(archives->archive[1], name);
}

static int get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	       void **data, size_t *size, struct diag *diag)
{
	const char *name = kind == SOURCE_METADATA ? skip_version(path) : skip_hash(path);
	const struct archive_file *file = find(source->context, name);

	if (!file) {
		diag_error(diag, source->name, 0, 0, "%s: not there", name);
		return -ENOENT;
	}
	if (file->size > limit) {
		diag_error(diag, source->name, 0, 0, "%s: larger than %zu bytes", name, limit);
		return -EFBIG;
	}
	*data = malloc(file->size + 1);
	if (!*data)
		return -ENOMEM;
	memcpy(*data, file->data, file->size);
	((char *)*data)[file->size] = '\0';
	*size = file->size;
	return 0;
}

void archive_source_init(struct source *source, const struct archive_source *archives,
			 const char *name)
{
	*source = (struct source){ .get = get, .context = (void *)(uintptr_t)archives };
	snprintf(source->name, sizeof(source->name), "%s", name);
}
