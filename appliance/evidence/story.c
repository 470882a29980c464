/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/story.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/journal/days.h"
#include "appliance/journal/rows.h"
#include "appliance/journal/sql.h"
#include "appliance/journal/today.h"

enum { CACHE_KB = 1024, CLIENTS = 4096 /* rows of one host in one day */,
       APPLIANCE = 64 };

struct story_reading {
	struct story *story;
	const struct hosts *hosts;
	const struct hosts_row *row;
	const struct story_options *options;
	int64_t client[CLIENTS];
	size_t clients;
	bool whole;		/* all of the day lies within the times */
	struct today today;	/* sums of an open day */
};

/* Presence is no event; its channels are the last ones. */
#define NO_PRESENCE " s.channel < %d"

/* ---- whose rows ---- */

/* When a client of an open day was seen; false: never, or as a network alone. */
static bool find_times(const struct today *today, int64_t client, struct sighting *sighting)
{
	size_t low = 0, high = today->sums;
	bool found = false;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (today->sum[middle].client < client)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < today->sums && today->sum[low].client == client; low++) {
		const struct today_sum *sum = &today->sum[low];

		if (today->kind[sum->kind].coarse > 1)
			continue;
		if (!found || sum->first_ms < sighting->first_ms)
			sighting->first_ms = sum->first_ms;
		if (!found || sum->last_ms > sighting->last_ms)
			sighting->last_ms = sum->last_ms;
		found = true;
	}
	return found;
}

static void take_client(struct story_reading *reading, sqlite3_stmt *row)
{
	const int64_t client = sqlite3_column_int64(row, 0);
	struct sighting sighting = {
		.forwarder = sqlite3_column_int(row, 4),
		.first_ms = sqlite3_column_int64(row, 5), .last_ms = sqlite3_column_int64(row, 6),
	};

	if (!sql_blob(row, 1, sighting.address.bytes, sizeof(sighting.address.bytes)) ||
	    reading->clients == CLIENTS ||
	    (sqlite3_column_type(row, 5) == SQLITE_NULL &&
	     !find_times(&reading->today, client, &sighting)))
		return;
	sighting.has_mac = sql_blob(row, 2, sighting.mac, MAC_SIZE);
	if (hosts_whose(reading->hosts, &sighting, sql_text(row, 3)) !=
	    (int64_t)reading->row->number)
		return;
	reading->client[reading->clients++] = client;
	reading->whole = reading->whole && sighting.first_ms >= reading->options->since_ms &&
			 sighting.last_ms < reading->options->until_ms;
}

static void find_clients(struct story_reading *reading, struct sql *sql, bool closed)
{
	sqlite3_stmt *row;

	if (!closed)
		today_read(&reading->today, sql);
	row = sql_prepare(sql, closed ?
		"SELECT client, c.address, c.mac, c.interface, c.forwarder, first, last"
		" FROM sighting JOIN client c USING(client) WHERE coarse <= 1" :
		"SELECT client, address, mac, interface, forwarder, NULL, NULL FROM client");
	reading->clients = 0;
	reading->whole = true;
	while (row && sql_step(sql, row))
		take_client(reading, row);
	(void)sqlite3_finalize(row);
}

/* ---- sums ---- */

/* What one client met of one category by one channel. */
struct part_sum {
	int64_t category;	/* -1: unknown */
	int channel;
	uint64_t count, entries;
	int64_t first_ms, last_ms;
};

static void take_sum(struct story *story, struct story_day *day, const struct part_sum *sum)
{
	const bool known = sum->category >= 0 && sum->category < CATEGORY_COUNT;

	if (channel_is_presence((enum event_channel)sum->channel)) {
		day->seen += sum->count;
	} else {
		day->events[known ? sum->category : CATEGORY_COUNT] += sum->count;
		story->left_out += sum->entries;
	}
	if (sum->first_ms < day->first_ms)
		day->first_ms = sum->first_ms;
	if (sum->last_ms > day->last_ms)
		day->last_ms = sum->last_ms;
}

static bool is_mine(const struct story_reading *reading, int64_t client)
{
	for (size_t i = 0; i < reading->clients; i++) {
		if (reading->client[i] == client)
			return true;
	}
	return false;
}

/* From the sums of the open day, which find_clients read. */
static void add_today(const struct story_reading *reading, struct sql *sql, struct story_day *day)
{
	const struct today *today = &reading->today;
	sqlite3_stmt *row = sql_prepare(sql, "SELECT category FROM rule WHERE rule = ?");

	for (size_t i = 0; row && i < today->sums; i++) {
		const struct today_sum *sum = &today->sum[i];
		const struct today_kind *kind = &today->kind[sum->kind];
		struct part_sum part = { -1, kind->channel, sum->count, sum->entries,
					 sum->first_ms, sum->last_ms };

		if (kind->coarse > 1 || !is_mine(reading, sum->client))
			continue;
		sql_bind_number(sql, row, 1, kind->rule);
		if (sql_step(sql, row))
			part.category = sqlite3_column_int64(row, 0);
		(void)sqlite3_reset(row);
		take_sum(reading->story, day, &part);
	}
	(void)sqlite3_finalize(row);
}

