/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/journal/days.h"
#include "appliance/journal/sql.h"
#include "appliance/journal/today.h"

enum {
	CACHE_KB = 1024, PATH_TEXT = 512, DAY_MS = 86400000,
	OPEN_DAYS = 4,		/* the open day, and what power cuts left open */
	TRIES = 5,		/* the log's folder may change while it is listed */
	INTERFACE_TEXT = 16,
	NUMBERS = 1 << 24	/* most clients or rules of a day */
};

/* Clients and rules are read once per day, so that a row needs no look-up in the database. */
enum { C_CLIENT, C_COARSE, C_FIRST, C_LAST, C_RULE, C_CHANNEL, C_ACTION, C_WOULD, C_RESOLVER,
       C_COUNT };
#define SIGHTING "SELECT client, coarse, first, last"
static const char rows[] = SIGHTING ", rule, channel, action, would, resolver, count FROM tally"
	" WHERE last >= ?";
static const char clients[] = SIGHTING " FROM sighting WHERE last >= ?";

/* ---- what rows refer to ---- */

struct known_client {
	bool used, has_mac, forwarder;
	uint8_t mac[6];
	char interface[INTERFACE_TEXT];
	struct addr address;
};

struct known_rule {
	char *id;	/* NULL: none */
	enum category category;
};

/* By row number, from 0. */
struct known {
	struct known_client *client;
	struct known_rule *rule;
	int64_t clients, rules;
};

static void known_release(struct known *known)
{
	for (int64_t i = 0; i < known->rules; i++)
		free(known->rule[i].id);
	free(known->client);
	free(known->rule);
	*known = (struct known){ .clients = 0 };
}

static void read_clients(struct sql *sql, struct known *known)
{
	sqlite3_stmt *row = sql_prepare(sql, "SELECT client, address, mac, interface, forwarder"
					     " FROM client");

	while (row && sql_step(sql, row)) {
		const int64_t number = sqlite3_column_int64(row, 0);
		struct known_client *client;

		if (number < 0 || number >= known->clients)
			continue;
		client = &known->client[number];
		client->used = sql_blob(row, 1, client->address.bytes,
					sizeof(client->address.bytes));
		client->has_mac = sql_blob(row, 2, client->mac, sizeof(client->mac));
		snprintf(client->interface, sizeof(client->interface), "%s", sql_text(row, 3));
		client->forwarder = sqlite3_column_int(row, 4);
	}
	(void)sqlite3_finalize(row);
}

static void read_rules(struct sql *sql, struct known *known)
{
	sqlite3_stmt *row = sql_prepare(sql, "SELECT rule, id, category FROM rule");

	while (row && sql_step(sql, row)) {
		const int64_t number = sqlite3_column_int64(row, 0);
		const int category = sqlite3_column_int(row, 2);

		if (number < 0 || number >= known->rules || category < 0 ||
		    category >= CATEGORY_COUNT || known->rule[number].id)
			continue;
		known->rule[number].id = strdup(sql_text(row, 1));
		known->rule[number].category = (enum category)category;
		if (!known->rule[number].id)
			sql->error = -ENOMEM;
	}
	(void)sqlite3_finalize(row);
}

/* The error is the connection's. */
static void known_read(struct sql *sql, struct known *known, bool rules)
{
	known->clients = sql_number(sql, "SELECT max(client) FROM client", -1) + 1;
	known->rules = rules ? sql_number(sql, "SELECT max(rule) FROM rule", -1) + 1 : 0;
	/* Numbers go up one by one: more is damage. */
	if (known->clients < 0 || known->clients > NUMBERS || known->rules < 0 ||
	    known->rules > NUMBERS)
		sql->error = sql->error ? sql->error : -EBADMSG;
	if (sql->error) {
		known->clients = known->rules = 0;
		return;
	}
	known->client = calloc((size_t)known->clients + 1, sizeof(*known->client));
	known->rule = calloc((size_t)known->rules + 1, sizeof(*known->rule));
	if (!known->client || !known->rule)
		sql->error = -ENOMEM;
	if (known->client)
		read_clients(sql, known);
	if (known->rule && known->rules)
		read_rules(sql, known);
}

