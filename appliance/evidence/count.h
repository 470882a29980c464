/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"
#include "appliance/journal/entry.h"

/*
 * How many events entries stand for: in all, per day and per category, so that a sum shows whether
 * it is getting less, and of what. Pure.
 */
enum { COUNT_DAYS = 4096 };	/* the most that are told apart; a wrong clock makes more */

struct count_day {
	int32_t day;		/* days since 1970, in UTC */
	uint64_t events;
};

struct count {
	uint64_t entries;	/* of events */
	uint64_t events;	/* that these stand for */
	uint64_t notices;
	uint64_t category[CATEGORY_COUNT + 1];	/* events; the last: of a rule that is not known */
	struct count_day *day;	/* those with events, in order */
	size_t days;
	uint64_t other_days;	/* events of days beyond COUNT_DAYS, or that found no memory */
};

/* The events of an entry that was folded are of the day of the first one. rule: of the entry, or
 * NULL. */
void count_add(struct count *count, const struct log_entry *entry, const struct entry_rule *rule);
void count_free(struct count *count);

/* Lines for people: the sum, the categories and the days. */
void count_print(const struct count *count, struct text *out);
/* entries (with notices) events notices categories days; NULL: no memory. */
json_t *count_json(const struct count *count);
