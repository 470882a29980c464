/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/freshness.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400, SLACK = 300 };

static const int64_t last_time = INT64_C(253402300799);	/* 9999-12-31: what metadata can say */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- kept between runs ---- */

static int64_t time_member(const json_t *object, const char *name)
{
	int64_t value = json_integer_value(json_object_get(object, name));

	return value > 0 && value <= last_time ? value : 0;
}

static void restore_online(struct freshness *freshness, const json_t *online)
{
	const char *key = json_string_value(json_object_get(online, "key"));
	int64_t rested = earlier(time_member(online, "rested"), DAY);

	freshness->online = time_member(online, "floor");
	freshness->risen = earlier(time_member(online, "risen"), DAY);
	freshness->risen_ms = freshness->at_ms - rested * 1000;
	if (key && strlen(key) < sizeof(freshness->key))
		strcpy(freshness->key, key);
}

void freshness_init(struct freshness *freshness, int64_t build, const json_t *kept,
		    int64_t uptime_ms)
{
	const json_t *online = json_object_get(kept, "online");

	*freshness = (struct freshness){ .people = build, .at_ms = uptime_ms,
					 .risen_ms = uptime_ms };
	if (!online)
		return;
	freshness->people = later(build, time_member(kept, "floor"));
	restore_online(freshness, online);
}

json_t *freshness_json(const struct freshness *freshness, int64_t uptime_ms)
{
	int64_t passed = (uptime_ms - freshness->at_ms) / 1000;
	int64_t online = freshness->online ? freshness->online + passed : 0;

	return json_pack("{s:I, s:{s:I, s:I, s:I, s:s}}", "floor",
			 (json_int_t)freshness_people(freshness, uptime_ms), "online", "floor",
			 (json_int_t)online, "risen", (json_int_t)freshness->risen, "rested",
			 (json_int_t)((uptime_ms - freshness->risen_ms) / 1000), "key",
			 freshness->key);
}

/* ---- the clock of NTP ---- */

void freshness_see(struct freshness *freshness, const struct clock_reading *reading)
{
	if (!reading->synchronized)
		return;
	freshness->ntp = reading->wall;
	freshness->ntp_ms = reading->uptime_ms;
}

bool freshness_by_ntp(const struct freshness *freshness, const struct clock_reading *reading)
{
	return reading->synchronized || freshness->ntp;
}

static int64_t ntp_now(const struct freshness *freshness, const struct clock_reading *reading)
{
	int64_t passed = (reading->uptime_ms - freshness->ntp_ms) / 1000;

	return reading->synchronized ? reading->wall : freshness->ntp + passed;
}

/* ---- the floor ---- */

int64_t freshness_people(const struct freshness *freshness, int64_t uptime_ms)
{
	return freshness->people + (uptime_ms - freshness->at_ms) / 1000;
}

int64_t freshness_floor(const struct freshness *freshness, int64_t uptime_ms)
{
	return later(freshness->people, freshness->online) + (uptime_ms - freshness->at_ms) / 1000;
}

static void pass(struct freshness *freshness, int64_t uptime_ms)
{
	int64_t passed = (uptime_ms - freshness->at_ms) / 1000;

	freshness->people += passed;
	if (freshness->online)
		freshness->online += passed;
	freshness->at_ms += passed * 1000;
}

/* Is it past, by a witness other than its signers? */
static bool is_past(const struct freshness *freshness, const struct freshness_claim *claim,
		    const struct clock_reading *reading)
{
	return freshness_by_ntp(freshness, reading)
		       ? claim->published <= ntp_now(freshness, reading)
		       : claim->published <= claim->signed_at;
}

/* How far the online key may raise the floor now. */
static int64_t bound(struct freshness *freshness, const struct clock_reading *reading)
{
	if (freshness_by_ntp(freshness, reading))
		return ntp_now(freshness, reading);
	if (freshness->people >= freshness->online ||
	    reading->uptime_ms - freshness->risen_ms >= DAY * INT64_C(1000))
		freshness->risen = 0;
	return later(freshness->people, freshness->online) + DAY - freshness->risen;
}

static bool raise_online(struct freshness *freshness, const struct freshness_claim *claim,
			 const struct clock_reading *reading)
{
	int64_t before = later(freshness->people, freshness->online);
	int64_t claimed = earlier(claim->signed_at, bound(freshness, reading));

	if (claimed <= before)
		return false;
	if (!freshness_by_ntp(freshness, reading)) {
		freshness->risen += claimed - before;
		freshness->risen_ms = reading->uptime_ms;
	}
	freshness->online = claimed;
	snprintf(freshness->key, sizeof(freshness->key), "%s", claim->key ? claim->key : "");
	return true;
}

bool freshness_learn(struct freshness *freshness, const struct freshness_claim *claim,
		     const struct clock_reading *reading)
{
	bool raised = false;

	freshness_see(freshness, reading);
	pass(freshness, reading->uptime_ms);
	if (claim->published > freshness->people && is_past(freshness, claim, reading)) {
		freshness->people = claim->published;
		raised = true;
	}
	return raise_online(freshness, claim, reading) || raised;
}

void freshness_withdraw(struct freshness *freshness)
{
	freshness->online = 0;
	freshness->key[0] = '\0';
}

int64_t freshness_now(const struct freshness *freshness, const struct clock_reading *reading,
		      bool *behind)
{
	bool by_ntp = freshness_by_ntp(freshness, reading);
	int64_t clock = by_ntp ? ntp_now(freshness, reading) : reading->wall;
	int64_t floor = by_ntp ? freshness_people(freshness, reading->uptime_ms)
			       : freshness_floor(freshness, reading->uptime_ms);

	*behind = clock < floor - FRESHNESS_JITTER_S;
	return clock < floor ? floor : clock;
}

/* ---- what became of the newest timestamp ---- */

const char *freshness_print(enum freshness_state state)
{
	static const char *const words[] = { "none", "fresh", "stale", "refused", "ahead" };

	return words[state];
}

enum freshness_state freshness_judge(int64_t now, int64_t signed_at, int64_t expires,
				     uint64_t stale_after)
{
	if (expires == 0)
		return FRESHNESS_NONE;
	if (now >= expires)
		return FRESHNESS_REFUSED;
	if (signed_at > now + SLACK)
		return FRESHNESS_AHEAD;
	return signed_at != 0 && now - signed_at < (int64_t)stale_after ? FRESHNESS_FRESH
									: FRESHNESS_STALE;
}
