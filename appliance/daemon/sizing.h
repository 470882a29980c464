/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/policy.h"

/*
 * What a compiled policy will cost the rules role and the kernel, before it is sent there. Pure.
 *
 * Measured on the reference machine: 2.9 KB of the role's memory for each prefix; 2.9 s for 100,000
 * prefixes and 14.9 s for 200,000, so that time grows with about the power 2.4 from there on.
 */
enum {
	SIZING_RANGE_BYTES = 3000,	/* of the role, for each range */
	SIZING_KERNEL_BYTES = 700,	/* of the kernel: old and new elements, both ends of each */
	SIZING_BASE_BYTES = 16 << 20,
	SIZING_SPARE_BYTES = 16 << 20,	/* that others keep */

	SIZING_RATE = 100,	/* us for each range where nothing was measured yet: a slow box */
	SIZING_RATE_MAX = 10000,
	SIZING_LINEAR = 100000,	/* ranges; up to there time grows in proportion */
	SIZING_MEASURABLE = 2000,	/* ranges; fewer say nothing about the machine */

	SIZING_SILENCE_MS = 15 * 1000,	/* the least patience with a role that says nothing */
	SIZING_TIME_MAX_MS = 10 * 60 * 1000
};

struct sizing {
	uint64_t ranges;	/* networks, resolvers and ports that become set elements */
	uint64_t bytes;		/* role and kernel together */
	int64_t expected_ms;
	int64_t patience_ms;	/* so long a role may say nothing */
};

/* How many ranges the enforcer has to hold. */
uint64_t sizing_ranges(const struct policy *policy);

/* rate: us for each range (sizing_learn); 0: not known. */
void sizing_estimate(struct sizing *sizing, uint64_t ranges, uint32_t rate);

/*
 * Does it fit? available: bytes that the machine can give now; 0: not known. False with the figures
 * in text; *passes: true if it is memory that other processes may give back.
 */
bool sizing_fits(const struct sizing *sizing, uint64_t available, char *text, size_t size,
		 bool *passes);

/* The rate after an apply of so many ranges in that time: what it shows when that is slower than
 * rate, a step towards it when it was quicker, rate itself when it shows nothing. */
uint32_t sizing_learn(uint32_t rate, uint64_t ranges, int64_t elapsed_ms);

/* MemAvailable of a text of /proc/meminfo, in bytes; 0 when it is not there. */
uint64_t sizing_available(const char *meminfo);
