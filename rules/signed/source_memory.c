/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct memory {
	struct source source;
	const struct source_file *file;
	size_t count;
};

static const struct source_file *find(const struct memory *memory, enum source_kind kind,
				      const char *path)
{
	const char *folder = source_kind_print(kind);
	size_t length = strlen(folder);

	for (size_t i = 0; i < memory->count; i++) {
		const char *name = memory->file[i].name;

		if (strncmp(name, folder, length) == 0 && name[length] == '/' &&
		    strcmp(name + length + 1, path) == 0)
			return &memory->file[i];
	}
	return NULL;
}

static int get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	       void **data, size_t *size, struct diag *diag)
{
	const struct source_file *file = find(source->context, kind, path);

	if (!file) {
		diag_error(diag, source->name, 0, 0, "no such file: %s/%s", source_kind_print(kind),
			   path);
		return -ENOENT;
	}
	if (file->size > limit) {
		diag_error(diag, source->name, 0, 0, "%s/%s is larger than %zu bytes",
			   source_kind_print(kind), path, limit);
		return -EFBIG;
	}
	*data = malloc(file->size + 1);
	if (!*data)
		return -ENOMEM;
	if (file->size)
		memcpy(*data, file->data, file->size);
	*size = file->size;
	return 0;
}

static void release(struct source *source)
{
	free(source->context);
}

int source_memory(struct source **source, const struct source_file *file, size_t count)
{
	struct memory *memory = malloc(sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	*memory = (struct memory){ .source = { .get = get, .free = release, .context = memory },
				   .file = file, .count = count };
	snprintf(memory->source.name, sizeof(memory->source.name), "memory");
	*source = &memory->source;
	return 0;
}
