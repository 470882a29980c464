/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/day.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "appliance/base/cursor.h"
#include "appliance/journal/chain.h"
#include "appliance/journal/notice.h"

enum {
	CACHE_KB = 512,
	CLIENTS = 512,		/* rows whose number is known without asking; powers of two */
	SUBJECTS = 1024
};

static const char schema[] =
	"CREATE TABLE appliance(id TEXT NOT NULL, seed INTEGER NOT NULL);"
	"CREATE TABLE boot(boot INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);"
	"CREATE TABLE rule(rule INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, state INTEGER,"
	" number INTEGER, id TEXT, category INTEGER, confidence INTEGER, evidence TEXT,"
	" versions TEXT);"
	"CREATE TABLE client(client INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE,"
	" address BLOB, mac BLOB, interface TEXT, forwarder INTEGER);"
	"CREATE TABLE subject(subject INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE,"
	" rule INTEGER, state INTEGER, number INTEGER, channel INTEGER, action INTEGER,"
	" would INTEGER, inbound INTEGER, coarse INTEGER, qtype INTEGER, protocol INTEGER,"
	" port INTEGER, resolver BLOB, address BLOB, name BLOB);"
	"CREATE TABLE event(seq INTEGER PRIMARY KEY, boot INTEGER, wall INTEGER, uptime INTEGER,"
	" client INTEGER, subject INTEGER, port INTEGER, count INTEGER, span INTEGER);"
	"CREATE TABLE notice(seq INTEGER PRIMARY KEY, boot INTEGER, wall INTEGER,"
	" uptime INTEGER, kind TEXT, actor TEXT, body TEXT);"
	CHAIN_SCHEMA;

struct day_statements {
	sqlite3_stmt *add_rule, *find_rule;
	sqlite3_stmt *add_client, *find_client;
	sqlite3_stmt *add_subject, *find_subject;
	sqlite3_stmt *add_event, *add_notice, *add_batch;
};

/* Rows found before; key 0: none. */
struct day_place {
	int64_t key;
	int64_t row;
};

struct day_cache {
	struct day_place client[CLIENTS];
	struct day_place subject[SUBJECTS];
};

static void prepare(struct day *day)
{
	struct day_statements *all = day->statements;
	struct sql *sql = &day->sql;

	all->add_rule = sql_prepare(sql, "INSERT OR IGNORE INTO rule(key,state,number,id,category,"
		"confidence,evidence,versions) VALUES(?,?,?,?,?,?,?,?)");
	all->find_rule = sql_prepare(sql, "SELECT rule FROM rule WHERE key=?");
	all->add_client = sql_prepare(sql, "INSERT INTO client(key,address,mac,interface,"
		"forwarder) VALUES(?,?,?,?,?)");
	all->find_client = sql_prepare(sql, "SELECT client FROM client WHERE key=?");
	all->add_subject = sql_prepare(sql, "INSERT INTO subject(key,rule,state,number,channel,"
		"action,would,inbound,coarse,qtype,protocol,port,resolver,address,name)"
		" VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	all->find_subject = sql_prepare(sql, "SELECT subject FROM subject WHERE key=?");
	all->add_event = sql_prepare(sql, "INSERT OR IGNORE INTO event VALUES(?,?,?,?,?,?,?,?,?)");
	all->add_notice = sql_prepare(sql, "INSERT OR IGNORE INTO notice VALUES(?,?,?,?,?,?,?)");
	all->add_batch = sql_prepare(sql, "INSERT OR IGNORE INTO batch VALUES(?,?,?,?,?,?,?)");
}

static void finalize(struct day_statements *all)
{
	sqlite3_stmt *each[] = {
		all->add_rule, all->find_rule, all->add_client, all->find_client,
		all->add_subject, all->find_subject, all->add_event, all->add_notice,
		all->add_batch,
	};

	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++)
		(void)sqlite3_finalize(each[i]);
}

/* ---- opening ---- */

