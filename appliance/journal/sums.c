/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/journal/days.h"
#include "appliance/journal/sql.h"

enum { CACHE_KB = 1024, PATH_TEXT = 512, DAY_MS = 86400000 };

enum {
	C_CLIENT, C_MAC, C_INTERFACE, C_FORWARDER, C_RULE, C_CATEGORY, C_CHANNEL, C_ACTION,
	C_WOULD, C_RESOLVER, C_COUNT, C_FIRST, C_LAST
};

#define COLUMNS "SELECT c.address, c.mac, c.interface, c.forwarder, r.id, r.category," \
		" t.channel, t.action, t.would, t.resolver, t.count, t.first, t.last FROM "
#define JOINS " t JOIN client c USING(client) LEFT JOIN rule r ON r.rule = t.rule" \
	      " WHERE t.last >= ?"

static const char closed[] = COLUMNS "tally" JOINS;
static const char open_day[] = COLUMNS
	"(SELECT client, rule, channel, action, would, resolver, sum(count) AS count,"
	" min(wall) AS first, max(wall + span) AS last FROM event JOIN subject USING(subject)"
	" GROUP BY client, rule, channel, action, would, resolver)" JOINS;

static bool get_addr(sqlite3_stmt *row, int column, struct addr *addr)
{
	const void *data = sqlite3_column_blob(row, column);

	if (!data || sqlite3_column_bytes(row, column) != sizeof(addr->bytes))
		return false;
	memcpy(addr->bytes, data, sizeof(addr->bytes));
	return true;
}

static const char *get_text(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

/* False: values that no journal writes. */
static bool get_row(sqlite3_stmt *row, struct sums_row *sums)
{
	const void *mac = sqlite3_column_blob(row, C_MAC);
	const int category = sqlite3_column_int(row, C_CATEGORY);
	const int channel = sqlite3_column_int(row, C_CHANNEL);
	const int action = sqlite3_column_int(row, C_ACTION);
	const int would = sqlite3_column_int(row, C_WOULD);

	sums->has_mac = mac && sqlite3_column_bytes(row, C_MAC) == sizeof(sums->mac);
	if (sums->has_mac)
		memcpy(sums->mac, mac, sizeof(sums->mac));
	sums->interface = get_text(row, C_INTERFACE);
	sums->forwarder = sqlite3_column_int(row, C_FORWARDER);
	sums->rule = get_text(row, C_RULE);
	sums->category = (enum category)category;
	sums->channel = (enum event_channel)channel;
	sums->action = (enum action)action;
	sums->would = (enum action)would;
	sums->has_resolver = get_addr(row, C_RESOLVER, &sums->resolver);
	sums->count = (uint64_t)sqlite3_column_int64(row, C_COUNT);
	sums->first_ms = sqlite3_column_int64(row, C_FIRST);
	sums->last_ms = sqlite3_column_int64(row, C_LAST);
	return get_addr(row, C_CLIENT, &sums->client) && category >= 0 &&
	       category < CATEGORY_COUNT && channel >= 0 && channel < CHANNEL_COUNT &&
	       action >= 0 && action < ACTION_COUNT && would >= 0 && would < ACTION_COUNT &&
	       sums->first_ms <= sums->last_ms;
}

/* What is asked of each day. */
struct sums_question {
	const char *folder;
	int64_t since_ms;
	int (*each)(void *context, const struct sums_row *row);
	void *context;
	int result;
};

/* 0 or -errno of the database. */
static int read_day(struct sums_question *question, const struct days_file *file)
{
	char path[PATH_TEXT], name[DAYS_NAME];
	bool is_closed = file->kind == DAYS_CLOSED;
	struct sums_row row = { .date = file->date };
	sqlite3_stmt *statement;
	struct sql sql;
	int error;

	if (snprintf(path, sizeof(path), "%s/%s", question->folder, days_print(file, name)) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	error = sql_open(&sql, path, is_closed ? SQL_FROZEN : SQL_READ, CACHE_KB);
	statement = sql_prepare(&sql, is_closed ? closed : open_day);
	sql_bind_number(&sql, statement, 1, question->since_ms);
	while (question->result == 0 && statement && sql_step(&sql, statement)) {
		if (get_row(statement, &row))
			question->result = question->each(question->context, &row);
	}
	(void)sqlite3_finalize(statement);
	error = error ? error : sql.error;
	sql_close(&sql);
	return error;
}

static int list(const char *path, struct days *days)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	*days = (struct days){ .count = 0 };
	if (folder < 0)
		return -errno;
	error = days_list(folder, days);
	close(folder);
	return error ? error : days->count ? 0 : -ENOENT;
}

int sums_read(const char *folder, int64_t since_ms,
	      int (*each)(void *context, const struct sums_row *row), void *context,
	      uint32_t *damaged)
{
	struct sums_question question = { folder, since_ms, each, context, 0 };
	struct days days;
	int error = list(folder, &days);

	*damaged = 0;
	for (size_t i = 0; !error && question.result == 0 && i < days.count; i++) {
		int bad = 0;

		if (days_is_read(&days, i))
			bad = read_day(&question, &days.file[i]);
		/* Closed or deleted since it was listed. */
		*damaged += bad && bad != -ENOENT;
	}
	days_free(&days);
	return error ? error : question.result;
}
