/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/evidence/verdict.h"
#include "appliance/journal/sums.h"

/*
 * What each host met, added up over days, and on which days it was there. Memory follows hosts and
 * the rules that each met, not events.
 */
enum { MET_MOST = 4000000 };	/* pairs of a host and what it met */

/* What one host met of one rule in one way, over all days. */
struct met {
	uint32_t host;
	struct tally tally;
	int32_t last_date;	/* days are counted as they come, in order */
};

struct date_of_host {
	uint32_t host;
	int32_t date;
	bool software;		/* a trace of software; else it was only there */
};

/* One rule id, kept once. */
struct rule_text {
	char *id;
	uint32_t hash;
	bool software;		/* verdict_is_software */
};

struct met_all {
	uint64_t seed;			/* random: clients choose resolvers */
	struct rule_text *rule;		/* by hash, a power of two of places; id NULL: free */
	size_t rules, rule_places;
	struct met *met;		/* by hash, as above; tally.rule NULL: free */
	size_t mets, met_places;
	struct date_of_host *date;
	size_t dates, date_room;
};

/* Adds a row of the host; rows come in the order of days. weights: what is software. A row of
 * presence counts for the day alone. 0, -ENOMEM or -E2BIG. */
int met_add(struct met_all *all, uint32_t host, const struct sums_row *row,
	    const struct weights *weights) __attribute__((warn_unused_result));

/* Sorts both lists by host, for reading: mets of them, dates of them. Nothing may be added then. */
void met_sort(struct met_all *all);

/* Frees both lists, and the rules. */
void met_release(struct met_all *all);
