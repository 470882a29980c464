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
 * state, client, link address, rule, name, address, port, resolver, query type, protocol, channel,
 * direction and action are.
 *
 * No event is refused, and the counts of all records add up to the number of events. What is
 * limited is detail. If the table is full, or if records wait longer than a minute because the
 * write budget is spent, counters become coarser, step by step:
 *
 *	client and rule		without name, address, resolver, ports, query type, protocol and
 *				link address
 *	network and rule	the /24 of IPv4, the /64 of IPv6
 *	family and rule		all of IPv4 or IPv6
 *	family			without state and rule
 *
 * Each step keeps channel, direction and action. It first takes from the network, and in it from
 * the client, that has most counters waiting (shares.h). So a flood of names costs the flooder its
 * names, and forged addresses cost their network its addresses.
 */
enum {
	/* Equal events are counted for this long before their number is written. */
	AGGREGATE_WINDOW_MS = 60 * 1000,
	/* Details that waited for a record this long become coarser; then clients, too. */
	AGGREGATE_WAIT_MS = 60 * 1000,
	AGGREGATE_WAIT_LONG_MS = 5 * 60 * 1000,
	/* Bytes that the budget is charged per record: what a closed day needs on disk. */
	AGGREGATE_RECORD = 50,
	/*
	 * Records at once after a quiet time: a building that is switched on in the morning shows
	 * up without delay and with all details.
	 */
	AGGREGATE_BURST = 50 * 1000
};

/* Bytes per day, unless the caller sets another budget: 62 records a second. */
#define AGGREGATE_BUDGET ((uint64_t)256 << 20)

struct aggregate;

/*
 * The table lives in the caller's memory of aggregate_size() bytes (3.2 MB; only what was ever used
 * is resident), aligned for any type, which may outlive the process. Zeros are a new table. A table
 * left by a killed process goes on with its counts and its budget. Damaged counters are dropped;
 * *lost is their number. Only the event in work when the process was killed may be missing or
 * counted twice.
 *
 * seed: random, so that names with colliding hashes cannot be chosen. budget: bytes of records per
 * day, after a burst of AGGREGATE_BURST records; 10 GB at most count.
 */
size_t aggregate_size(void);
struct aggregate *aggregate_attach(void *memory, uint64_t seed, uint64_t budget, uint64_t *lost);

/* Adds event->count events. */
void aggregate_add(struct aggregate *aggregate, const struct event *event);
/* The same of clients of which no more than their network may be stored: from the first event on
 * with network and rule alone. */
void aggregate_add_coarse(struct aggregate *aggregate, const struct event *event);

struct aggregate_record {
	/* Times, client port and interface are those of the first event that it counts. */
	struct event event;
	int64_t span_ms;	/* from the first of its events to the last */
	bool coarse;		/* some details are missing: zero, or POLICY_NO_RULE */
	/*
	 * How many bits at the end of the client's address are zero for any value: 0 one client, 8
	 * a /24 of IPv4, 64 a /64 of IPv6, 32 or 128 all of the family.
	 */
	uint8_t host_bits;
};

/*
 * The next record that is due and within the budget; false if there is none. uptime_ms must never
 * go back.
 */
bool aggregate_next(struct aggregate *aggregate, int64_t uptime_ms,
		    struct aggregate_record *record);

/* Records wait, and the budget has none left for them: details are about to become coarser. */
bool aggregate_is_spent(const struct aggregate *aggregate);

/*
 * The same without waiting for time or budget, for the records of one state, or of all if state is
 * NULL. *position: 0 at the start.
 */
bool aggregate_drain(struct aggregate *aggregate, uint32_t *position, const uint32_t *state,
		     struct aggregate_record *record);
