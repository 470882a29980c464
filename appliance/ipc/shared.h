/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "appliance/ipc/ring.h"

/*
 * Memory that the parent makes once for each DNS worker and hands to the dns role (writes) and the
 * journal (reads the ring); the parent reads the counters. Counters never go back: not when a role
 * dies, not when the policy changes.
 */
struct dns_counters {
	_Atomic uint64_t queries;	/* messages that asked something */
	_Atomic uint64_t blocked;
	_Atomic uint64_t monitored;
	_Atomic uint64_t forwarded;	/* queries sent to an upstream at least once */
	_Atomic uint64_t answered;	/* of those, answers delivered */
	_Atomic uint64_t failed;	/* of those, given up: SERVFAIL */
	_Atomic uint64_t dropped;	/* malformed beyond an answer, or no room for one more */
	_Atomic uint64_t tcp;		/* queries that came over TCP */
	_Atomic uint64_t pinholes;	/* opened */
	_Atomic uint64_t looped;	/* queries of our own that came back */
	_Atomic uint64_t rebound;	/* answers not delivered for a private address in them */
};

struct worker_shared {
	struct dns_counters counters;
	struct ring ring;
};

static inline void counter_add(_Atomic uint64_t *counter, uint64_t value)
{
	/* One writer each: a plain load and store is enough, and costs no locked instruction. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + value,
			      memory_order_relaxed);
}
static inline uint64_t counter_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}
