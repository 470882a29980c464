/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"

/*
 * The counters of the journal: a hash table in memory that outlives the process. A counter counts
 * events with equal keys. It takes one cell, and one or two more if the name is long.
 *
 * Keys have levels. Each is coarser than the one before.
 */
enum counters_level {
	LEVEL_DETAIL,	/* everything but times, client port and interface */
	LEVEL_CLIENT,	/* client, rule, verdict, channel, direction */
	LEVEL_NETWORK,	/* the same of the client's network: /24 of IPv4, /64 of IPv6 */
	LEVEL_FAMILY,	/* the same of all clients with IPv4 or IPv6 addresses */
	/* Family, verdict, channel, direction: at most 512 keys, so these always have a place. */
	LEVEL_REST,
	LEVEL_COUNT
};

/* Without padding: keys are hashed and compared as bytes. */
struct counters_key {
	struct addr client;	/* network bits only, from LEVEL_NETWORK on */
	struct addr resolver;
	struct addr address;
	uint32_t state;
	uint32_t rule;
	uint16_t port;
	uint16_t qtype;
	uint8_t protocol;
	uint8_t channel;
	uint8_t action;
	uint8_t intended;
	uint8_t flags;
	uint8_t level;
	uint8_t mac[6];
	uint8_t labels;
	uint8_t name_length;
	uint8_t zero[2];
};

enum {
	CELLS = 16384,
	CELL_NAME = 28,		/* bytes of the name in the first cell */
	CELL_TEXT = 157,	/* in each further one */
	CELL_BUCKETS = 16384
};

struct cell {
	uint16_t more;		/* the cell with the rest of the name, or the next free one */
	uint8_t use;		/* of the memory: may hold any value after a crash */
	uint8_t waiting;	/* due, for a record; otherwise in its window */
	uint8_t written;	/* a record was written: the next one is the last */
	uint8_t unused;
	uint16_t chain;		/* next in the bucket */
	uint32_t hash;
	uint32_t interface;	/* of the first event, as are port and times */
	uint32_t span_ms;	/* to the last event */
	uint16_t client_port;
	uint16_t unused2;
	uint64_t count;		/* events without a record */
	int64_t wall_ms;
	int64_t uptime_ms;
	int64_t since_ms;	/* when it became due, or its window began */
	struct counters_key key;
	uint8_t name[CELL_NAME];
};

struct counters {
	uint64_t seed;
	uint32_t touched;	/* cells that were ever used: this many, from the first */
	uint32_t available;
	uint16_t free;
	uint16_t bucket[CELL_BUCKETS];
	struct cell cell[CELLS];
};

/*
 * Takes over the memory of another process, zeros included. Counters with damage are dropped;
 * returns their number. seed: random, so that keys with equal hashes cannot be chosen.
 */
uint64_t counters_attach(struct counters *counters, uint64_t seed);

/* Is this number that of a counter? */
bool counters_used(const struct counters *counters, uint16_t index);

/* How many cells a counter of this event takes. */
unsigned int counters_needed(const struct event *event);

/* The key of the finest level. */
void counters_key(struct counters_key *key, const struct event *event);
/* The key of LEVEL_NETWORK. */
void counters_network_key(struct counters_key *key, const struct event *event);

/* The counter with this key, or QUEUE_NONE. name has key->name_length bytes. *hash is set. */
uint16_t counters_find(const struct counters *counters, const struct counters_key *key,
		       const uint8_t *name, uint32_t *hash);

/* A new counter, which counts nothing yet. At least counters_needed cells are available. */
uint16_t counters_insert(struct counters *counters, const struct counters_key *key,
			 const uint8_t *name, uint32_t hash);

/* Frees a counter's cells. */
void counters_remove(struct counters *counters, uint16_t index);

/* Counts an event, up to UINT64_MAX. */
void counters_count(struct cell *cell, const struct event *event);

/*
 * Takes a counter below LEVEL_REST to the next level. True: another one had that key, counts for
 * both now, and index is free.
 */
bool counters_widen(struct counters *counters, uint16_t index);

/* The counter as an event; its count is zero afterwards. */
void counters_take(struct counters *counters, uint16_t index, struct event *event);

/* How many bits of the client's address count (rules/policy/addr.h); 128: a single client. */
uint8_t counters_prefix(const struct counters_key *key);
