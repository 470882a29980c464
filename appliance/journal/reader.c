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
#include "appliance/journal/sql.h"

enum { CACHE_KB = 1024, PATH_TEXT = 512, APPLIANCE = 64, BOOT_ID = 40 };

struct reader {
	char folder[PATH_TEXT - DAYS_NAME - 1];
	struct days days;
	size_t next;		/* day to open */
	uint32_t number;	/* of the last day that was opened; those before are done */
	uint64_t after;		/* number of the last entry */
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

enum {
	C_SEQ, C_BOOT, C_WALL, C_UPTIME, C_PORT, C_COUNT, C_SPAN, C_CLIENT, C_MAC, C_INTERFACE,
	C_FORWARDER, C_STATE, C_NUMBER, C_CHANNEL, C_ACTION, C_WOULD, C_INBOUND, C_COARSE,
	C_QTYPE, C_PROTOCOL, C_TO_PORT, C_RESOLVER, C_ADDRESS, C_NAME, C_RULE_KEY, C_RULE_ID,
	C_CATEGORY, C_CONFIDENCE, C_EVIDENCE, C_VERSIONS
};

static const char select_events[] =
	"SELECT e.seq, b.id, e.wall, e.uptime, e.port, e.count, e.span, c.address, c.mac,"
	" c.interface, c.forwarder, s.state, s.number, s.channel, s.action, s.would, s.inbound,"
	" s.coarse, s.qtype, s.protocol, s.port, s.resolver, s.address, s.name, r.key, r.id,"
	" r.category, r.confidence, r.evidence, r.versions"
	" FROM event e JOIN boot b USING(boot) JOIN client c USING(client)"
	" JOIN subject s USING(subject) LEFT JOIN rule r ON r.rule = s.rule"
	" WHERE e.seq > ? ORDER BY e.seq";

static const char select_notices[] =
	"SELECT n.seq, b.id, n.wall, n.uptime, n.kind, n.actor, n.body FROM notice n"
	" JOIN boot b USING(boot) WHERE n.seq > ? ORDER BY n.seq";

/* ---- days ---- */

static int list(struct reader *reader)
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

int reader_open(struct reader **reader, const struct reader_options *options)
{
	struct reader *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return -ENOMEM;
	if (strlen(options->folder) >= sizeof(new->folder))
		error = -ENAMETOOLONG;
	else {
		memcpy(new->folder, options->folder, strlen(options->folder) + 1);
		new->after = options->after;
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

static void close_day(struct reader *reader)
{
	if (!reader->open)
		return;
	(void)sqlite3_finalize(reader->events);
	(void)sqlite3_finalize(reader->notices);
	sql_close(&reader->sql);
	reader->open = false;
}

void reader_close(struct reader *reader)
{
	close_day(reader);
	days_free(&reader->days);
	free(reader);
}

static void note_damaged(struct reader *reader, const struct days_file *file, int error)
{
	if (reader->damaged++ == 0) {
		days_print(file, reader->damaged_name);
		reader->damaged_error = error;
	}
}

static void read_appliance(struct reader *reader)
{
	sqlite3_stmt *statement = sql_prepare(&reader->sql, "SELECT id FROM appliance");

	reader->appliance[0] = '\0';
	if (statement && sql_step(&reader->sql, statement))
		snprintf(reader->appliance, sizeof(reader->appliance), "%s",
			 (const char *)sqlite3_column_text(statement, 0));
	(void)sqlite3_finalize(statement);
}

static int open_day(struct reader *reader, const struct days_file *file)
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
	reader->events = sql_prepare(sql, select_events);
	reader->notices = sql_prepare(sql, select_notices);
	sql_bind_number(sql, reader->events, 1, (int64_t)reader->after);
	sql_bind_number(sql, reader->notices, 1, (int64_t)reader->after);
	reader->has_event = reader->events && sql_step(sql, reader->events);
	reader->has_notice = reader->notices && sql_step(sql, reader->notices);
	return sql->error;
}

/* Opens the next day that can be read; false: there is none. */
static bool next_day(struct reader *reader)
{
	close_day(reader);
	while (reader->next < reader->days.count) {
		const struct days_file *file = &reader->days.file[reader->next];
		int error;

		if (!days_is_read(&reader->days, reader->next++))
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

static void get_rule(sqlite3_stmt *row, struct entry_rule *rule)
{
	rule->state = (uint32_t)sqlite3_column_int64(row, C_STATE);
	rule->index = (uint32_t)sqlite3_column_int64(row, C_NUMBER);
	rule->id = get_text(row, C_RULE_ID);
	rule->evidence = get_text(row, C_EVIDENCE);
	rule->versions = get_text(row, C_VERSIONS);
	rule->category = (uint8_t)sqlite3_column_int(row, C_CATEGORY);
	rule->confidence = (uint8_t)sqlite3_column_int(row, C_CONFIDENCE);
}

static void get_client(sqlite3_stmt *row, struct entry_event *entry)
{
	struct event *event = &entry->event;
	const void *mac = sqlite3_column_blob(row, C_MAC);

	(void)get_addr(row, C_CLIENT, &event->client);
	event->has_mac = mac && sqlite3_column_bytes(row, C_MAC) == sizeof(event->mac);
	if (event->has_mac)
		memcpy(event->mac, mac, sizeof(event->mac));
	snprintf(entry->interface, sizeof(entry->interface), "%s", get_text(row, C_INTERFACE));
	entry->forwarder = sqlite3_column_int(row, C_FORWARDER);
}

static void get_subject(sqlite3_stmt *row, struct entry_event *entry)
{
	struct event *event = &entry->event;
	const void *name = sqlite3_column_blob(row, C_NAME);
	int coarse;

	event->state = (uint32_t)sqlite3_column_int64(row, C_STATE);
	event->rule = (uint32_t)sqlite3_column_int64(row, C_NUMBER);
	event->channel = (enum event_channel)sqlite3_column_int(row, C_CHANNEL);
	event->action = (enum action)sqlite3_column_int(row, C_ACTION);
	event->intended = (enum action)sqlite3_column_int(row, C_WOULD);
	event->inbound = sqlite3_column_int(row, C_INBOUND);
	coarse = sqlite3_column_int(row, C_COARSE);
	entry->coarse = coarse != 0;
	entry->host_bits = coarse > 0 && coarse <= 129 ? (uint8_t)(coarse - 1) : 0;
	event->qtype = (uint16_t)sqlite3_column_int(row, C_QTYPE);
	event->protocol = (uint8_t)sqlite3_column_int(row, C_PROTOCOL);
	event->port = (uint16_t)sqlite3_column_int(row, C_TO_PORT);
	event->has_resolver = get_addr(row, C_RESOLVER, &event->resolver);
	event->has_address = get_addr(row, C_ADDRESS, &event->address);
	if (name)
		(void)name_from_wire(&event->name, name,
				     (size_t)sqlite3_column_bytes(row, C_NAME));
}

/* Values that no journal writes; everything else can be printed. */
static bool is_sane(const struct event *event)
{
	return (unsigned int)event->channel < CHANNEL_COUNT &&
	       (unsigned int)event->action < ACTION_COUNT &&
	       (unsigned int)event->intended < ACTION_COUNT;
}

static void get_event(struct reader *reader, struct reader_entry *entry)
{
	struct entry_event *event = &entry->entry.event;
	sqlite3_stmt *row = reader->events;

	entry->entry.type = ENTRY_EVENT;
	event->event.wall_ms = sqlite3_column_int64(row, C_WALL);
	event->event.uptime_ms = sqlite3_column_int64(row, C_UPTIME);
	event->event.client_port = (uint16_t)sqlite3_column_int(row, C_PORT);
	event->event.count = (uint64_t)sqlite3_column_int64(row, C_COUNT);
	event->span_ms = sqlite3_column_int64(row, C_SPAN);
	get_client(row, event);
	get_subject(row, event);
	if (sqlite3_column_type(row, C_RULE_KEY) == SQLITE_NULL)
		return;
	event->rule_key = (uint64_t)sqlite3_column_int64(row, C_RULE_KEY);
	get_rule(row, &entry->rule);
	if (entry->rule.category < CATEGORY_COUNT)
		entry->context.rule = &entry->rule;
}

static void get_notice(sqlite3_stmt *row, struct entry_notice *notice)
{
	notice->wall_ms = sqlite3_column_int64(row, C_WALL);
	notice->uptime_ms = sqlite3_column_int64(row, C_UPTIME);
	notice->kind = get_text(row, 4);
	notice->actor = get_text(row, 5);
	notice->body = get_text(row, 6);
}

/*
 * Takes a row; the statement moves on with the next call, so that the row's strings last. Events
 * and notices have numbers of one series.
 */
static bool take_row(struct reader *reader, struct reader_entry *entry)
{
	bool event = reader->has_event &&
		(!reader->has_notice || sqlite3_column_int64(reader->events, C_SEQ) <
					sqlite3_column_int64(reader->notices, C_SEQ));
	sqlite3_stmt *row = event ? reader->events : reader->notices;

	memset(entry, 0, sizeof(*entry));
	entry->entry.sequence = (uint64_t)sqlite3_column_int64(row, C_SEQ);
	snprintf(reader->boot_id, sizeof(reader->boot_id), "%s", get_text(row, C_BOOT));
	entry->context.appliance = reader->appliance;
	entry->context.boot_id = reader->boot_id;
	reader->after = entry->entry.sequence;
	if (event) {
		get_event(reader, entry);
		return is_sane(&entry->entry.event.event);
	}
	entry->entry.type = ENTRY_NOTICE;
	get_notice(row, &entry->entry.notice);
	return true;
}

/* Past the row that the last call returned. */
static void advance(struct reader *reader)
{
	struct sql *sql = &reader->sql;

	if (reader->has_event &&
	    (uint64_t)sqlite3_column_int64(reader->events, C_SEQ) <= reader->after)
		reader->has_event = sql_step(sql, reader->events);
	if (reader->has_notice &&
	    (uint64_t)sqlite3_column_int64(reader->notices, C_SEQ) <= reader->after)
		reader->has_notice = sql_step(sql, reader->notices);
	if (sql->error && reader->next > 0)
		note_damaged(reader, &reader->days.file[reader->next - 1], sql->error);
}

bool reader_next(struct reader *reader, struct reader_entry *entry)
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

size_t reader_damaged(const struct reader *reader, const char **name, int *error)
{
	*name = reader->damaged_name;
	*error = reader->damaged_error;
	return reader->damaged;
}

/* ---- from the end ---- */

/* The number of the entry that is the count-th from the day's end; or fewer are there: *count is
 * how many are still missing. */
static uint64_t seek_day(struct reader *reader, uint64_t *count)
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

void reader_seek_last(struct reader *reader, uint64_t count)
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