static void add_rows(const struct story_reading *reading, struct sql *sql, struct story_day *day,
		     const char *statement)
{
	sqlite3_stmt *row = sql_prepare(sql, statement);

	for (size_t i = 0; i < reading->clients; i++) {
		sql_bind_number(sql, row, 1, reading->client[i]);
		sql_bind_number(sql, row, 2, reading->options->since_ms);
		sql_bind_number(sql, row, 3, reading->options->until_ms);
		while (row && sql_step(sql, row)) {
			const struct part_sum part = {
				sqlite3_column_type(row, 0) == SQLITE_NULL ? -1 :
				sqlite3_column_int64(row, 0), sqlite3_column_int(row, 1),
				(uint64_t)sqlite3_column_int64(row, 2),
				(uint64_t)sqlite3_column_int64(row, 5),
				sqlite3_column_int64(row, 3), sqlite3_column_int64(row, 4),
			};

			take_sum(reading->story, day, &part);
		}
	}
	(void)sqlite3_finalize(row);
}

/* The stored sums do not say how many entries they are. */
static void count_entries(const struct story_reading *reading, struct sql *sql)
{
	sqlite3_stmt *row;
	char text[200];

	snprintf(text, sizeof(text), "SELECT count(*) FROM event JOIN subject s USING(subject)"
		 " WHERE client = ? AND" NO_PRESENCE, CHANNEL_SEEN_DNS);
	row = sql_prepare(sql, text);
	for (size_t i = 0; row && i < reading->clients; i++) {
		sql_bind_number(sql, row, 1, reading->client[i]);
		if (sql_step(sql, row))
			reading->story->left_out += (uint64_t)sqlite3_column_int64(row, 0);
		(void)sqlite3_reset(row);
	}
	(void)sqlite3_finalize(row);
}

/* From the events, if the times cut the day in two. */
static void add_sums(const struct story_reading *reading, struct sql *sql, struct story_day *day,
		     bool closed)
{
	if (!reading->whole) {
		add_rows(reading, sql, day,
			 "SELECT r.category, s.channel, sum(e.count), min(e.wall),"
			 " max(e.wall + e.span), count(*) FROM event e"
			 " JOIN subject s USING(subject)"
			 " LEFT JOIN rule r ON r.rule = s.rule"
			 " WHERE e.client = ? AND e.wall + e.span >= ? AND e.wall < ?"
			 " GROUP BY r.category, s.channel");
	} else if (closed) {
		add_rows(reading, sql, day,
			 "SELECT r.category, t.channel, sum(t.count), min(t.first), max(t.last), 0"
			 " FROM tally t LEFT JOIN rule r ON r.rule = t.rule WHERE t.client = ?"
			 " AND t.last >= ? AND t.first < ? GROUP BY r.category, t.channel");
		count_entries(reading, sql);
	} else {
		add_today(reading, sql, day);
	}
}

/* ---- events ---- */

