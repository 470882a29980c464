/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * A list of waiting things, ordered by deadline. All of one chain wait for the same time, so a new
 * one goes to the end. The links belong to the caller.
 */
struct link {
	struct link *previous, *next;
	int64_t deadline;	/* ms, clock_uptime_ms */
};

struct chain {
	struct link *first, *last;
};

/* deadline: uptime in ms, not before that of the last link. A link is in one chain at most. */
void chain_append(struct chain *chain, struct link *link, int64_t deadline);
/* Inserts at the front: its deadline is over. */
void chain_prepend(struct chain *chain, struct link *link);
void chain_remove(struct chain *chain, struct link *link);
