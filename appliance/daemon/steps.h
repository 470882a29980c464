/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Sees when wall time was set: it moved by more than time that passed. Slow corrections, as NTP
 * makes them, are no steps. Zeros are a new one. */
enum { STEPS_LEAST_MS = 1000 };

struct steps {
	bool known;
	int64_t offset_ms;	/* of wall time and uptime at the last call */
	int64_t wall_ms;	/* what it would be now without the step; set with one */
};
/* True: it was set, by *step_ms. Call it once a second or more often. */
bool steps_see(struct steps *steps, int64_t wall_ms, int64_t uptime_ms, int64_t *step_ms);

/* The level of a disk that is full to this percentage: 0, 75 or 90. It falls 3 below its limit, so
 * that one that is about there is not told again and again. */
unsigned int steps_level(unsigned int level, unsigned int percent);
