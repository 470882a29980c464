/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * A chain of what waits, in the order of its deadlines: those of one chain all wait for the same
 * time, so that a new one goes to the end. The links are the caller's.
 */
struct link {
	struct link *previous, *next;
	int64_t deadline;	/* ms, clock_uptime_ms */
};

struct chain {
	struct link *first, *last;
};

void chain_append(struct chain *chain, struct link *link, int64_t deadline);
/* To the front: its deadline is over. */
void chain_prepend(struct chain *chain, struct link *link);
void chain_remove(struct chain *chain, struct link *link);