/* ---- rows ---- */

/* False: no journal wrote that. */
static bool set_client(const struct known *known, int64_t number, struct sums_row *sums)
{
	const struct known_client *client;

	if (number < 0 || number >= known->clients || !known->client[number].used)
		return false;
	client = &known->client[number];
	sums->client = client->address;
	sums->has_mac = client->has_mac;
	memcpy(sums->mac, client->mac, sizeof(sums->mac));
	sums->forwarder = client->forwarder;
	sums->interface = client->interface;
	return true;
}

static bool set_times(struct sums_row *sums, int coarse, int64_t first_ms, int64_t last_ms)
{
	sums->host_bits = coarse > 0 && coarse <= 129 ? (uint8_t)(coarse - 1) : 0;
	sums->first_ms = first_ms;
	sums->last_ms = last_ms;
	return first_ms <= last_ms;
}

/* rule: row number, or -1. */
static bool set_verdict(const struct known *known, const struct today_kind *kind,
			struct sums_row *sums)
{
	const bool has_rule = kind->rule >= 0 && kind->rule < known->rules &&
			      known->rule[kind->rule].id;

	sums->rule = has_rule ? known->rule[kind->rule].id : "";
	sums->category = has_rule ? known->rule[kind->rule].category : CATEGORY_COUNT;
	sums->channel = (enum event_channel)kind->channel;
	sums->action = (enum action)kind->action;
	sums->would = (enum action)kind->would;
	sums->has_resolver = kind->has_resolver;
	sums->resolver = kind->resolver;
	return kind->channel >= 0 && kind->channel < CHANNEL_COUNT && kind->action >= 0 &&
	       kind->action < ACTION_COUNT && kind->would >= 0 && kind->would < ACTION_COUNT;
}

/* Of a closed day. False: values that no journal writes. */
static bool get_row(sqlite3_stmt *row, const struct known *known, struct sums_row *sums)
{
	struct today_kind kind = { .rule = -1 };

	if (!set_client(known, sqlite3_column_int64(row, C_CLIENT), sums) ||
	    !set_times(sums, sqlite3_column_int(row, C_COARSE), sqlite3_column_int64(row, C_FIRST),
		       sqlite3_column_int64(row, C_LAST)))
		return false;
	if (sqlite3_column_count(row) <= C_RULE)
		return true;
	if (sqlite3_column_type(row, C_RULE) != SQLITE_NULL)
		kind.rule = sqlite3_column_int64(row, C_RULE);
	kind.channel = sqlite3_column_int(row, C_CHANNEL);
	kind.action = sqlite3_column_int(row, C_ACTION);
	kind.would = sqlite3_column_int(row, C_WOULD);
	kind.has_resolver = sql_blob(row, C_RESOLVER, kind.resolver.bytes,
				     sizeof(kind.resolver.bytes));
	sums->count = (uint64_t)sqlite3_column_int64(row, C_COUNT);
	return set_verdict(known, &kind, sums);
}

/* ---- one state of the log ---- */

/* A connection in a transaction keeps what it saw, also if the file is closed and deleted. */
struct open_day {
	size_t file;		/* in days */
	struct sql sql;
	struct today today;
	bool read;		/* today was read */
};

struct sums {
	char folder[PATH_TEXT - DAYS_NAME - 1];
	int64_t since_ms;
	struct days days;
	struct open_day open[OPEN_DAYS];
	size_t opened;
};

static int list(const char *path, struct days *days)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (folder < 0)
		return -errno;
	days_free(days);
	error = days_list(folder, days);
	close(folder);
	return error ? error : days->count ? 0 : -ENOENT;
}

static void path_of(const struct sums *sums, size_t file, char path[PATH_TEXT])
{
	char name[DAYS_NAME];

	snprintf(path, PATH_TEXT, "%s/%s", sums->folder,
		 days_print(&sums->days.file[file], name));
}