static int by_number(const void *left, const void *right)
{
	const struct story_event *a = left, *b = right;

	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

static int add_event(struct story *story, const struct story_event *event)
{
	struct story_event *more;

	/* The room is the next power of two. */
	if ((story->events & (story->events - 1)) == 0) {
		more = realloc(story->event,
			       (story->events ? 2 * story->events : 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		story->event = more;
	}
	story->event[story->events++] = *event;
	return 0;
}

/* The last ones of each of the host's clients; those that are too many go later. */
static int add_events(struct story_reading *reading, struct sql *sql, size_t day)
{
	sqlite3_stmt *row;
	char text[400];
	int error = 0;

	snprintf(text, sizeof(text), "SELECT e.seq FROM event e JOIN subject s USING(subject)"
		 " WHERE e.client = ? AND e.wall + e.span >= ? AND e.wall < ? AND" NO_PRESENCE
		 " ORDER BY e.seq DESC LIMIT ?", CHANNEL_SEEN_DNS);
	row = sql_prepare(sql, text);
	for (size_t i = 0; !error && i < reading->clients; i++) {
		struct story_event event = { .day = day, .client = reading->client[i] };

		sql_bind_number(sql, row, 1, event.client);
		sql_bind_number(sql, row, 2, reading->options->since_ms);
		sql_bind_number(sql, row, 3, reading->options->until_ms);
		sql_bind_number(sql, row, 4, (int64_t)reading->options->last);
		while (!error && row && sql_step(sql, row)) {
			event.sequence = (uint64_t)sqlite3_column_int64(row, 0);
			error = add_event(reading->story, &event);
		}
		if (row)
			(void)sqlite3_reset(row);
	}
	(void)sqlite3_finalize(row);
	return error;
}

static void keep_last(struct story *story, uint64_t last)
{
	if (story->events)
		qsort(story->event, story->events, sizeof(*story->event), by_number);
	if (story->events <= last)
		return;
	memmove(story->event, story->event + (story->events - last),
		(size_t)last * sizeof(*story->event));
	story->events = (size_t)last;
}

/* ---- days ---- */

static int open_file(struct sql *sql, const struct story_file *file)
{
	return sql_open(sql, file->path, file->closed ? SQL_FROZEN : SQL_READ, CACHE_KB);
}

static int read_day(struct story_reading *reading, const struct days_file *day)
{
	struct story *story = reading->story;
	struct story_file *file = &story->file[story->days];
	char name[DAYS_NAME];
	struct sql sql;
	int error, memory = 0;

	file->closed = day->kind == DAYS_CLOSED;
	if (snprintf(file->path, sizeof(file->path), "%s/%s", reading->options->folder,
		     days_print(day, name)) >= (int)sizeof(file->path))
		return -ENAMETOOLONG;
	story->day[story->days] = (struct story_day){ .date = day->date, .first_ms = INT64_MAX,
						      .last_ms = INT64_MIN };
	error = open_file(&sql, file);
	if (!error)
		find_clients(reading, &sql, file->closed);
	if (!sql.error && reading->clients) {
		add_sums(reading, &sql, &story->day[story->days], file->closed);
		memory = add_events(reading, &sql, story->days);
		keep_last(story, reading->options->last);
	}
	story->damaged += sql.error && sql.error != -ENOENT;
	today_release(&reading->today);
	sql_close(&sql);
	story->days += story->day[story->days].first_ms != INT64_MAX;
	return memory;
}

static int list(const char *path, struct days *days)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	*days = (struct days){ .count = 0 };
	if (folder < 0)
		return -errno;
	error = days_list(folder, days);
	close(folder);
	return error;
}

int story_read(struct story *story, const struct hosts *hosts, const struct hosts_row *row,
	       const struct story_options *options)
{
	struct story_reading *reading = calloc(1, sizeof(*reading));
	struct days days;
	int error;

	*story = (struct story){ .days = 0 };
	if (!reading)
		return -ENOMEM;
	reading->story = story;
	reading->hosts = hosts;
	reading->row = row;
	reading->options = options;
	error = list(options->folder, &days);
	story->day = calloc(days.count + 1, sizeof(*story->day));
	story->file = calloc(days.count + 1, sizeof(*story->file));
	if (!error && (!story->day || !story->file))
		error = -ENOMEM;
	for (size_t i = 0; !error && i < days.count; i++) {
		if (days_is_read(&days, i))
			error = read_day(reading, &days.file[i]);
	}
	story->left_out -= story->left_out < story->events ? story->left_out : story->events;
	days_free(&days);
	free(reading);
	return error;
}

void story_free(struct story *story)
{
	free(story->day);
	free(story->event);
	free(story->file);
	*story = (struct story){ .days = 0 };
}

/* ---- telling ---- */

/* "": the day has none. */
static void read_appliance(struct sql *sql, char appliance[APPLIANCE])
{
	sqlite3_stmt *row = sql_prepare(sql, "SELECT id FROM appliance");

	snprintf(appliance, APPLIANCE, "%s", row && sql_step(sql, row) ? sql_text(row, 0) : "");
	(void)sqlite3_finalize(row);
}

static void tell(struct sql *sql, sqlite3_stmt *row, const struct story_event *event,
		 const char *appliance,
		 void (*each)(void *context, const struct reader_entry *entry), void *context)
{
	struct reader_entry entry = { .entry = { .sequence = 0 } };

	sql_bind_number(sql, row, 1, event->client);
	sql_bind_number(sql, row, 2, (int64_t)event->sequence);
	if (!row || !sql_step(sql, row))
		return;
	rows_event(row, &entry.entry, &entry.rule);
	entry.context.boot_id = rows_boot(row);
	entry.context.appliance = appliance;
	if (entry.entry.event.rule_key && entry.rule.category < CATEGORY_COUNT)
		entry.context.rule = &entry.rule;
	if (rows_sane(&entry.entry.event.event))
		each(context, &entry);
	(void)sqlite3_reset(row);
}

int story_events(const struct story *story,
		 void (*each)(void *context, const struct reader_entry *entry), void *context)
{
	int error = 0;

	for (size_t i = 0; i < story->events;) {
		const size_t day = story->event[i].day;
		struct sql sql;
		sqlite3_stmt *row = NULL;
		char appliance[APPLIANCE] = "";

		if (open_file(&sql, &story->file[day]) == 0) {
			read_appliance(&sql, appliance);
			row = rows_one(&sql);
		}
		for (; i < story->events && story->event[i].day == day; i++)
			tell(&sql, row, &story->event[i], appliance, each, context);
		(void)sqlite3_finalize(row);
		error = error ? error : sql.error;
		sql_close(&sql);
	}
	return error;
}
