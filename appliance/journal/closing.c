/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/closing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/journal/chain.h"
#include "appliance/journal/day.h"
#include "appliance/journal/sql.h"
#include "appliance/journal/sums.h"

enum { CACHE_KB = 1024 };

static const char schema[] =
	"CREATE TABLE appliance(id TEXT NOT NULL, seed INTEGER NOT NULL);"
	"CREATE TABLE boot(boot INTEGER PRIMARY KEY, id TEXT NOT NULL);"
	"CREATE TABLE rule(rule INTEGER PRIMARY KEY, key INTEGER NOT NULL, state INTEGER,"
	" number INTEGER, id TEXT, category INTEGER, confidence INTEGER, evidence TEXT,"
	" versions TEXT);"
	"CREATE TABLE client(client INTEGER PRIMARY KEY, address BLOB, mac BLOB, interface TEXT,"
	" forwarder INTEGER);"
	"CREATE TABLE subject(subject INTEGER PRIMARY KEY, rule INTEGER, state INTEGER,"
	" number INTEGER, channel INTEGER, action INTEGER, would INTEGER, inbound INTEGER,"
	" coarse INTEGER, qtype INTEGER, protocol INTEGER, port INTEGER, resolver BLOB,"
	" address BLOB, name BLOB);"
	"CREATE TABLE event(seq INTEGER, boot INTEGER, wall INTEGER, uptime INTEGER,"
	" client INTEGER, subject INTEGER, port INTEGER, count INTEGER, span INTEGER,"
	" PRIMARY KEY(client, seq)) WITHOUT ROWID;"
	"CREATE TABLE notice(seq INTEGER PRIMARY KEY, boot INTEGER, wall INTEGER,"
	" uptime INTEGER, kind TEXT, actor TEXT, body TEXT);"
	CHAIN_SCHEMA
	"CREATE TABLE tally(client INTEGER, coarse INTEGER, rule INTEGER, channel INTEGER,"
	" action INTEGER, would INTEGER, resolver BLOB, count INTEGER, first INTEGER,"
	" last INTEGER);"
	"CREATE TABLE sighting(client INTEGER, coarse INTEGER, first INTEGER, last INTEGER);";

static const char copy[] =
	"INSERT INTO appliance SELECT * FROM open.appliance;"
	"INSERT INTO boot SELECT * FROM open.boot;"
	"INSERT INTO rule SELECT * FROM open.rule;"
	"INSERT INTO client SELECT client,address,mac,interface,forwarder FROM open.client;"
	"INSERT INTO subject SELECT subject,rule,state,number,channel,action,would,inbound,"
	" coarse,qtype,protocol,port,resolver,address,name FROM open.subject;"
	"INSERT INTO notice SELECT * FROM open.notice;"
	CHAIN_COPY;

#define FOLDED \
	"INSERT INTO event SELECT min(seq), boot, min(wall), min(uptime), client, subject, 0," \
	" sum(count), max(wall + span) - min(wall) FROM open.event" \
	" GROUP BY client, subject, boot"

static const char *const events[DAYS_GRAINS] = {
	[DAYS_MINUTES] = "INSERT INTO event SELECT seq,boot,wall,uptime,client,subject,port,"
		"count,span FROM open.event ORDER BY client, seq",
	[DAYS_HOURS] = FOLDED ", wall / 3600000 ORDER BY client, min(seq)",
	[DAYS_WHOLE] = FOLDED " ORDER BY client, min(seq)",
};

static const char summary[] =
	"CREATE INDEX event_seq ON event(seq);"
	"INSERT INTO tally " SUMS_OF_EVENTS ";"
	"INSERT INTO sighting " SUMS_OF_CLIENTS ";";

static void attach(struct sql *sql, const char *path)
{
	sqlite3_stmt *statement = sql_prepare(sql, "ATTACH ? AS open");

	sql_bind_text(sql, statement, 1, path);
	sql_done(sql, statement);
	(void)sqlite3_finalize(statement);
}

/* No journal: what fails half way is deleted as a whole. */
static int write_new(const char *open_path, const char *new_path, enum days_grain grain)
{
	struct sql sql;
	char pragma[128];
	int error;

	error = sql_open(&sql, new_path, SQL_CREATE, CACHE_KB);
	/* What has to be sorted and is larger than the cache goes to a file without a name. */
	sql_run(&sql, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		      "PRAGMA temp_store = FILE");
	attach(&sql, open_path);
	snprintf(pragma, sizeof(pragma),
		 "PRAGMA main.application_id = %d; PRAGMA main.user_version = %d",
		 SQL_APPLICATION, DAY_VERSION);
	sql_run(&sql, "BEGIN");
	sql_run(&sql, pragma);
	sql_run(&sql, schema);
	sql_run(&sql, copy);
	sql_run(&sql, events[grain]);
	sql_run(&sql, summary);
	sql_run(&sql, "COMMIT");
	error = error ? error : sql.error;
	sql_close(&sql);
	return error;
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

int closing_write(const char *open_path, const char *new_path, enum days_grain grain)
{
	int error;

	if (unlink(new_path) < 0 && errno != ENOENT)
		return -errno;
	error = write_new(open_path, new_path, grain);
	if (!error)
		error = sync_file(new_path);
	if (error)
		(void)unlink(new_path);
	return error;
}

static const char *print_new(const struct days_file *day, char name[DAYS_NAME])
{
	const struct days_file new = { .number = day->number, .date = day->date,
				       .kind = DAYS_NEW };

	return days_print(&new, name);
}

static int write_beside(const struct days_file *day, enum days_grain grain)
{
	char from[DAYS_NAME], new[DAYS_NAME];

	return closing_write(days_print(day, from), print_new(day, new), grain);
}

int closing_fold_done(int folder, const struct days_file *day, const struct days_file *folded)
{
	char new[DAYS_NAME], name[DAYS_NAME];
	int error = 0;

	if (renameat(folder, print_new(day, new), folder, days_print(folded, name)) < 0 ||
	    fsync(folder) < 0)
		error = -errno;
	return error ? error : days_remove(folder, day);
}

int closing_day(int folder, const struct days_file *day)
{
	struct days_file closed = *day;
	int error = write_beside(day, DAYS_MINUTES);

	closed.kind = DAYS_CLOSED;
	return error ? error : closing_fold_done(folder, day, &closed);
}

int closing_fold(int folder, const struct days_file *day, struct days_file *folded)
{
	const struct days_file from = *day;
	char name[DAYS_NAME];
	struct stat status;
	int error;

	if (from.grain >= DAYS_WHOLE)
		return -EINVAL;
	*folded = from;
	folded->grain++;
	error = write_beside(&from, folded->grain);
	if (!error && fstatat(folder, print_new(&from, name), &status, AT_SYMLINK_NOFOLLOW) < 0)
		error = -errno;
	if (!error)
		folded->size = (uint64_t)status.st_blocks * 512;
	return error;
}