/* The first read of a transaction fixes what it sees. */
static int freeze(struct sums *sums, size_t file)
{
	struct open_day *day = &sums->open[sums->opened];
	char path[PATH_TEXT];
	int error;

	path_of(sums, file, path);
	*day = (struct open_day){ .file = file };
	error = sql_open(&day->sql, path, SQL_READ, CACHE_KB);
	sql_run(&day->sql, "BEGIN");
	(void)sql_number(&day->sql, "SELECT count(*) FROM sqlite_schema", 0);
	error = error ? error : day->sql.error;
	/* What is damaged is counted when it is read. */
	if (error == -ENOENT)
		sql_close(&day->sql);
	else
		sums->opened++;
	return error == -ENOENT ? -ENOENT : 0;
}

static void thaw(struct sums *sums)
{
	while (sums->opened) {
		today_release(&sums->open[--sums->opened].today);
		sql_close(&sums->open[sums->opened].sql);
	}
}

/* -EAGAIN: a day was closed or deleted since it was listed. */
static int take_state(struct sums *sums)
{
	int error = list(sums->folder, &sums->days);

	for (size_t i = 0; !error && i < sums->days.count; i++) {
		if (sums->days.file[i].kind != DAYS_OPEN || !days_is_read(&sums->days, i))
			continue;
		if (sums->opened < OPEN_DAYS && freeze(sums, i) < 0)
			error = -EAGAIN;
	}
	if (error)
		thaw(sums);
	return error;
}

int sums_open(struct sums **sums, const char *folder, int64_t since_ms)
{
	struct sums *new = calloc(1, sizeof(*new));
	int error = -EAGAIN;

	if (!new)
		return -ENOMEM;
	new->since_ms = since_ms;
	if (snprintf(new->folder, sizeof(new->folder), "%s", folder) >= (int)sizeof(new->folder))
		error = -ENAMETOOLONG;
	for (int i = 0; error == -EAGAIN && i < TRIES; i++)
		error = take_state(new);
	if (error) {
		sums_close(new);
		return error;
	}
	*sums = new;
	return 0;
}

void sums_close(struct sums *sums)
{
	thaw(sums);
	days_free(&sums->days);
	free(sums);
}

/* ---- reading ---- */

/* What is asked of each day. */
struct sums_question {
	bool clients;		/* one row each, without what they met */
	int (*each)(void *context, const struct sums_row *row);
	void *context;
	int result;
};

static void tell(struct sums_question *question, const struct sums_row *row)
{
	question->result = question->each(question->context, row);
}

/* 0 or -errno of the database. */
static int ask_closed(const struct sums *sums, struct sums_question *question, int32_t date,
		      struct sql *sql)
{
	struct sums_row row = { .date = date };
	sqlite3_stmt *statement = sql_prepare(sql, question->clients ? clients : rows);
	struct known known = { .clients = 0 };

	known_read(sql, &known, !question->clients);
	sql_bind_number(sql, statement, 1, sums->since_ms);
	while (question->result == 0 && statement && sql_step(sql, statement)) {
		if (get_row(statement, &known, &row))
			tell(question, &row);
	}
	(void)sqlite3_finalize(statement);
	known_release(&known);
	return sql->error;
}

/* The sums of one client that are coarse beyond a client, or not, as one row. */
static void tell_client(const struct sums *sums, struct sums_question *question,
			const struct today *today, size_t first, size_t end, bool network,
			struct sums_row *row)
{
	int64_t first_ms = INT64_MAX, last_ms = INT64_MIN;
	int coarse = 0;

	for (size_t i = first; i < end; i++) {
		const struct today_sum *sum = &today->sum[i];
		const int bits = today->kind[sum->kind].coarse;

		if ((bits > 1) != network || sum->last_ms < sums->since_ms)
			continue;
		coarse = bits > coarse ? bits : coarse;
		first_ms = sum->first_ms < first_ms ? sum->first_ms : first_ms;
		last_ms = sum->last_ms > last_ms ? sum->last_ms : last_ms;
	}
	if (question->result == 0 && set_times(row, coarse, first_ms, last_ms))
		tell(question, row);
}

