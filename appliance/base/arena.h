/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/*
 * A region of memory that is freed as a whole, for everything that lives as long as "one parse" or
 * "one ruleset". A function that takes an arena returns memory that belongs to it. An arena has a
 * budget: hostile input causes -ENOMEM before it exhausts the machine.
 */
struct arena {
	struct arena_chunk *head;
	size_t used;	/* bytes handed out, chunk overhead included */
	size_t budget;	/* most bytes it may take */
};

/* budget: bytes that the arena may take in all. arena_release frees everything in it. */
void arena_init(struct arena *arena, size_t budget);
void arena_release(struct arena *arena);

/* Zeroed memory, aligned for any type; NULL when the budget is spent or memory is short. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((warn_unused_result));

/* The same for an array; NULL also when count * size overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size)
	__attribute__((warn_unused_result));

/* A NUL-terminated copy of length bytes of text. */
char *arena_text(struct arena *arena, const char *text, size_t length)
	__attribute__((warn_unused_result));
