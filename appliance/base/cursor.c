/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/cursor.h"

#include <endian.h>
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

uint8_t cursor_get8(struct cursor *cursor)
{
	const uint8_t *bytes = advance(cursor, 1);

	return bytes ? bytes[0] : 0;
}

uint16_t cursor_get16(struct cursor *cursor)
{
	uint16_t value = 0;

	cursor_get(cursor, &value, sizeof(value));
	return be16toh(value);
}

uint32_t cursor_get32(struct cursor *cursor)
{
	uint32_t value = 0;

	cursor_get(cursor, &value, sizeof(value));
	return be32toh(value);
}

uint64_t cursor_get64(struct cursor *cursor)
{
	uint64_t value = 0;

	cursor_get(cursor, &value, sizeof(value));
	return be64toh(value);
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
	cursor_put(cursor, &value, sizeof(value));
}

void cursor_put16(struct cursor *cursor, uint16_t value)
{
	value = htobe16(value);
	cursor_put(cursor, &value, sizeof(value));
}

void cursor_put32(struct cursor *cursor, uint32_t value)
{
	value = htobe32(value);
	cursor_put(cursor, &value, sizeof(value));
}

void cursor_put64(struct cursor *cursor, uint64_t value)
{
	value = htobe64(value);
	cursor_put(cursor, &value, sizeof(value));
}

void cursor_put(struct cursor *cursor, const void *bytes, size_t size)
{
	uint8_t *here = advance(cursor, size);

	if (here && size)
		memcpy(here, bytes, size);
}
