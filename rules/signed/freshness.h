/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Time without a clock that can be trusted. The floor is the later of the build time and the newest
 * verified x-cordon-signed-at, plus the uptime that has passed since; the local clock never raises
 * it. Time is the local clock when that is not below the floor, else the floor: a box that wakes in
 * 1970 goes on from the floor, a clock that runs ahead refuses until it is set right, and neither
 * leaves anything behind.
 */
struct freshness {
	int64_t floor;		/* seconds since 1970, at uptime floor_ms */
	int64_t floor_ms;	/* clock_uptime_ms then */
};

/* kept: the floor that an earlier run kept, 0 for none. */
void freshness_init(struct freshness *freshness, int64_t build, int64_t kept, int64_t uptime_ms);
/* A verified x-cordon-signed-at. */
void freshness_learn(struct freshness *freshness, int64_t signed_at, int64_t uptime_ms);
int64_t freshness_floor(const struct freshness *freshness, int64_t uptime_ms);
/* *behind: the local clock is below the floor and was not used. */
int64_t freshness_now(const struct freshness *freshness, int64_t wall, int64_t uptime_ms,
		      bool *behind);

/*
 * fresh	signed less than stale_after ago, and not expired
 * stale	older than that, not expired: enforced, and somebody should look
 * refused	expired: the same offer would not be taken any more; enforced still
 */
enum freshness_state { FRESHNESS_NONE, FRESHNESS_FRESH, FRESHNESS_STALE, FRESHNESS_REFUSED };
const char *freshness_print(enum freshness_state state);
enum freshness_state freshness_judge(int64_t now, int64_t signed_at, int64_t expires,
				     uint64_t stale_after);
