/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/sql.h"
#include "rules/policy/addr.h"

/*
 * The sums of a day that is still open (sums.h), in one walk over its events. A closed day has them
 * stored. Memory follows clients and what each met, not events.
 */
struct today_kind {
	int64_t rule;		/* row number; -1: none */
	int coarse, channel, action, would;	/* as stored: not checked yet */
	bool has_resolver;
	struct addr resolver;
};

struct today_sum {
	int64_t client;		/* row number */
	uint32_t kind;		/* in kind */
	uint64_t entries;	/* stored ones */
	uint64_t count;		/* events */
	int64_t first_ms, last_ms;
};

struct today {
	struct today_kind *kind;
	size_t kinds;
	struct today_sum *sum;	/* by client */
	size_t sums;
};

/* The error is the connection's. today_release in any case. */
void today_read(struct today *today, struct sql *sql);
void today_release(struct today *today);
