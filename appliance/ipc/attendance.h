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
 * Notes are limited, so that forged sources displace no evidence: ATTENDANCE_MOST per slot, of
 * which the networks (an IPv4 /24, an IPv6 /64) of one of ATTENDANCE_GROUPS groups have
 * ATTENDANCE_SHARE. Clients beyond that are not noted in this slot.
 */
enum {
	ATTENDANCE_SETS = 1024,
	ATTENDANCE_WAYS = 4,		/* clients of a set; 32 bytes each: 128 KB */
	ATTENDANCE_GROUPS = 256,
	ATTENDANCE_MOST = 8192,
	ATTENDANCE_SHARE = 512
};

struct attendance;

/* memory: attendance_size() zeroed bytes, aligned for any type; the caller's. seed: random. */
size_t attendance_size(void);
struct attendance *attendance_init(void *memory, uint64_t seed);

/*
 * Counts events of a client. kind: by which channel, up to 255. True: note it now; *count: the
 * events since it was noted last, these included (at least: a client may be forgotten meanwhile).
 */
bool attendance_add(struct attendance *attendance, const struct addr *client, uint8_t kind,
		    uint32_t slot, uint64_t events, uint64_t *count);
