/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"

/*
 * Events in, records out: a pure function of what it was given and of the time that it was told.
 *
 * The first event of its kind becomes a record at once; equal ones of the next minute only count,
 * and one record with their number follows when the minute is over. Equal are events of the same
 * state, client, rule, name, address, port, resolver, query type, protocol, channel and action. The
 * sum of the counts of all records is the number of events, less those that aggregate_add refused.
 *
 * Records go out no faster than a budget of tokens allows. What finds none waits in the table, and
 * goes on counting there.
 */
enum {
	/* Equal events are counted for this long before their number is written. */
	AGGREGATE_WINDOW_MS = 60 * 1000,
	/*
	 * Records a second: about 80 KB, which cheap flash takes for years (2.5 TB a year when a
	 * whole network does nothing else), and which a reader can still follow.
	 */
	AGGREGATE_RATE = 200,
	/* Records at once: a building that is switched on in the morning shows up without delay. */
	AGGREGATE_BURST = 2000,
	/*
	 * Kinds of events at a time: what the rate lets out in one window, and a quarter more. One
	 * allocation of 5.7 MB, of which only the part that was ever used is resident.
	 */
	AGGREGATE_ENTRIES = 15000
};

struct aggregate;

/*
 * The table lives in memory of the caller's, aligned for any type, which may outlive the process:
 * zeros for a new table, or what one that was killed left there, whose counts then go on. What is
 * damaged is left out. seed: random, so that nobody picks names that collide.
 */
size_t aggregate_size(void);
struct aggregate *aggregate_attach(void *memory, uint64_t seed);

/* Adds event->count events. -ENOSPC when the table is full: nothing was counted. */
int aggregate_add(struct aggregate *aggregate, const struct event *event)
	__attribute__((warn_unused_result));

/*
 * The next record that is due and may be written now, false when there is none. Its times, client
 * port and interface are those of the first event that it counts. uptime_ms never goes back.
 */
bool aggregate_next(struct aggregate *aggregate, int64_t uptime_ms, struct event *record);

/*
 * The same without waiting for time or token, for those of one state, or of any when state is NULL.
 * *position: 0 to begin with.
 */
bool aggregate_drain(struct aggregate *aggregate, uint32_t *position, const uint32_t *state,
		     struct event *record);
