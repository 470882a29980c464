/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the unit tests share: values from the texts that people write. */

#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/policy/compile.h"
#include "rules/policy/policy.h"

enum { SAMPLE_BUDGET = 64 << 20 };

static inline struct addr sample_addr(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, strlen(text)), 0);
	return addr;
}

static inline struct name sample_name(const char *text)
{
	struct name name;

	assert_int_equal(name_parse(&name, text, strlen(text), NULL), 0);
	return name;
}

/* Fails the test with what the parser had to say. */
static inline void sample_no_errors(const struct diag *diag)
{
	struct text out = TEXT_EMPTY;

	if (diag->count == 0)
		return;
	diag_print(diag, &out);
	print_error("%s", out.data);
	text_release(&out);
	fail();
}

/* The compiled policy of one list; the block is the caller's to free. options may be NULL. */
static inline void *sample_block(const char *text, const struct policy_options *options,
				 size_t *size)
{
	static struct diag diag;
	struct policy_options defaults;
	struct rule_list list;
	struct arena arena;
	void *block = NULL;

	diag_init(&diag);
	policy_options_init(&defaults);
	arena_init(&arena, SAMPLE_BUDGET);
	(void)(rule_list_parse(&list, &arena, "sample", text, strlen(text), &diag) ||
	       policy_compile(&list, 1, options ? options : &defaults, &block, size, &diag));
	sample_no_errors(&diag);
	arena_release(&arena);
	assert_non_null(block);
	return block;
}
