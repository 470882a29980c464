/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/journal/counters.h"
#include "appliance/journal/queue.h"

/*
 * Which counter gets the next record, and which one has to give up its place. Counters wait at the
 * account of their client, network or family: the tree is the root, its networks, their clients.
 *
 * Records: light and heavy networks take turns, and each kind among themselves. In a network its
 * clients do the same. A client's coarse counters come before its detailed ones, oldest first. So a
 * client that asks rarely waits for two records of each other such client at most, whatever the
 * heavy ones have waiting.
 *
 * Places: the heaviest network gives one up, in it the heaviest client, its newest counter first.
 * If none is heavy, the one gives up that began to wait last.
 *
 * Accounts of clients: a network that has as many as are free gets no more. So one network leaves
 * half of them to the others, two leave a third.
 */
enum {
	SHARES_NETWORKS = 2048,		/* with the root */
	SHARES_ACCOUNTS = 10240,		/* with networks */
	SHARES_RANKS = 12,		/* by the binary logarithm of what waits */
	SHARES_HEAVY = 16,		/* fewer waiting counters are light */
	SHARES_BUCKETS = 8192
};

struct shares_account {
	struct addr addr;
	uint16_t chain;		/* next in the bucket, or the next free one */
	uint16_t parent;
	struct queue fine;	/* of its own: counters, by level */
	struct queue coarse;
	uint16_t own;		/* counters that can become coarser */
	uint16_t waiting;	/* counters of its own and of all accounts below */
	uint8_t prefix;		/* bits of addr */
	uint8_t rank;
};

/* The accounts below a network or the root. */
struct shares_family {
	struct queue rank[SHARES_RANKS];	/* the last that came is the tail */
	struct queue turn[2];		/* light ones, heavy ones */
	uint16_t clients;		/* accounts, of a network */
	uint8_t next;			/* 0, 1: whose turn it is; 2: counters of its own */
};

struct shares {
	uint64_t seed;
	uint16_t free_network;
	uint16_t free_client;
	uint16_t clients_left;
	uint16_t bucket[SHARES_BUCKETS];
	struct shares_account account[SHARES_ACCOUNTS];
	struct shares_family family[SHARES_NETWORKS];
	struct queue_link by_rank[SHARES_ACCOUNTS];
	struct queue_link by_turn[SHARES_ACCOUNTS];
	uint16_t owner[CELLS];
	uint8_t is_coarse[CELLS];
	struct queue_link link[CELLS];	/* free for others' use while a counter does not wait */
};

/* Nothing waits. seed: random. */
void shares_init(struct shares *shares, uint64_t seed);

/* A counter begins to wait. False: there are too many accounts; a coarser counter may fit. */
bool shares_put(struct shares *shares, uint16_t counter, const struct counters_key *key)
	__attribute__((warn_unused_result));

/* A counter waits no longer. */
void shares_remove(struct shares *shares, uint16_t counter);

/* ... because it had its turn: its client and network go to the end. */
void shares_serve(struct shares *shares, uint16_t counter);

/* How many counters wait. */
uint16_t shares_waiting(const struct shares *shares);

/* The counter whose turn it is; QUEUE_NONE: none waits. */
uint16_t shares_next(const struct shares *shares);

/* The oldest detailed counter that waits at the same account, or QUEUE_NONE. */
uint16_t shares_oldest(const struct shares *shares, uint16_t counter);

/* The counter that has to become coarser, or QUEUE_NONE. */
uint16_t shares_heaviest(const struct shares *shares);