/* New: the schema, and a secret seed, so that nobody can choose subjects with equal keys. */
static void create(struct day *day, const char *appliance, const struct tree *tree)
{
	sqlite3_stmt *statement;
	char pragma[128];
	int64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		day->sql.error = -EIO;
		return;
	}
	sql_run(&day->sql, "BEGIN IMMEDIATE");
	sql_run(&day->sql, schema);
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 SQL_APPLICATION, DAY_VERSION);
	sql_run(&day->sql, pragma);
	statement = sql_prepare(&day->sql, "INSERT INTO appliance VALUES(?,?)");
	sql_bind_text(&day->sql, statement, 1, appliance);
	sql_bind_number(&day->sql, statement, 2, seed);
	sql_done(&day->sql, statement);
	(void)sqlite3_finalize(statement);
	chain_begin(&day->sql, tree);
	sql_run(&day->sql, "COMMIT");
}

static enum day_state judge(struct day *day)
{
	int64_t tables = sql_number(&day->sql, "SELECT count(*) FROM sqlite_schema", -1);
	int64_t application = sql_number(&day->sql, "PRAGMA application_id", 0);
	int64_t version = sql_number(&day->sql, "PRAGMA user_version", 0);

	if (day->sql.error)
		return DAY_FOREIGN;
	if (tables == 0 && application == 0)
		return DAY_NEW;
	if (application != SQL_APPLICATION || version < 1)
		return DAY_FOREIGN;
	return version > DAY_VERSION ? DAY_NEWER : DAY_FINE;
}

int day_open(struct day *day, const char *path, const char *appliance, const struct tree *tree,
	     enum day_state *state)
{
	int error;

	*state = DAY_FINE;
	*day = (struct day){ .boot = 0 };
	day->statements = calloc(1, sizeof(*day->statements));
	day->cache = calloc(1, sizeof(*day->cache));
	if (!day->statements || !day->cache)
		return -ENOMEM;
	error = sql_open(&day->sql, path, SQL_CREATE, CACHE_KB);
	if (error == -EBADMSG)
		*state = DAY_FOREIGN;
	if (error)
		return error;
	*state = judge(day);
	if (*state == DAY_FOREIGN || *state == DAY_NEWER)
		return day->sql.error && day->sql.error != -EBADMSG ? day->sql.error : -EBADMSG;
	/* The store syncs and checkpoints from a thread of its own (tidy.h). */
	sql_run(&day->sql, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			   "PRAGMA wal_autocheckpoint = 0");
	if (*state == DAY_NEW)
		create(day, appliance, tree);
	day->seed = (uint64_t)sql_number(&day->sql, "SELECT seed FROM appliance", 0);
	prepare(day);
	error = day->sql.error ? day->sql.error : chain_read(&day->sql, &day->tree);
	if (error == -EBADMSG)
		*state = DAY_FOREIGN;
	return error;
}

void day_close(struct day *day)
{
	if (day->statements)
		finalize(day->statements);
	free(day->statements);
	free(day->cache);
	sql_close(&day->sql);
	day->statements = NULL;
	day->cache = NULL;
}

void day_read_end(struct sql *sql, struct day_end *end)
{
	sqlite3_stmt *notice, *event;

	*end = (struct day_end){ .last = 0 };
	notice = sql_prepare(sql, "SELECT seq, wall, kind = ? FROM notice"
				  " ORDER BY seq DESC LIMIT 1");
	sql_bind_text(sql, notice, 1, NOTICE_STOP);
	if (notice && sql_step(sql, notice))
		*end = (struct day_end){ .last = (uint64_t)sqlite3_column_int64(notice, 0),
					 .wall_ms = sqlite3_column_int64(notice, 1),
					 .stopped = sqlite3_column_int(notice, 2) };
	(void)sqlite3_finalize(notice);
	event = sql_prepare(sql, "SELECT seq, wall FROM event ORDER BY seq DESC LIMIT 1");
	if (event && sql_step(sql, event) &&
	    (uint64_t)sqlite3_column_int64(event, 0) > end->last)
		*end = (struct day_end){ .last = (uint64_t)sqlite3_column_int64(event, 0),
					 .wall_ms = sqlite3_column_int64(event, 1) };
	(void)sqlite3_finalize(event);
}

