/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"

/*
 * Events in, records out: a pure function of its input and of the given time.
 *
 * The first event of its kind becomes a record at once. Equal ones within the next minute are only
 * counted, and one record with their number follows when the minute is over. Events are equal if
 * state, client, rule, name, address, port, resolver, query type, protocol, channel and action are.
 * The counts of all records add up to the number of events, except those that aggregate_add
 * refused.
 *
 * A budget of tokens limits the records per second. Records without a token wait in the table and
 * keep counting.
 */
enum {
	/* Equal events are counted for this long before their number is written. */
	AGGREGATE_WINDOW_MS = 60 * 1000,
	/*
	 * Records per second: about 80 KB, which cheap flash stands for years (2.5 TB a year at a
	 * constant full rate), and which a reader can still follow.
	 */
	AGGREGATE_RATE = 200,
	/* Records at once: a building that is switched on in the morning shows up without delay. */
	AGGREGATE_BURST = 2000,
	/*
	 * Kinds of events at a time: what the rate lets out in one window, and a quarter more. One
	 * allocation of 5.7 MB; only the part that was ever used is resident.
	 */
	AGGREGATE_ENTRIES = 15000
};

struct aggregate;

/*
 * The table lives in the caller's memory, aligned for any type, which may outlive the process.
 * Zeros are a new table; a table left by a killed process continues with its counts, without
 * damaged entries. seed: random, so that names with colliding hashes cannot be chosen.
 */
size_t aggregate_size(void);
struct aggregate *aggregate_attach(void *memory, uint64_t seed);

/* Adds event->count events. 0, or -ENOSPC: the table is full and nothing was counted. */
int aggregate_add(struct aggregate *aggregate, const struct event *event)
	__attribute__((warn_unused_result));

/*
 * The next record that is due and may be written now; false if there is none. Its times, client
 * port and interface are those of the first event that it counts. uptime_ms must never go back.
 */
bool aggregate_next(struct aggregate *aggregate, int64_t uptime_ms, struct event *record);

/*
 * The same without waiting for time or token, for the records of one state, or of all if state is
 * NULL. *position: 0 at the start.
 */
bool aggregate_drain(struct aggregate *aggregate, uint32_t *position, const uint32_t *state,
		     struct event *record);
