/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/archive.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/cursor.h"

static const char magic[8] = "CORDON1\n";

int archive_check_name(const char *name)
{
	static const char most[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._-%";
	const size_t length = strlen(name);

	if (length == 0 || length >= ARCHIVE_NAME)
		return -ENAMETOOLONG;
	return name[0] != '.' && strspn(name, most) >= length ? 0 : -EINVAL;
}

const struct archive_file *archive_lookup(const struct archive *archive, const char *name)
{
	for (size_t i = 0; i < archive->count; i++) {
		if (strcmp(archive->file[i].name, name) == 0)
			return &archive->file[i];
	}
	return NULL;
}

int archive_add(struct archive *archive, const char *name, const void *data, size_t size)
{
	struct archive_file *file = &archive->file[archive->count];
	int error = archive_check_name(name);

	if (error)
		return error;
	if (archive->count == ARCHIVE_FILES || size > ARCHIVE_MAX)
		return -ENOSPC;
	if (archive_lookup(archive, name))
		return -EEXIST;
	memcpy(file->name, name, strlen(name) + 1);
	file->data = data;
	file->size = size;
	archive->count++;
	return 0;
}

int archive_parse(struct archive *archive, const void *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);
	const uint8_t *head = cursor_take(&cursor, sizeof(magic));
	size_t count = cursor_get16(&cursor);

	archive->count = 0;
	if (!head || memcmp(head, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		char name[ARCHIVE_NAME] = "";
		size_t length = cursor_get8(&cursor);
		const void *bytes;

		if (length >= sizeof(name))
			return -EBADMSG;
		cursor_get(&cursor, name, length);
		if (strlen(name) != length)
			return -EBADMSG;
		length = cursor_get32(&cursor);
		bytes = cursor_take(&cursor, length);
		if (cursor.failed || archive_add(archive, name, bytes, length) < 0)
			return -EBADMSG;
	}
	return cursor.failed || cursor_left(&cursor) ? -EBADMSG : 0;
}

uint64_t archive_extent(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint64_t end = sizeof(magic) + 2;
	unsigned int count;

	if (size == 0 || memcmp(data, magic, size < sizeof(magic) ? size : sizeof(magic)) != 0)
		return 0;
	count = size < end ? 0 : (unsigned int)(byte[end - 2] << 8 | byte[end - 1]);
	for (unsigned int i = 0; i < count && end <= size; i++) {
		end++;
		if (end <= size)
			end += byte[end - 1] + 4U;
		if (end <= size) {
			struct cursor cursor = cursor_reader(byte + end - 4, 4);

			end += cursor_get32(&cursor);
		}
	}
	return end;
}

void archive_print(const struct archive *archive, struct text *out)
{
	uint8_t number[4];
	struct cursor cursor = cursor_writer(number, sizeof(number));

	text_put(out, magic, sizeof(magic));
	cursor_put16(&cursor, (uint16_t)archive->count);
	text_put(out, number, 2);
	for (size_t i = 0; i < archive->count; i++) {
		const struct archive_file *file = &archive->file[i];
		const uint8_t length = (uint8_t)strlen(file->name);

		cursor = cursor_writer(number, sizeof(number));
		cursor_put32(&cursor, (uint32_t)file->size);
		text_put(out, &length, 1);
		text_put(out, file->name, length);
		text_put(out, number, 4);
		text_put(out, file->data, file->size);
	}
}
