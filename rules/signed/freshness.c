/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/freshness.h"

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void freshness_init(struct freshness *freshness, int64_t build, int64_t kept, int64_t uptime_ms)
{
	*freshness = (struct freshness){ .floor = later(build, kept), .floor_ms = uptime_ms };
}

int64_t freshness_floor(const struct freshness *freshness, int64_t uptime_ms)
{
	return freshness->floor + (uptime_ms - freshness->floor_ms) / 1000;
}

void freshness_learn(struct freshness *freshness, int64_t signed_at, int64_t uptime_ms)
{
	if (signed_at > freshness_floor(freshness, uptime_ms))
		*freshness = (struct freshness){ .floor = signed_at, .floor_ms = uptime_ms };
}

int64_t freshness_now(const struct freshness *freshness, int64_t wall, int64_t uptime_ms,
		      bool *behind)
{
	int64_t floor = freshness_floor(freshness, uptime_ms);

	*behind = wall < floor;
	return *behind ? floor : wall;
}

const char *freshness_print(enum freshness_state state)
{
	static const char *const words[] = { "none", "fresh", "stale", "refused" };

	return words[state];
}

enum freshness_state freshness_judge(int64_t now, int64_t signed_at, int64_t expires,
				     uint64_t stale_after)
{
	if (expires == 0)
		return FRESHNESS_NONE;
	if (now >= expires)
		return FRESHNESS_REFUSED;
	return signed_at != 0 && now - signed_at < (int64_t)stale_after ? FRESHNESS_FRESH
									: FRESHNESS_STALE;
}
