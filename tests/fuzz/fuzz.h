/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the fuzz targets share. Each gives one parser bytes that nobody trusts (libFuzzer,
 * `make fuzz`); the sanitizers watch the memory, require the promises of the headers.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/policy/compile.h"
#include "rules/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(promise) ((promise) ? (void)0 : abort())

/* One list to its policy; NULL when it is refused. The block is the caller's to free. */
static inline void *fuzz_policy(struct policy *policy, const char *text, size_t length)
{
	static struct diag diag;
	struct policy_options options;
	struct rule_list list;
	struct arena arena;
	void *block = NULL;
	size_t size = 0;

	diag_init(&diag);
	policy_options_init(&options);
	arena_init(&arena, 64 << 20);
	if (rule_list_parse(&list, &arena, "fuzz", text, length, &diag) == 0 &&
	    policy_compile(&list, 1, &options, &block, &size, &diag) == 0)
		require(diag.count == 0 && policy_open(policy, block, size) == 0);
	else
		require(diag.count > 0 && !block);
	arena_release(&arena);
	return block;
}

/* A policy with one of everything, for the parsers that need one. */
static inline const struct policy *fuzz_fixed_policy(void)
{
	static const char list[] =
		"list: l\nversion: 1\n[update]\nbad.com\n=exact.org\n[web]\nwatch.com\n"
		"[exempt]\ntip.bad.com\n[network]\n77.74.176.0/21 category=update\n"
		"2a03:2480::/32 category=web\n[bypass]\n8.8.8.8\ntcp/853\n";
	static struct policy policy;

	if (!policy.block)
		require(fuzz_policy(&policy, list, sizeof(list) - 1));
	return &policy;
}