static void tell_sums(const struct sums *sums, struct sums_question *question,
		      const struct today *today, const struct known *known, size_t first,
		      size_t end, struct sums_row *row)
{
	for (size_t i = first; question->result == 0 && i < end; i++) {
		const struct today_sum *sum = &today->sum[i];
		const struct today_kind *kind = &today->kind[sum->kind];

		row->count = sum->count;
		if (sum->last_ms >= sums->since_ms &&
		    set_times(row, kind->coarse, sum->first_ms, sum->last_ms) &&
		    set_verdict(known, kind, row))
			tell(question, row);
	}
}

static int ask_open(const struct sums *sums, struct sums_question *question, int32_t date,
		    struct sql *sql, const struct today *today)
{
	struct known known = { .clients = 0 };

	known_read(sql, &known, !question->clients);
	for (size_t first = 0, end; !sql->error && question->result == 0 && first < today->sums;
	     first = end) {
		struct sums_row row = { .date = date };

		for (end = first; end < today->sums &&
		     today->sum[end].client == today->sum[first].client; end++)
			;
		if (!set_client(&known, today->sum[first].client, &row))
			continue;
		if (question->clients) {
			tell_client(sums, question, today, first, end, false, &row);
			tell_client(sums, question, today, first, end, true, &row);
		} else {
			tell_sums(sums, question, today, &known, first, end, &row);
		}
	}
	known_release(&known);
	return sql->error;
}

static int read_open(struct sums *sums, struct sums_question *question, struct open_day *day)
{
	if (!day->read)
		today_read(&day->today, &day->sql);
	day->read = true;
	return day->sql.error ? day->sql.error :
	       ask_open(sums, question, sums->days.file[day->file].date, &day->sql, &day->today);
}

static int read_day(struct sums *sums, struct sums_question *question, size_t file)
{
	const struct days_file *day = &sums->days.file[file];
	struct open_day late = { .file = file };
	char path[PATH_TEXT];
	int error;

	for (size_t i = 0; i < sums->opened; i++) {
		if (sums->open[i].file == file)
			return read_open(sums, question, &sums->open[i]);
	}
	path_of(sums, file, path);
	error = sql_open(&late.sql, path, day->kind == DAYS_CLOSED ? SQL_FROZEN : SQL_READ,
			 CACHE_KB);
	/* One more than a power cut leaves open: it is an old one, which changes no more. */
	if (!error && day->kind != DAYS_CLOSED)
		error = read_open(sums, question, &late);
	else if (!error)
		error = ask_closed(sums, question, day->date, &late.sql);
	today_release(&late.today);
	sql_close(&late.sql);
	return error;
}

static int read_all(struct sums *sums, struct sums_question *question, uint32_t *damaged)
{
	*damaged = 0;
	for (size_t i = 0; question->result == 0 && i < sums->days.count; i++) {
		const struct days_file *day = &sums->days.file[i];
		int bad = 0;

		/* A day's entries may have a clock that went wrong: a day more is read. */
		if (days_is_read(&sums->days, i) &&
		    (day->kind != DAYS_CLOSED ||
		     ((int64_t)day->date + 2) * DAY_MS >= sums->since_ms))
			bad = read_day(sums, question, i);
		/* Retention deleted it meanwhile. */
		*damaged += bad && bad != -ENOENT;
	}
	return question->result;
}

int sums_read(struct sums *sums, int (*each)(void *context, const struct sums_row *row),
	      void *context, uint32_t *damaged)
{
	struct sums_question question = { false, each, context, 0 };

	return read_all(sums, &question, damaged);
}

int sums_clients(struct sums *sums, int (*each)(void *context, const struct sums_row *row),
		 void *context, uint32_t *damaged)
{
	struct sums_question question = { true, each, context, 0 };

	return read_all(sums, &question, damaged);
}
