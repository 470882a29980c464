/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/cursor.h"

#include <string.h>

struct cursor cursor_reader(const void *data, size_t size)
{
	return (struct cursor){ .data = (uint8_t *)(uintptr_t)data, .size = size };
}

struct cursor cursor_writer(void *data, size_t size)
{
	return (struct cursor){ .data = data, .size = size };
}

/* The next size bytes, or NULL once the cursor has failed. */
static uint8_t *advance(struct cursor *cursor, size_t size)
{
	uint8_t *here;

	if (cursor->failed || size > cursor->size - cursor->at) {
		cursor->failed = true;
		return NULL;
	}
	here = cursor->data + cursor->at;
	cursor->at += size;
	return here;
}

static uint64_t get(struct cursor *cursor, size_t size)
{
	const uint8_t *bytes = advance(cursor, size);
	uint64_t value = 0;

	for (size_t i = 0; bytes && i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void put(struct cursor *cursor, uint64_t value, size_t size)
{
	uint8_t *bytes = advance(cursor, size);

	for (size_t i = 0; bytes && i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

uint8_t cursor_get8(struct cursor *cursor)
{
	return (uint8_t)get(cursor, 1);
}

uint16_t cursor_get16(struct cursor *cursor)
{
	return (uint16_t)get(cursor, 2);
}

uint32_t cursor_get32(struct cursor *cursor)
{
	return (uint32_t)get(cursor, 4);
}

uint64_t cursor_get64(struct cursor *cursor)
{
	return get(cursor, 8);
}

const uint8_t *cursor_take(struct cursor *cursor, size_t size)
{
	return advance(cursor, size);
}

void cursor_get(struct cursor *cursor, void *out, size_t size)
{
	const uint8_t *bytes = advance(cursor, size);

	if (bytes && size)
		memcpy(out, bytes, size);
	else if (size)
		memset(out, 0, size);
}

void cursor_put8(struct cursor *cursor, uint8_t value)
{
	put(cursor, value, 1);
}

void cursor_put16(struct cursor *cursor, uint16_t value)
{
	put(cursor, value, 2);
}

void cursor_put32(struct cursor *cursor, uint32_t value)
{
	put(cursor, value, 4);
}

void cursor_put64(struct cursor *cursor, uint64_t value)
{
	put(cursor, value, 8);
}

void cursor_put(struct cursor *cursor, const void *bytes, size_t size)
{
	uint8_t *here = advance(cursor, size);

	if (here && size)
		memcpy(here, bytes, size);
}
