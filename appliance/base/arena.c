/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena, size_t budget)
{
	*arena = (struct arena){ .budget = budget };
}

void arena_release(struct arena *arena)
{
	struct arena_chunk *chunk = arena->head;

	while (chunk) {
		struct arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	arena->head = NULL;
	arena->used = 0;
}

static struct arena_chunk *chunk_new(struct arena *arena, size_t least)
{
	size_t size = least > CHUNK ? least : CHUNK;
	size_t total;
	struct arena_chunk *chunk;

	if (__builtin_add_overflow(size, sizeof(*chunk), &total) ||
	    total > arena->budget - arena->used)
		return NULL;
	chunk = calloc(1, total);
	if (!chunk)
		return NULL;
	chunk->size = size;
	arena->used += total;
	/* A large object gets a chunk of its own; the half-full one stays in front. */
	if (arena->head && least > CHUNK) {
		chunk->next = arena->head->next;
		arena->head->next = chunk;
	} else {
		chunk->next = arena->head;
		arena->head = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_chunk *chunk = arena->head;
	void *memory;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!chunk || chunk->size - chunk->used < size) {
		chunk = chunk_new(arena, size);
		if (!chunk)
			return NULL;
	}
	memory = chunk->data + chunk->used;
	chunk->used += size;
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return arena_alloc(arena, total);
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? arena_alloc(arena, length + 1) : NULL;

	if (copy)
		memcpy(copy, text, length);
	return copy;
}
