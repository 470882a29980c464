/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"
#include "rules/policy/addr.h"

/*
 * The fallback fingerprint: when downloads.upd.kaspersky.com cannot be resolved, the vendor's
 * products turn to five foreign resolvers in a documented order (the source stands with them at the
 * head of rules/lists/resolvers.rules). One client that asks a vendor's name of two or more of them
 * in this order, within FALLBACK_WINDOW_MS, has such a product.
 *
 * Events in, the finding out; the caller has the clock. The memory is fixed. Clients share it:
 * those of one /24 or IPv6 /64 have at most FALLBACK_SPREAD times FALLBACK_WAYS places, and a
 * network that has more than the others of a set loses its own. So forged sources of one network
 * hide no client elsewhere. Sources forged in thousands of networks at once do; the gateway drops
 * those whose route back does not leave by a LAN interface.
 */
enum {
	FALLBACK_RESOLVERS = 5,
	/* The documents say no time; stub resolvers give up after 5 s (resolv.conf(5)), so four
	 * steps take 20 s, and a busy host three times as long. */
	FALLBACK_WINDOW_MS = 60 * 1000,
	FALLBACK_AGAIN_MS = 60 * 60 * 1000,	/* said once per client in this time */
	FALLBACK_WAYS = 8,
	FALLBACK_SPREAD = 8,			/* sets of one network: 64 clients at once */
	FALLBACK_SETS = 512			/* with 8 ways of 40 bytes: 160 KB */
};

/*
 * The event that the journal makes of a finding has the channel CHANNEL_FINGERPRINT and this rule,
 * which is in no list: confidence high, category update, since what the product looks for is its
 * updates. Client, name and resolver are those of the query that completes the sequence.
 */
#define FALLBACK_RULE "cordon:fingerprint:fallback"
#define FALLBACK_EVIDENCE "https://support.kaspersky.com/KESWin/11.6.0/de-DE/202507.htm ; " \
	"https://support.kaspersky.com/help/KSK/Win23.0/pt-PT/237222.htm"

struct fallback;

/* memory: fallback_size() zeroed bytes, aligned for any type; the caller's. seed: random. */
size_t fallback_size(void);
struct fallback *fallback_init(void *memory, uint64_t seed);

/* The place of a resolver in the documented order, from 0; -1: it is none of them. */
int fallback_place(const struct addr *resolver);

/*
 * Takes one event. vendor: the name that was asked for is the vendor's, which the caller knows from
 * the rule. True: the event completes the sequence for its client, and an hour has passed since the
 * last time. uptime_ms of events of one client must not go back by more than the window.
 */
bool fallback_event(struct fallback *fallback, const struct event *event, bool vendor);