/* ---- rows that many events share ---- */

/* Keyed by the seed; 0 is no key. */
static int64_t key_of(const struct day *day, uint8_t *data, size_t size)
{
	uint8_t digest[DIGEST_SIZE];
	struct cursor cursor;
	int64_t key;

	memcpy(data, &day->seed, sizeof(day->seed));
	if (digest_sha256(data, size, digest) < 0)
		return 0;
	cursor = cursor_reader(digest, sizeof(digest));
	key = (int64_t)cursor_get64(&cursor);
	return key ? key : 1;
}

/* The row with this key, or 0; *place: where to remember it. */
static int64_t find_row(struct day *day, struct day_place *table, size_t places, sqlite3_stmt *find,
			int64_t key, struct day_place **place)
{
	*place = &table[(uint64_t)key % places];
	if ((*place)->key == key)
		return (*place)->row;
	(*place)->key = 0;
	sql_bind_number(&day->sql, find, 1, key);
	if (sql_step(&day->sql, find))
		**place = (struct day_place){ key, sqlite3_column_int64(find, 0) };
	if (find)
		(void)sqlite3_reset(find);
	return (*place)->key == key ? (*place)->row : 0;
}

/* A new row's number, remembered. */
static int64_t added(struct day *day, sqlite3_stmt *statement, struct day_place *place, int64_t key)
{
	if (sql_done(&day->sql, statement) < 0)
		return 0;
	*place = (struct day_place){ key, sqlite3_last_insert_rowid(day->sql.db) };
	return place->row;
}

static void bind_addr(struct day *day, sqlite3_stmt *statement, int index,
		      const struct addr *addr)
{
	sql_bind_blob(&day->sql, statement, index, addr ? addr->bytes : NULL,
		      sizeof(addr->bytes));
}

static int64_t client_row(struct day *day, const struct entry_event *entry)
{
	sqlite3_stmt *add = day->statements->add_client;
	const struct event *event = &entry->event;
	uint8_t data[64];
	struct cursor cursor = cursor_writer(data, sizeof(data));
	struct day_place *place;
	int64_t key, row;

	cursor_put64(&cursor, 0);
	cursor_put8(&cursor, entry->forwarder);
	cursor_put(&cursor, event->client.bytes, sizeof(event->client.bytes));
	cursor_put8(&cursor, event->has_mac);
	if (event->has_mac)
		cursor_put(&cursor, event->mac, sizeof(event->mac));
	cursor_put(&cursor, entry->interface, strlen(entry->interface));
	key = key_of(day, data, cursor.at);
	row = find_row(day, day->cache->client, CLIENTS, day->statements->find_client, key,
		       &place);
	if (row || day->sql.error)
		return row;
	sql_bind_number(&day->sql, add, 1, key);
	bind_addr(day, add, 2, &event->client);
	sql_bind_blob(&day->sql, add, 3, event->has_mac ? event->mac : NULL,
		      sizeof(event->mac));
	sql_bind_text(&day->sql, add, 4, entry->interface[0] ? entry->interface : NULL);
	sql_bind_number(&day->sql, add, 5, entry->forwarder);
	return added(day, add, place, key);
}

static int64_t rule_row(struct day *day, uint64_t key)
{
	sqlite3_stmt *find = day->statements->find_rule;
	int64_t row = 0;

	sql_bind_number(&day->sql, find, 1, (int64_t)key);
	if (sql_step(&day->sql, find))
		row = sqlite3_column_int64(find, 0);
	if (find)
		(void)sqlite3_reset(find);
	return row;
}

/* 0, or 1 plus the bits of the client's address that are unknown (day.h). */
static uint8_t coarse_number(const struct entry_event *entry)
{
	return entry->coarse ? (uint8_t)(entry->host_bits + 1) : 0;
}

