/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/entry.h"

/*
 * Who met which rules by which names most in the last minutes: sums in memory, over a window that
 * moves in steps. Bounded: beyond TOP_KEYS of a kind what comes is counted, but not by name.
 */
enum top_kind { TOP_CLIENTS, TOP_RULES, TOP_NAMES, TOP_KINDS };
const char *top_kind_print(enum top_kind kind);	/* "clients" */

enum {
	TOP_STEP_MS = 10 * 1000,
	TOP_STEPS = 30,		/* the window is this many steps: five minutes */
	TOP_KEYS = 1024,
	TOP_ROWS = 50,		/* most rows of one answer */
	TOP_TEXT = 260		/* buffer of a key, NUL included */
};

struct top;

/* NULL: no memory. */
struct top *top_new(void);
void top_free(struct top *top);

/* Adds an event by its time; one that is older than the window, or a notice, changes nothing. */
void top_add(struct top *top, const struct entry_event *event, const struct entry_rule *rule,
	     int64_t now_ms);

struct top_row {
	const char *key;	/* printable; valid until the next call */
	uint64_t events;
	int64_t last_ms;	/* time of the newest */
};
/* The first rows of this kind at that time, the most events first; how many, at most TOP_ROWS. */
size_t top_rank(const struct top *top, enum top_kind kind, int64_t now_ms,
		struct top_row row[TOP_ROWS]);
/* All events of the window, those without a key too. */
uint64_t top_total(const struct top *top, int64_t now_ms);
