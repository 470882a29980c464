/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/*
 * A region of memory that is given back as a whole. Everything whose lifetime is "one parse" or
 * "one ruleset" lives in one; a function that takes an arena returns memory that belongs to it.
 * An arena has a budget: hostile input runs into -ENOMEM, not into the machine's limit.
 */
struct arena {
	struct arena_chunk *head;
	size_t used;	/* bytes handed out, chunk overhead included */
	size_t budget;	/* most bytes it may take */
};

void arena_init(struct arena *arena, size_t budget);
void arena_release(struct arena *arena);

/* Zeroed memory, aligned for any type; NULL when the budget or the machine has no more. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((warn_unused_result));

/* The same for an array; NULL also when count * size overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size)
	__attribute__((warn_unused_result));

/* A NUL-terminated copy of length bytes of text. */
char *arena_text(struct arena *arena, const char *text, size_t length)
	__attribute__((warn_unused_result));