static void bind_subject(struct day *day, sqlite3_stmt *add, const struct entry_event *entry)
{
	const struct event *event = &entry->event;
	const int64_t numbers[] = {
		event->state, event->rule, event->channel, event->action, event->intended,
		event->inbound, coarse_number(entry), event->qtype, event->protocol, event->port,
	};

	if (entry->rule_key)
		sql_bind_number(&day->sql, add, 2, rule_row(day, entry->rule_key));
	else
		sql_bind_null(&day->sql, add, 2);
	for (int i = 0; i < (int)(sizeof(numbers) / sizeof(*numbers)); i++)
		sql_bind_number(&day->sql, add, 3 + i, numbers[i]);
	bind_addr(day, add, 13, event->has_resolver ? &event->resolver : NULL);
	bind_addr(day, add, 14, event->has_address ? &event->address : NULL);
	sql_bind_blob(&day->sql, add, 15, event->name.length ? event->name.wire : NULL,
		      event->name.length);
}

/* What is the same of two events that differ in client, time and count alone. */
static int64_t subject_row(struct day *day, const struct entry_event *entry)
{
	struct event event = entry->event;
	uint8_t data[EVENT_MAX + 32];
	sqlite3_stmt *add = day->statements->add_subject;
	struct day_place *place;
	int64_t key, row;
	size_t size;

	event.wall_ms = event.uptime_ms = 0;
	event.client = (struct addr){ { 0 } };
	event.client_port = 0;
	event.interface = 0;
	event.has_mac = false;
	event.count = 0;
	memcpy(data + 8, &entry->rule_key, sizeof(entry->rule_key));
	data[16] = coarse_number(entry);
	size = event_encode(&event, data + 17);
	key = key_of(day, data, 17 + size);
	row = find_row(day, day->cache->subject, SUBJECTS, day->statements->find_subject, key,
		       &place);
	if (row || day->sql.error)
		return row;
	sql_bind_number(&day->sql, add, 1, key);
	bind_subject(day, add, entry);
	return added(day, add, place, key);
}

/* ---- entries ---- */

static void find_boot(struct day *day, const char *boot_id)
{
	sqlite3_stmt *statement;

	if (day->boot && strcmp(day->boot_id, boot_id) == 0)
		return;
	day->boot = 0;
	snprintf(day->boot_id, sizeof(day->boot_id), "%s", boot_id);
	statement = sql_prepare(&day->sql, "INSERT OR IGNORE INTO boot(id) VALUES(?)");
	sql_bind_text(&day->sql, statement, 1, day->boot_id);
	sql_done(&day->sql, statement);
	(void)sqlite3_finalize(statement);
	statement = sql_prepare(&day->sql, "SELECT boot FROM boot WHERE id=?");
	sql_bind_text(&day->sql, statement, 1, day->boot_id);
	if (statement && sql_step(&day->sql, statement))
		day->boot = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
}

static void write_rule(struct day *day, const struct entry_rule *rule)
{
	sqlite3_stmt *add = day->statements->add_rule;

	sql_bind_number(&day->sql, add, 1, (int64_t)entry_rule_key(rule));
	sql_bind_number(&day->sql, add, 2, rule->state);
	sql_bind_number(&day->sql, add, 3, rule->index);
	sql_bind_text(&day->sql, add, 4, rule->id);
	sql_bind_number(&day->sql, add, 5, rule->category);
	sql_bind_number(&day->sql, add, 6, rule->confidence);
	sql_bind_text(&day->sql, add, 7, rule->evidence);
	sql_bind_text(&day->sql, add, 8, rule->versions);
	sql_done(&day->sql, add);
}

