/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A message that clients can trigger as often as they like: printed at once, then once a minute
 * with the number of repetitions. A new one is all zeros. */
enum { REPEATS_MS = 60 * 1000 };

struct repeats {
	bool said;
	int64_t said_at;	/* uptime in ms */
	uint64_t kept_back;	/* since then */
};

/* It happened: print it now? *more: how often it was held back since the last time. */
bool repeats_say(struct repeats *repeats, int64_t now, uint64_t *more);
