/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A message that clients can cause as often as they like: said at once, then once a minute with how
 * often it came meanwhile. Zeros are a new one. */
enum { REPEATS_MS = 60 * 1000 };

struct repeats {
	bool said;
	int64_t said_at;	/* uptime in ms */
	uint64_t kept_back;	/* since then */
};

/* It happens: is it said now? *more: how often it was kept back since it was said last. */
bool repeats_say(struct repeats *repeats, int64_t now, uint64_t *more);
