/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/whole.h"

#include <stdio.h>
#include <string.h>

#include "appliance/journal/days.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/sql.h"

enum { CACHE_KB = 64 };

/* A start without an orderly end shortly before, in the same day. */
#define OUTAGES "SELECT max(wall) FROM notice s WHERE kind = '" NOTICE_START "' AND NOT EXISTS" \
	" (SELECT 1 FROM notice p WHERE p.kind = '" NOTICE_STOP "' AND p.seq < s.seq AND" \
	" s.wall - p.wall <= %d)"

#define KINDS "'" NOTICE_GAP "','" NOTICE_LOST "','" NOTICE_DAMAGED "','" NOTICE_DROPPED "'"

bool whole_ends_with(const char *kind)
{
	static const char *const kinds[] = { NOTICE_GAP, NOTICE_LOST, NOTICE_DAMAGED,
					     NOTICE_DROPPED };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

/* *since: the day's last such notice, or its first batch. True: nothing earlier counts. */
static bool read_day(const struct days_file *file, int64_t *since)
{
	char name[DAYS_NAME];
	struct sql sql;
	char outages[sizeof(OUTAGES) + 16];
	int64_t broken = 0, first = 0, outage;

	if (sql_open(&sql, days_print(file, name),
		     file->kind == DAYS_CLOSED ? SQL_FROZEN : SQL_READ, CACHE_KB) == 0) {
		broken = sql_number(&sql, "SELECT max(wall) FROM notice WHERE kind IN (" KINDS ")",
				    0);
		snprintf(outages, sizeof(outages), OUTAGES, WHOLE_PAUSE_MS);
		outage = sql_number(&sql, outages, 0);
		broken = outage > broken ? outage : broken;
		first = sql_number(&sql, "SELECT wall FROM batch ORDER BY first LIMIT 1", 0);
	}
	if (sql.error)
		broken = first = *since;
	sql_close(&sql);
	*since = broken ? broken : first ? first : *since;
	return broken != 0 || sql.error;
}

int64_t whole_since(int folder)
{
	struct days days = { .count = 0 };
	int64_t since = 0;

	if (days_list(folder, &days) == 0) {
		for (size_t i = days.count; i-- > 0;) {
			if (!days_is_read(&days, i))
				continue;
			if (days.file[i].grain != DAYS_MINUTES || read_day(&days.file[i], &since))
				break;
		}
	}
	days_free(&days);
	return since;
}
