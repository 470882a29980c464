/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bounded walk over bytes in the caller's memory, for reading or for writing, in network byte
 * order. The first step out of bounds sets failed. From then on every call is a no-op that returns
 * zeros, so a caller checks once at the end of a record.
 */
struct cursor {
	uint8_t *data;	/* only written through the put functions */
	size_t size;
	size_t at;
	bool failed;
};

/* Over size bytes, which stay the caller's and must outlive the cursor. Neither fails. */
struct cursor cursor_reader(const void *data, size_t size);
struct cursor cursor_writer(void *data, size_t size);

/* The next 1, 2, 4 or 8 bytes as a number. Fails if fewer are left; 0 after a failure. */
uint8_t cursor_get8(struct cursor *cursor);
uint16_t cursor_get16(struct cursor *cursor);
uint32_t cursor_get32(struct cursor *cursor);
uint64_t cursor_get64(struct cursor *cursor);

/* The next size bytes in place, valid as long as the data; NULL after a failure. */
const uint8_t *cursor_take(struct cursor *cursor, size_t size);

/* Copies the next size bytes to out; fills it with zeros after a failure. */
void cursor_get(struct cursor *cursor, void *out, size_t size);

/* Appends 1, 2, 4, 8 or size bytes. Fails if there is no room, and then writes none of them. */
void cursor_put8(struct cursor *cursor, uint8_t value);
void cursor_put16(struct cursor *cursor, uint16_t value);
void cursor_put32(struct cursor *cursor, uint32_t value);
void cursor_put64(struct cursor *cursor, uint64_t value);
void cursor_put(struct cursor *cursor, const void *bytes, size_t size);

/* Bytes that are not read or written yet; 0 after a failure. */
static inline size_t cursor_left(const struct cursor *cursor)
{
	return cursor->failed ? 0 : cursor->size - cursor->at;
}
