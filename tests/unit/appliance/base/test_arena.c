/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t size = 0; size < 300; size++) {
		unsigned char *memory = arena_alloc(&arena, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xee, size);
	}
	arena_release(&arena);
	assert_int_equal(arena.used, 0);
}

static void budget_holds(void **state)
{
	struct arena arena;
	size_t got = 0;

	(void)state;
	arena_init(&arena, 200 * 1024);
	while (arena_alloc(&arena, 1000))
		got++;
	assert_true(got >= 100 && got <= 200);
	assert_true(arena.used <= arena.budget);
	arena_release(&arena);
	arena_init(&arena, 1000);
	assert_null(arena_alloc(&arena, 1));
	arena_release(&arena);
}

/* A large object gets its own chunk, and small ones go on filling the one before. */
static void large_objects(void **state)
{
	struct arena arena;
	char *small, *next, *large;

	(void)state;
	arena_init(&arena, 1 << 20);
	small = arena_alloc(&arena, 16);
	large = arena_alloc(&arena, 300 * 1024);
	next = arena_alloc(&arena, 16);
	assert_non_null(small);
	assert_non_null(large);
	assert_ptr_equal(next, small + 16);
	memset(large, 1, 300 * 1024);
	arena_release(&arena);
}

static void overflow_is_refused(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 30);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 20));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_text(&arena, "", SIZE_MAX));
	arena_release(&arena);
}

static void text_is_terminated(void **state)
{
	struct arena arena;
	const char *text;

	(void)state;
	arena_init(&arena, 1 << 20);
	text = arena_text(&arena, "abcdef", 3);
	assert_string_equal(text, "abc");
	assert_string_equal(arena_text(&arena, "", 0), "");
	assert_non_null(arena_array(&arena, 0, 8));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(budget_holds),
		cmocka_unit_test(large_objects),
		cmocka_unit_test(overflow_is_refused),
		cmocka_unit_test(text_is_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
