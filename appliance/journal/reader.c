/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/journal/day.h"
#include "appliance/journal/days.h"
#include "appliance/journal/rows.h"
#include "appliance/journal/sql.h"

enum {
	/* Entries are read by number and stored by client: a day of 160,000 fits. */
	CACHE_KB = 8192,
	PATH_TEXT = 512, APPLIANCE = 64, BOOT_ID = 40
};

struct log_reader {
	char folder[PATH_TEXT - DAYS_NAME - 1];
	struct days days;
	size_t next;		/* day to open */
	uint32_t number;	/* of the last day that was opened; those before are done */
	uint64_t after;		/* number of the last entry */
	int64_t since_ms, until_ms;	/* as in the options */
	bool open;
	struct sql sql;
	sqlite3_stmt *events, *notices;
	bool has_event, has_notice;	/* the statement is at a row */
	char appliance[APPLIANCE];
	char boot_id[BOOT_ID];
	size_t damaged;
	char damaged_name[DAYS_NAME];
	int damaged_error;
};

/* ---- days ---- */

static int list(struct log_reader *reader)
{
	int folder = open(reader->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (folder < 0)
		return -errno;
	days_free(&reader->days);
	error = days_list(folder, &reader->days);
	close(folder);
	reader->next = 0;
	while (reader->next < reader->days.count &&
	       reader->days.file[reader->next].number < reader->number)
		reader->next++;
	return error;
}

int reader_open(struct log_reader **reader, const struct reader_options *options)
{
	struct log_reader *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return -ENOMEM;
	if (strlen(options->folder) >= sizeof(new->folder))
		error = -ENAMETOOLONG;
	else {
		memcpy(new->folder, options->folder, strlen(options->folder) + 1);
		new->after = options->after;
		new->since_ms = options->since_ms;
		new->until_ms = options->until_ms;
		error = list(new);
	}
	if (!error && new->days.count == 0)
		error = -ENOENT;
	if (error) {
		reader_close(new);
		return error;
	}
	*reader = new;
	return 0;
}

static void close_day(struct log_reader *reader)
{
	if (!reader->open)
		return;
	(void)sqlite3_finalize(reader->events);
	(void)sqlite3_finalize(reader->notices);
	sql_close(&reader->sql);
	reader->open = false;
}

void reader_close(struct log_reader *reader)
{
	close_day(reader);
	days_free(&reader->days);
	free(reader);
}

static void note_damaged(struct log_reader *reader, const struct days_file *file, int error)
{
	if (reader->damaged++ == 0) {
		days_print(file, reader->damaged_name);
		reader->damaged_error = error;
	}
}

static void read_appliance(struct log_reader *reader)
{
	sqlite3_stmt *statement = sql_prepare(&reader->sql, "SELECT id FROM appliance");

	reader->appliance[0] = '\0';
	if (statement && sql_step(&reader->sql, statement))
		snprintf(reader->appliance, sizeof(reader->appliance), "%s",
			 sql_text(statement, 0));
	(void)sqlite3_finalize(statement);
}

static int open_day(struct log_reader *reader, const struct days_file *file)
{
	char path[PATH_TEXT], name[DAYS_NAME];
	struct sql *sql = &reader->sql;
	int error;

	snprintf(path, sizeof(path), "%s/%s", reader->folder, days_print(file, name));
	error = sql_open(sql, path, file->kind == DAYS_CLOSED ? SQL_FROZEN : SQL_READ, CACHE_KB);
	reader->open = true;
	reader->events = reader->notices = NULL;
	if (error)
		return error;
	if (sql_number(sql, "PRAGMA application_id", 0) != SQL_APPLICATION && !sql->error)
		return -EBADMSG;
	read_appliance(reader);
	reader->events = rows_events(sql, reader->after);
	reader->notices = rows_notices(sql, reader->after);
	reader->has_event = reader->events && sql_step(sql, reader->events);
	reader->has_notice = reader->notices && sql_step(sql, reader->notices);
	return sql->error;
}

/* A day's file has the date of its first entry; a clock that was set may be a day off. */
static bool is_outside(const struct log_reader *reader, const struct days_file *file)
{
	const int64_t day_ms = (int64_t)24 * 60 * 60 * 1000;

	return file->kind == DAYS_CLOSED &&
	       ((reader->since_ms && (file->date + 2) * day_ms <= reader->since_ms) ||
		(reader->until_ms && (file->date - 1) * day_ms >= reader->until_ms));
}

/* Opens the next day that can be read; false: there is none. */
static bool next_day(struct log_reader *reader)
{
	close_day(reader);
	while (reader->next < reader->days.count) {
		const struct days_file *file = &reader->days.file[reader->next];
		int error;

		if (!days_is_read(&reader->days, reader->next++) || is_outside(reader, file))
			continue;
		error = open_day(reader, file);
		if (!error) {
			reader->number = file->number;
			return true;
		}
		close_day(reader);
		/* Closed or deleted since it was listed. */
		if (error != -ENOENT)
			note_damaged(reader, file, error);
	}
	return false;
}

/* ---- rows ---- */

/*
 * Takes a row; the statement moves on with the next call, so that the row's strings last. Events
 * and notices have numbers of one series.
 */
static bool take_row(struct log_reader *reader, struct reader_entry *entry)
{
	bool event = reader->has_event &&
		(!reader->has_notice || sqlite3_column_int64(reader->events, 0) <
					sqlite3_column_int64(reader->notices, 0));
	sqlite3_stmt *row = event ? reader->events : reader->notices;

	memset(entry, 0, sizeof(*entry));
	if (event)
		rows_event(row, &entry->entry, &entry->rule);
	else
		rows_notice(row, &entry->entry);
	snprintf(reader->boot_id, sizeof(reader->boot_id), "%s", rows_boot(row));
	entry->context.appliance = reader->appliance;
	entry->context.boot_id = reader->boot_id;
	reader->after = entry->entry.sequence;
	if (event && entry->entry.event.rule_key && entry->rule.category < CATEGORY_COUNT)
		entry->context.rule = &entry->rule;
	return !event || rows_sane(&entry->entry.event.event);
}

/* Past the row that the last call returned. */
static void advance(struct log_reader *reader)
{
	struct sql *sql = &reader->sql;

	if (reader->has_event &&
	    (uint64_t)sqlite3_column_int64(reader->events, 0) <= reader->after)
		reader->has_event = sql_step(sql, reader->events);
	if (reader->has_notice &&
	    (uint64_t)sqlite3_column_int64(reader->notices, 0) <= reader->after)
		reader->has_notice = sql_step(sql, reader->notices);
	if (sql->error && reader->next > 0)
		note_damaged(reader, &reader->days.file[reader->next - 1], sql->error);
}

bool reader_next(struct log_reader *reader, struct reader_entry *entry)
{
	for (;;) {
		if (!reader->open) {
			if (!next_day(reader))
				break;
		} else {
			advance(reader);
		}
		if (!reader->has_event && !reader->has_notice)
			close_day(reader);
		else if (take_row(reader, entry))
			return true;
	}
	/* What comes later is found by a new list. */
	(void)!list(reader);
	return false;
}

bool reader_find(struct log_reader *reader, const char *boot, uint64_t sequence,
		 struct reader_entry *entry)
{
	return reader_next(reader, entry) && entry->entry.sequence == sequence &&
	       strncmp(entry->context.boot_id, boot, strlen(boot)) == 0;
}

size_t reader_damaged(const struct log_reader *reader, const char **name, int *error)
{
	*name = reader->damaged_name;
	*error = reader->damaged_error;
	return reader->damaged;
}

/* ---- from the end ---- */

/* The number of the entry that is the count-th from the day's end; or fewer are there: *count is
 * how many are still missing. */
static uint64_t seek_day(struct log_reader *reader, uint64_t *count)
{
	struct sql *sql = &reader->sql;
	sqlite3_stmt *statement;
	uint64_t sequence = 0;
	int64_t rows = sql_number(sql, "SELECT (SELECT count(*) FROM event) +"
				       " (SELECT count(*) FROM notice)", 0);

	if ((uint64_t)rows < *count) {
		*count -= (uint64_t)rows;
		return 0;
	}
	statement = sql_prepare(sql, "SELECT seq FROM (SELECT seq FROM event UNION ALL"
				     " SELECT seq FROM notice) ORDER BY seq DESC LIMIT 1 OFFSET ?");
	sql_bind_number(sql, statement, 1, (int64_t)*count - 1);
	if (statement && sql_step(sql, statement))
		sequence = (uint64_t)sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return sequence;
}

void reader_seek_last(struct log_reader *reader, uint64_t count)
{
	uint64_t sequence = 0;

	close_day(reader);
	for (size_t i = reader->days.count; count > 0 && sequence == 0 && i-- > 0;) {
		if (days_is_read(&reader->days, i) && open_day(reader, &reader->days.file[i]) == 0)
			sequence = seek_day(reader, &count);
		if (sequence)
			reader->number = reader->days.file[i].number;
		close_day(reader);
	}
	reader->after = sequence ? sequence - 1 : reader->after;
	(void)!list(reader);
}
