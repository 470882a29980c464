/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/clock.h"
#include "rules/signed/metadata.h"

/*
 * Time on an appliance whose clock may be wrong, and whose publisher's online key may be stolen.
 *
 * There is a floor: time is not before it. It has two parts, and both go on with the uptime.
 *
 * The people's floor begins at the build. Nothing takes it back.
 *  - A release raises it to "published", because people signed that.
 *  - People may sign a time to come (cordon repo add --start), so "published" counts only once it
 *    is past: by the clock of NTP; without one, by a timestamp that says it was signed after that
 *    time. A stolen online key can so bring forward a start that people signed, and nothing else.
 *  - Other times that people sign say when something ends. They raise nothing.
 *
 * The online floor is what the timestamp's key says beyond that (x-cordon-signed-at).
 *  - With a clock of NTP, it raises the floor up to that clock.
 *  - Without one, it raises the floor by a day at most beyond what is known otherwise. Further
 *    rises share that day until a day of uptime has passed since the last one, or until people's
 *    floor has caught up: many timestamps in a row move it no further than one does.
 *  - When the key that raised it last is withdrawn from the role, the online floor is gone, and
 *    time goes by the people's floor again.
 *
 * The clock of NTP is the local clock while the kernel says that a time service keeps it right, and
 * from then on, until the daemon ends, what that clock said last and the uptime since. It raises
 * neither floor by itself: NTP is not signed.
 *
 * Now is, in this order:
 *  - the clock of NTP, unless it is behind the people's floor; the online floor never overrules it;
 *  - the local clock, unless it is behind the floor;
 *  - the floor.
 *
 * A floor that is too low refuses nothing: what has expired meanwhile passes as valid, and is still
 * held against rollback by its version. So an appliance that was off for 80 days and wakes in 1970
 * takes the newest release, begins at the time of its publication and one day at most, and catches
 * up by NTP, or by a day for each day that it runs.
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
	int64_t ntp, ntp_ms;		/* what the clock of NTP said last, and when; 0: none */
};

/* What was verified: each 0, or NULL, when it was not. */
struct freshness_claim {
	int64_t published;
	int64_t signed_at;
	const char *key;		/* whose signed_at is */
};

/*
 * kept: of freshness_json in an earlier run; NULL: none. What is no time in it counts as none, and
 * so does a floor without "online", of an older version: the online key may have raised it as it
 * liked.
 */
void freshness_init(struct freshness *freshness, int64_t build, const json_t *kept,
		    int64_t uptime_ms);
/* The members "floor" (the people's) and "online"; NULL when out of memory. */
json_t *freshness_json(const struct freshness *freshness, int64_t uptime_ms);

/* Notes what a clock of NTP says. Call it now and then: it is what goes on when NTP is lost. */
void freshness_see(struct freshness *freshness, const struct clock_reading *reading);
/* True when it raised a floor. */
bool freshness_learn(struct freshness *freshness, const struct freshness_claim *claim,
		     const struct clock_reading *reading);
/* The key that raised the online floor was withdrawn. */
void freshness_withdraw(struct freshness *freshness);

int64_t freshness_floor(const struct freshness *freshness, int64_t uptime_ms);
int64_t freshness_people(const struct freshness *freshness, int64_t uptime_ms);
/* *behind: the clock that was to count is below the floor and was not used. */
int64_t freshness_now(const struct freshness *freshness, const struct clock_reading *reading,
		      bool *behind);
/* Does the time come from a clock of NTP? */
bool freshness_by_ntp(const struct freshness *freshness, const struct clock_reading *reading);

/*
 * fresh	signed less than stale_after ago, and not expired
 * stale	older than that, not expired: enforced, and somebody should look
 * refused	expired: the same offer would not be taken any more; enforced still
 * ahead	signed at a time that has not come, by more than clocks differ: either the time here
 *		is wrong, or the key that signed it is in other hands; enforced still
 */
enum freshness_state { FRESHNESS_NONE, FRESHNESS_FRESH, FRESHNESS_STALE, FRESHNESS_REFUSED,
		       FRESHNESS_AHEAD };
const char *freshness_print(enum freshness_state state);
enum freshness_state freshness_judge(int64_t now, int64_t signed_at, int64_t expires,
				     uint64_t stale_after);
