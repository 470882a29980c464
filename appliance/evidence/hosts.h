/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/evidence/machines.h"
#include "appliance/evidence/verdict.h"

/*
 * The hosts of a log, with what their traces say. Two passes over the sums of each day: the first
 * finds the machines, the second what each of them met. Memory follows hosts and the rules that
 * each met, not events.
 */
enum {
	HOSTS_RUNS = 1000000,	/* of addresses with a link address (machines.h) */
	HOSTS_TALLIES = 4000000
};

struct hosts_options {
	const char *folder;	/* of the log */
	int64_t since_ms;	/* events of days before it do not count; 0: all */
	int32_t today;		/* days since 1970 */
	const struct weights *weights;
	const struct naming *naming;	/* names that were loaded, or NULL */
	size_t namings;
	struct merge *merge;	/* by hand, or NULL; results are set */
	size_t merges;
};

struct hosts_row {
	struct host host;
	struct host_verdict verdict;
	struct host_presence presence;
	const struct naming *name;	/* NULL: none */
	uint64_t events;
	uint32_t days;		/* on which it met a rule */
	uint32_t categories;	/* bit per category that it met, whatever the action was */
	int64_t first_ms, last_ms;
};

struct hosts {
	struct hosts_row *row;	/* products first, then by confidence, then the latest */
	size_t count;
	struct host_range products;	/* how many machines have the product */
	uint32_t damaged;	/* days that could not be read */
	char **rule;		/* the ids that the rows' evidence refers to */
	size_t rules;
};

/* 0 or -errno: -ENOENT: there is no log. hosts_free in either case. */
int hosts_read(struct hosts *hosts, const struct hosts_options *options)
	__attribute__((warn_unused_result));
void hosts_free(struct hosts *hosts);
