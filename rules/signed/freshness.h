/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/clock.h"
#include "rules/signed/metadata.h"

/*
 * The time on an appliance whose clock may be wrong and whose publisher's online key may be stolen.
 *
 * There is a floor: the time is not before it. It has two parts, and both advance with the uptime.
 *
 * The people's floor begins at the build. Nothing lowers it.
 *  - A release raises it to "published", because people signed that.
 *  - People may sign a time to come (cordon repo add --start), so "published" counts only once it
 *    is past: by the NTP clock or, without one, by a timestamp that claims to be signed after that
 *    time. So a stolen online key can bring forward a start that people signed, but nothing else.
 *  - Other times that people sign say when something ends. They raise nothing.
 *
 * The online floor is what the timestamp's key claims beyond that (x-cordon-signed-at).
 *  - With an NTP clock, it raises the floor up to that clock.
 *  - Without one, it raises the floor at most a day beyond what is known otherwise. Further
 *    rises share that day until a day of uptime has passed since the last one, or until people's
 *    floor has caught up: many timestamps in a row move it no further than one does.
 *  - When the key that raised it last is withdrawn from the role, the online floor is dropped, and
 *    the time follows the people's floor again.
 *
 * The NTP clock is the local clock while the kernel says that a time service keeps it right. From
 * then on, until the daemon ends, it is the last reading of that clock plus the uptime since. It
 * raises neither floor by itself: NTP is not signed.
 *
 * Now is the first of these:
 *  - the NTP clock, unless it is behind the people's floor; the online floor never overrules it;
 *  - the local clock, unless it is behind the floor;
 *  - the floor.
 *
 * A floor that is too low refuses nothing: what has expired meanwhile passes as valid, but its
 * version still protects it against rollback. So an appliance that was off for 80 days and wakes in
 * 1970 accepts the newest release. It starts at the time of that release's publication plus at most
 * a day. Then it catches up by NTP, or by a day for each day that it runs.
 *
 *	purpose					clock
 *	expiry of metadata and offers		now
 *	delays of rings				now
 *	certificates of mirrors, collector	now; "not yet valid" passes on a floor
 *	ends of modes and of disarm		now; they move when another clock counts
 *	receipts, history, status of updates	now
 *	block log, messages of the daemon	the local clock as it is, beside boot id and uptime
 *	intervals, patience, this file's days	uptime
 */
struct freshness {
	int64_t people;			/* seconds since 1970 */
	int64_t online;			/* 0: nothing */
	int64_t at_ms;			/* the uptime at which both were so */
	int64_t risen;			/* seconds of the day that are used up */
	int64_t risen_ms;		/* uptime of the last rise; may be negative */
	char key[METADATA_KEYID];	/* that raised online last; "": none */
	int64_t ntp, ntp_ms;		/* last reading of the NTP clock, and its uptime; 0: none */
};

/* What was verified; each member is 0, or NULL, if it was not. */
struct freshness_claim {
	int64_t published;
	int64_t signed_at;
	const char *key;		/* whose signed_at is */
};

/*
 * kept: from freshness_json in an earlier run; NULL: none. Invalid times in it are ignored. So is a
 * floor without "online", written by an older version: the online key may have raised it freely.
 */
void freshness_init(struct freshness *freshness, int64_t build, const json_t *kept,
		    int64_t uptime_ms);
/* The members "floor" (the people's) and "online"; a new reference, or NULL when out of memory. */
json_t *freshness_json(const struct freshness *freshness, int64_t uptime_ms);

/*
 * Records the NTP clock, if there is one. Call it now and then: the last reading is what counts
 * when NTP is lost.
 */
void freshness_see(struct freshness *freshness, const struct clock_reading *reading);
/* True when it raised a floor. */
bool freshness_learn(struct freshness *freshness, const struct freshness_claim *claim,
		     const struct clock_reading *reading);
/* The key that raised the online floor was withdrawn. */
void freshness_withdraw(struct freshness *freshness);

/* The floor, and the people's part of it, in seconds since 1970. */
int64_t freshness_floor(const struct freshness *freshness, int64_t uptime_ms);
int64_t freshness_people(const struct freshness *freshness, int64_t uptime_ms);
/* The floor moves with the uptime, the wall clock is corrected in small steps: it is not wrong when
 * it is this much behind. */
enum { FRESHNESS_JITTER_S = 5 };

/* *behind: the clock that should count is below the floor by more than that. Never returns a time
 * below the floor. */
int64_t freshness_now(const struct freshness *freshness, const struct clock_reading *reading,
		      bool *behind);
/* Does the time come from an NTP clock? */
bool freshness_by_ntp(const struct freshness *freshness, const struct clock_reading *reading);

/*
 * fresh	signed less than stale_after ago, and not expired
 * stale	older than that, not expired: enforced, but people should look into it
 * refused	expired: the same offer would not be accepted any more; still enforced
 * ahead	signed later than now, by more than clocks differ: either the time here
 *		is wrong, or the key that signed it was stolen; still enforced
 */
enum freshness_state { FRESHNESS_NONE, FRESHNESS_FRESH, FRESHNESS_STALE, FRESHNESS_REFUSED,
		       FRESHNESS_AHEAD };
const char *freshness_print(enum freshness_state state);
enum freshness_state freshness_judge(int64_t now, int64_t signed_at, int64_t expires,
				     uint64_t stale_after);
