/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>

#include "appliance/evidence/verdict.h"

const char *host_state_print(enum host_state state)
{
	static const char *const words[STATE_COUNT] = {
		[STATE_NONE] = "no trace of software",
		[STATE_ACTIVE] = "active",
		[STATE_SILENT] = "silent",
		[STATE_REMOVED] = "presumed removed",
		[STATE_REAPPEARED] = "reappeared",
	};

	return state < STATE_COUNT ? words[state] : "unknown";
}

/* How many of the days are not after day. */
static size_t until(const int32_t *days, size_t count, int32_t day)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (days[middle] <= day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Days of the host strictly between two days; both are in order. */
static uint32_t seen_between(const struct host_days *days, int32_t after, int32_t before)
{
	return (uint32_t)(until(days->seen, days->seens, before - 1) -
			  until(days->seen, days->seens, after));
}

/* Silence proves something only of a host that was there. */
static bool is_removed(const struct weights *weights, uint32_t silent, uint32_t seen)
{
	return silent >= weights->threshold[THRESHOLD_REMOVED_DAYS] &&
	       seen >= weights->threshold[THRESHOLD_REMOVED_SEEN_DAYS];
}

static uint32_t days_between(int32_t from, int32_t to)
{
	return (uint32_t)((int64_t)to - from);
}

static void find_return(struct host_presence *presence, const struct weights *weights,
			const struct host_days *days, size_t traces)
{
	for (size_t i = traces; i-- > 1;) {
		const int32_t before = days->trace[i - 1], day = days->trace[i];
		const uint32_t gap = days_between(before, day);

		if (days_between(day, days->today) > weights->threshold[THRESHOLD_RETURNED_DAYS])
			return;
		if (is_removed(weights, gap, seen_between(days, before, day))) {
			presence->state = STATE_REAPPEARED;
			presence->gap_days = gap;
			presence->returned = day;
			return;
		}
	}
}

void host_presence(struct host_presence *presence, const struct weights *weights,
		   const struct host_days *days)
{
	const size_t traces = until(days->trace, days->traces, days->today);
	int32_t last;

	*presence = (struct host_presence){ .state = STATE_NONE };
	if (traces == 0)
		return;
	last = days->trace[traces - 1];
	presence->silent_days = days_between(last, days->today);
	presence->seen_days = (uint32_t)(until(days->seen, days->seens, days->today) -
					 until(days->seen, days->seens, last));
	if (is_removed(weights, presence->silent_days, presence->seen_days)) {
		presence->state = STATE_REMOVED;
		return;
	}
	presence->state = presence->silent_days > weights->threshold[THRESHOLD_ACTIVE_DAYS] ?
			  STATE_SILENT : STATE_ACTIVE;
	find_return(presence, weights, days, traces);
}

void host_presence_print(const struct host_presence *presence, struct text *out)
{
	text_puts(out, host_state_print(presence->state));
	if (presence->state == STATE_REAPPEARED)
		text_printf(out, " after %" PRIu32 " days", presence->gap_days);
	if (presence->state == STATE_SILENT || presence->state == STATE_REMOVED)
		text_printf(out, ": silent for %" PRIu32 " days, seen on %" PRIu32 " of them",
			    presence->silent_days, presence->seen_days);
}
