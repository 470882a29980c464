/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/count.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/journal/days.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, FIRST_ROOM = 64 };

/* The place of the day; NULL: it is a new one, and there is no room. */
static struct count_day *place_of(struct count *count, int32_t day)
{
	size_t at = count->days;

	/* Entries come in order of time, nearly. */
	while (at > 0 && count->day[at - 1].day > day)
		at--;
	if (at > 0 && count->day[at - 1].day == day)
		return &count->day[at - 1];
	if (count->days == COUNT_DAYS)
		return NULL;
	/* Room for a power of two of days. */
	if ((count->days & (count->days - 1)) == 0) {
		const size_t room = count->days < FIRST_ROOM ? FIRST_ROOM : 2 * count->days;
		struct count_day *more = realloc(count->day, room * sizeof(*more));

		if (!more)
			return NULL;
		count->day = more;
	}
	memmove(&count->day[at + 1], &count->day[at], (count->days - at) * sizeof(*count->day));
	count->day[at] = (struct count_day){ .day = day };
	count->days++;
	return &count->day[at];
}

void count_add(struct count *count, const struct log_entry *entry, const struct entry_rule *rule)
{
	const struct event *event = &entry->event.event;
	struct count_day *day;

	if (entry->type != ENTRY_EVENT) {
		count->notices++;
		return;
	}
	count->entries++;
	count->events += event->count;
	count->category[rule && rule->category < CATEGORY_COUNT ?
			rule->category : CATEGORY_COUNT] += event->count;
	day = place_of(count, days_of(event->wall_ms));
	if (day)
		day->events += event->count;
	else
		count->other_days += event->count;
}

void count_free(struct count *count)
{
	free(count->day);
	*count = (struct count){ .days = 0 };
}

/* ---- the answer ---- */

static char *day_print(int32_t day, char text[CLOCK_TEXT])
{
	clock_print((int64_t)day * DAY_MS, text);
	text[10] = '\0';
	return text;
}

void count_print(const struct count *count, struct text *out)
{
	const char *before = "  ";
	char day[CLOCK_TEXT];

	text_printf(out, "%" PRIu64 " event%s in %" PRIu64 " entr%s, %" PRIu64 " notice%s\n",
		    count->events, count->events == 1 ? "" : "s", count->entries,
		    count->entries == 1 ? "y" : "ies", count->notices,
		    count->notices == 1 ? "" : "s");
	for (int i = 0; i <= CATEGORY_COUNT; i++) {
		if (!count->category[i])
			continue;
		text_printf(out, "%s%" PRIu64 " %s", before, count->category[i],
			    i < CATEGORY_COUNT ? category_print((enum category)i) :
			    "of no known rule");
		before = ", ";
	}
	text_puts(out, count->events ? "\n" : "");
	for (size_t i = 0; i < count->days; i++)
		text_printf(out, "  %s %" PRIu64 "\n", day_print(count->day[i].day, day),
			    count->day[i].events);
	if (count->other_days)
		text_printf(out, "  other days %" PRIu64 "\n", count->other_days);
}

json_t *count_json(const struct count *count)
{
	json_t *categories = json_object(), *days = json_array();
	char day[CLOCK_TEXT];

	for (int i = 0; i <= CATEGORY_COUNT; i++) {
		if (count->category[i])
			(void)json_object_set_new(categories, i < CATEGORY_COUNT ?
						  category_print((enum category)i) : "unknown",
						  json_integer((json_int_t)count->category[i]));
	}
	for (size_t i = 0; i < count->days; i++)
		(void)json_array_append_new(days, json_pack("{s:s, s:I}", "day",
			day_print(count->day[i].day, day), "events",
			(json_int_t)count->day[i].events));
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "entries",
			 (json_int_t)(count->entries + count->notices), "events",
			 (json_int_t)count->events, "notices", (json_int_t)count->notices,
			 "categories", categories, "days", days);
}
