/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/tar.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Offsets of the header's fields (POSIX.1-2017, pax, "ustar Interchange Format"). */
enum { NAME = 0, NAME_SIZE = 100, SIZE = 124, SIZE_SIZE = 12, SUM = 148, SUM_SIZE = 8, KIND = 156,
       MAGIC = 257, PREFIX = 345, PREFIX_SIZE = 155 };

/* Octal digits, after optional spaces, up to a space, a NUL or the end of the field. */
static bool take_number(const uint8_t *field, size_t size, uint64_t *number)
{
	size_t at = 0;

	*number = 0;
	while (at < size && field[at] == ' ')
		at++;
	if (at == size || field[at] < '0' || field[at] > '7')
		return false;
	for (; at < size && '0' <= field[at] && field[at] <= '7'; at++)
		*number = *number << 3 | (uint64_t)(field[at] - '0');
	return at == size || field[at] == ' ' || field[at] == '\0';
}

/* The sum of all bytes, counting its own field as spaces. */
static bool sum_is_right(const uint8_t *block)
{
	uint64_t written, sum = ' ' * SUM_SIZE;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i < SUM || i >= SUM + SUM_SIZE ? block[i] : 0;
	return take_number(block + SUM, SUM_SIZE, &written) && written == sum;
}

static enum tar_kind kind_of(uint8_t letter)
{
	switch (letter) {
	case '\0':
	case '0':
	case '7':
		return TAR_FILE;
	case '5':
		return TAR_FOLDER;
	case 'L':
		return TAR_LONG_NAME;
	case 'x':
		return TAR_EXTENDED;
	default:
		return TAR_OTHER;
	}
}

int tar_header_parse(struct tar_header *header, const uint8_t block[TAR_BLOCK])
{
	static const uint8_t zeros[TAR_BLOCK];
	const char *name = (const char *)block + NAME, *prefix = (const char *)block + PREFIX;
	const int length = (int)strnlen(name, NAME_SIZE);

	memset(header, 0, sizeof(*header));
	if (memcmp(block, zeros, TAR_BLOCK) == 0)
		return 0;
	if (!sum_is_right(block) || !take_number(block + SIZE, SIZE_SIZE, &header->size))
		return -EBADMSG;
	header->kind = kind_of(block[KIND]);
	/* GNU's own form ("ustar  ") has times where this one has the beginning of a name. */
	if (memcmp(block + MAGIC, "ustar", 6) == 0 && *prefix)
		snprintf(header->name, sizeof(header->name), "%.*s/%.*s",
			 (int)strnlen(prefix, PREFIX_SIZE), prefix, length, name);
	else
		snprintf(header->name, sizeof(header->name), "%.*s", length, name);
	/* Links and devices have no content, whatever their size field says. */
	if (header->kind == TAR_FOLDER || ('1' <= block[KIND] && block[KIND] <= '6'))
		header->size = 0;
	return 0;
}

/* "LENGTH KEY=VALUE\n", where the length counts the whole record; 0: not such a record. */
static size_t record_length(const char *record, size_t left)
{
	size_t length = 0, at = 0;

	while (at < left && at < 6 && '0' <= record[at] && record[at] <= '9')
		length = length * 10 + (size_t)(record[at++] - '0');
	return at && at < left && record[at] == ' ' && length > at + 2 && length <= left &&
	       record[length - 1] == '\n' ? length : 0;
}

int tar_extended_name(const char *content, size_t size, char name[TAR_NAME])
{
	static const char path[] = "path=", size_of[] = "size=";

	name[0] = '\0';
	while (size) {
		size_t length = record_length(content, size), value;
		const char *key = length ? (const char *)memchr(content, ' ', length) + 1 : NULL;

		if (!key)
			return -EBADMSG;
		value = length - 1 - (size_t)(key - content);
		if (value >= sizeof(size_of) - 1 && memcmp(key, size_of, sizeof(size_of) - 1) == 0)
			return -EBADMSG;
		if (value >= sizeof(path) - 1 && memcmp(key, path, sizeof(path) - 1) == 0) {
			value -= sizeof(path) - 1;
			if (value >= TAR_NAME || memchr(key + sizeof(path) - 1, '\0', value))
				return -ENAMETOOLONG;
			memcpy(name, key + sizeof(path) - 1, value);
			name[value] = '\0';
		}
		content += length;
		size -= length;
	}
	return 0;
}
