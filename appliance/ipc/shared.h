/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "appliance/ipc/ring.h"

/*
 * Memory that the parent makes once per DNS worker. The dns role writes it, the journal reads the
 * ring, and the parent reads the counters. Counters never go back, even if a role dies or the
 * policy changes.
 */
struct dns_counters {
	_Atomic uint64_t queries;	/* messages that asked something */
	_Atomic uint64_t blocked;
	_Atomic uint64_t monitored;
	_Atomic uint64_t forwarded;	/* queries sent to an upstream at least once */
	_Atomic uint64_t answered;	/* of those, answers delivered */
	_Atomic uint64_t failed;	/* of those, given up: SERVFAIL */
	_Atomic uint64_t dropped;	/* too malformed to answer, or no room for one more */
	_Atomic uint64_t tcp;		/* queries that came over TCP */
	_Atomic uint64_t pinholes;	/* opened */
	_Atomic uint64_t looped;	/* our own queries that came back */
	_Atomic uint64_t rebound;	/* answers withheld because of a private address in them */
};

struct worker_shared {
	struct dns_counters counters;
	struct ring ring;
};

/* Only the writer of a counter may add to it; any process may read it. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t value)
{
	/*
	 * Each counter has one writer: a plain load and store suffices, and needs no locked
	 * instruction.
	 */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + value,
			      memory_order_relaxed);
}
/* Its value, perhaps a moment old. */
static inline uint64_t counter_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}
