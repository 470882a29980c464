/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"

/*
 * Who was there: of innocent traffic a client is noted once per slot, a time that the caller
 * counts, with how often it was seen since it was noted last. Pure, in fixed memory.
 *
 * Notes are limited, so that forged sources displace no evidence: SEEN_MOST per slot, of which the
 * networks (an IPv4 /24, an IPv6 /64) of one of SEEN_GROUPS groups have SEEN_SHARE. Clients beyond
 * that are not noted in this slot.
 */
enum {
	SEEN_SETS = 1024,
	SEEN_WAYS = 4,		/* clients of a set; 32 bytes each: 128 KB */
	SEEN_GROUPS = 256,
	SEEN_MOST = 8192,
	SEEN_SHARE = 512
};

struct seen;

/* memory: seen_size() zeroed bytes, aligned for any type; the caller's. seed: random. */
size_t seen_size(void);
struct seen *seen_init(void *memory, uint64_t seed);

/*
 * Counts events of a client. kind: by which channel, up to 255. True: note it now; *count: the
 * events since it was noted last, these included (at least: a client may be forgotten meanwhile).
 */
bool seen_add(struct seen *seen, const struct addr *client, uint8_t kind, uint32_t slot,
	      uint64_t events, uint64_t *count);
