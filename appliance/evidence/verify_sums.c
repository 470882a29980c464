/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/verify_sums.h"

#include <stdint.h>
#include <string.h>

#include "appliance/journal/sums.h"

/* Of one client, in the order in which closing.c made them. */
#define SUMS "SELECT ?1, coarse, rule, channel, action, would, resolver, sum(count), min(wall)," \
	" max(wall + span) FROM event JOIN subject USING(subject) WHERE client = ?1" \
	" GROUP BY coarse, rule, channel, action, would, resolver"

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
	for (int i = 0; i < sqlite3_column_count(a); i++) {
		const int type = sqlite3_column_type(a, i), size = sqlite3_column_bytes(a, i);

		if (type != sqlite3_column_type(b, i))
			return false;
		if (type == SQLITE_INTEGER &&
		    sqlite3_column_int64(a, i) != sqlite3_column_int64(b, i))
			return false;
		if (type != SQLITE_INTEGER &&
		    (size != sqlite3_column_bytes(b, i) ||
		     (size && memcmp(sqlite3_column_blob(a, i), sqlite3_column_blob(b, i),
				     (size_t)size) != 0)))
			return false;
	}
	return true;
}

/* The client's sums are the next ones that are stored. */
static bool same_sums(struct sql *sql, sqlite3_stmt *sums, sqlite3_stmt *stored, int64_t client)
{
	bool same = true;

	sql_bind_number(sql, sums, 1, client);
	while (same && sql_step(sql, sums))
		same = sql_step(sql, stored) && same_row(sums, stored);
	return same;
}

/* Client by client, so that a day of any size needs little memory. */
bool verify_sums(struct sql *sql)
{
	sqlite3_stmt *next = sql_prepare(sql, "SELECT min(client) FROM event WHERE client > ?");
	sqlite3_stmt *sums = sql_prepare(sql, SUMS);
	sqlite3_stmt *stored = sql_prepare(sql, "SELECT client, coarse, rule, channel, action,"
					   " would, resolver, count, first, last FROM tally"
					   " ORDER BY rowid");
	int64_t client = INT64_MIN;
	bool same = true;

	while (same) {
		sql_bind_number(sql, next, 1, client);
		if (!sql_step(sql, next) || sqlite3_column_type(next, 0) == SQLITE_NULL)
			break;
		client = sqlite3_column_int64(next, 0);
		(void)sqlite3_reset(next);
		same = same_sums(sql, sums, stored, client);
	}
	same = same && !sql_step(sql, stored) &&
	       sql_number(sql, "SELECT (SELECT count(*) FROM (" SUMS_OF_CLIENTS " EXCEPT SELECT *"
			  " FROM sighting)) + (SELECT count(*) FROM (SELECT * FROM sighting EXCEPT "
			  SUMS_OF_CLIENTS "))", 0) == 0;
	(void)sqlite3_finalize(next);
	(void)sqlite3_finalize(sums);
	(void)sqlite3_finalize(stored);
	return same;
}
