/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/overlay.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"

enum { OVERLAY_FILES = 2 * METADATA_ROLES };

struct overlay {
	struct source source;
	const struct repository *repository;
	struct overlay_file {
		char name[METADATA_NAME];
		struct text text;
	} file[OVERLAY_FILES];
	size_t count;
};

const struct text *overlay_lookup(const struct overlay *overlay, const char *name)
{
	for (size_t i = 0; i < overlay->count; i++) {
		if (strcmp(overlay->file[i].name, name) == 0)
			return &overlay->file[i].text;
	}
	return NULL;
}

static int get_metadata(const struct overlay *overlay, const char *name, size_t limit, char **data,
			size_t *size)
{
	const struct text *text = overlay_lookup(overlay, name);

	if (!text)
		return repository_read(overlay->repository->metadata, name, limit, data, size);
	if (text->length > limit)
		return -EFBIG;
	*data = malloc(text->length + 1);
	if (!*data)
		return -ENOMEM;
	memcpy(*data, text->data, text->length + 1);
	*size = text->length;
	return 0;
}

static int get_target(const struct overlay *overlay, const char *name, size_t limit, char **data,
		      size_t *size)
{
	char beneath[PATH_MAX];
	int error = repository_read(overlay->repository->targets, name, limit, data, size);

	if (error != -ENOENT)
		return error;
	snprintf(beneath, sizeof(beneath), "targets/%s", name);
	return repository_read(overlay->repository->staging, beneath, limit, data, size);
}

static int get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	       void **data, size_t *size, struct diag *diag)
{
	const struct overlay *overlay = source->context;
	char *text;
	int error = source_check_path(source, path, diag);

	if (error)
		return error;
	error = kind == SOURCE_METADATA ? get_metadata(overlay, path, limit, &text, size) :
					  get_target(overlay, path, limit, &text, size);
	if (error)
		diag_error(diag, source->name, 0, 0, "%s/%s: %s", source_kind_print(kind), path,
			   error == -EFBIG ? "larger than allowed" : strerror(-error));
	else
		*data = text;
	return error;
}

int overlay_new(struct overlay **out, const struct repository *repository)
{
	struct overlay *overlay = calloc(1, sizeof(*overlay));

	if (!overlay)
		return -ENOMEM;
	overlay->repository = repository;
	overlay->source.get = get;
	overlay->source.context = overlay;
	snprintf(overlay->source.name, sizeof(overlay->source.name), "%s", repository->path);
	*out = overlay;
	return 0;
}

void overlay_free(struct overlay *overlay)
{
	if (!overlay)
		return;
	for (size_t i = 0; i < overlay->count; i++)
		text_release(&overlay->file[i].text);
	free(overlay);
}

int overlay_put(struct overlay *overlay, const char *name, const json_t *document)
{
	struct overlay_file *file = &overlay->file[overlay->count];

	if (overlay->count == OVERLAY_FILES)
		return -E2BIG;
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->text = TEXT_EMPTY;
	overlay->count++;
	return document_print(document, &file->text);
}

struct source *overlay_source(struct overlay *overlay)
{
	return &overlay->source;
}

int overlay_write(const struct overlay *overlay, struct diag *diag)
{
	for (size_t i = 0; i < overlay->count; i++) {
		const struct overlay_file *file = &overlay->file[i];
		int error = file_replace(overlay->repository->metadata, file->name, file->text.data,
					 file->text.length, 0644);

		if (error) {
			diag_error(diag, overlay->repository->path, 0, 0,
				   "cannot write metadata/%s: %s",
				   file->name, strerror(-error));
			return error;
		}
	}
	return 0;
}
