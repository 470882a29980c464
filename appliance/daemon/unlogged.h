/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Packets that were counted and not logged, because their source had used up its share of the log:
 * the kernel's counter "unlogged", which becomes a record of lost events in the journal.
 */
struct unlogged {
	bool known;	/* a first value was seen; what was before it is another start's */
	uint64_t last;
};

/*
 * counters: the body of the rules role's MESSAGE_COUNTERS. How many more there are than at the last
 * call; all of them when the counter began anew. 0 when it is not among them.
 */
uint64_t unlogged_since(struct unlogged *unlogged, const uint8_t *counters, size_t size);