static void write_event(struct day *day, const struct log_entry *entry)
{
	const struct entry_event *event = &entry->event;
	const int64_t numbers[] = {
		(int64_t)entry->sequence, day->boot, event->event.wall_ms,
		event->event.uptime_ms, client_row(day, event), subject_row(day, event),
		event->event.client_port, (int64_t)event->event.count, event->span_ms,
	};
	sqlite3_stmt *add = day->statements->add_event;

	for (int i = 0; i < (int)(sizeof(numbers) / sizeof(*numbers)); i++)
		sql_bind_number(&day->sql, add, 1 + i, numbers[i]);
	sql_done(&day->sql, add);
}

static void write_notice(struct day *day, const struct log_entry *entry)
{
	sqlite3_stmt *add = day->statements->add_notice;

	sql_bind_number(&day->sql, add, 1, (int64_t)entry->sequence);
	sql_bind_number(&day->sql, add, 2, day->boot);
	sql_bind_number(&day->sql, add, 3, entry->notice.wall_ms);
	sql_bind_number(&day->sql, add, 4, entry->notice.uptime_ms);
	sql_bind_text(&day->sql, add, 5, entry->notice.kind);
	sql_bind_text(&day->sql, add, 6, entry->notice.actor);
	sql_bind_text(&day->sql, add, 7, entry->notice.body);
	sql_done(&day->sql, add);
}

static void write_batch(struct day *day, const struct tree_leaf *leaf)
{
	sqlite3_stmt *add = day->statements->add_batch;

	sql_bind_number(&day->sql, add, 1, (int64_t)leaf->first);
	sql_bind_number(&day->sql, add, 2, (int64_t)leaf->last);
	sql_bind_number(&day->sql, add, 3, (int64_t)leaf->entries);
	sql_bind_number(&day->sql, add, 4, (int64_t)leaf->events);
	sql_bind_number(&day->sql, add, 5, leaf->wall_ms);
	sql_bind_blob(&day->sql, add, 6, leaf->hash, sizeof(leaf->hash));
	sql_bind_number(&day->sql, add, 7, day->boot);
	sql_done(&day->sql, add);
}

/* The batch as a leaf, and the tree with it. A batch that is there already is no new leaf. */
static void add_leaf(struct day *day, const struct log_batch *batch, int64_t wall_ms,
		     struct tree *tree)
{
	const struct batch_summary summary = batch_summary(batch);
	struct tree_leaf leaf = {
		.first = summary.first, .last = summary.last, .entries = summary.entries,
		.events = summary.events, .wall_ms = wall_ms, .boot_id = day->boot_id,
	};
	uint8_t hash[DIGEST_SIZE];

	if (!day->sql.error)
		day->sql.error = batch_hash(batch, leaf.hash);
	write_batch(day, &leaf);
	if (!day->sql.error && sqlite3_changes(day->sql.db) > 0) {
		day->sql.error = tree_leaf(&leaf, hash);
		if (!day->sql.error)
			day->sql.error = tree_append(tree, hash);
		if (!day->sql.error)
			memcpy(day->leaf, hash, sizeof(hash));
	}
}

int day_write(struct day *day, const struct log_batch *batch, const char *boot_id, int64_t wall_ms)
{
	struct log_entry entry;
	struct tree tree = day->tree;
	size_t position = 0;
	int error;

	sql_run(&day->sql, "BEGIN IMMEDIATE");
	find_boot(day, boot_id);
	while (!day->sql.error && batch_next(batch, &position, &entry)) {
		if (entry.type == ENTRY_RULE)
			write_rule(day, &entry.rule);
		else if (entry.type == ENTRY_EVENT)
			write_event(day, &entry);
		else
			write_notice(day, &entry);
	}
	add_leaf(day, batch, wall_ms, &tree);
	sql_run(&day->sql, "COMMIT");
	error = sql_reset_error(&day->sql);
	if (error) {
		/* The rows that are known here went with the transaction. */
		day->boot = 0;
		memset(day->cache, 0, sizeof(*day->cache));
		(void)sqlite3_exec(day->sql.db, "ROLLBACK", NULL, NULL, NULL);
	} else {
		day->tree = tree;
	}
	return error;
}
