/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/sql.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	VALUE_MAX = 256 * 1024,		/* bytes; the longest is a difference of settings */
	PATH_MAX_TEXT = 512
};

/* What the operating system said, where SQLite tells only that it failed. */
static int system_error(sqlite3 *db, int otherwise)
{
	int error = db ? sqlite3_system_errno(db) : 0;

	return error > 0 ? -error : otherwise;
}

static int to_errno(sqlite3 *db, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
		return system_error(db, -EIO);
	case SQLITE_CANTOPEN:
		return system_error(db, -ENOENT);
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:	/* a table that should be there is not */
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

static void keep(struct sql *sql, int code)
{
	if (!sql->error)
		sql->error = to_errno(sql->db, code);
}

int sql_reset_error(struct sql *sql)
{
	int error = sql->error;

	sql->error = 0;
	return error;
}

static const int flags[] = {
	[SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	[SQL_WRITE] = SQLITE_OPEN_READWRITE,
	[SQL_READ] = SQLITE_OPEN_READONLY,
	[SQL_FROZEN] = SQLITE_OPEN_READONLY,
};

/*
 * access() asks for the real user without capabilities. A process that reads as another user what
 * CAP_DAC_READ_SEARCH lets it read would see no WAL beside a copy of root's.
 */
static int look(const char *path, int mode)
{
	struct stat status;

	return mode == F_OK ? stat(path, &status) : access(path, mode);
}

static void prepare_files(void)
{
	static _Atomic bool done;
	sqlite3_vfs *files = done ? NULL : sqlite3_vfs_find(NULL);

	if (files && files->iVersion >= 3)
		(void)files->xSetSystemCall(files, "access", (sqlite3_syscall_ptr)look);
	done = true;
}

static int open_as(struct sql *sql, const char *path, enum sql_access access)
{
	char uri[PATH_MAX_TEXT];

	*sql = (struct sql){ .error = 0 };
	prepare_files();
	/* Every path is one of the store's own names in a folder without "?" and "%". */
	if (snprintf(uri, sizeof(uri), "file:%s%s", path,
		     access == SQL_FROZEN ? "?immutable=1" : "") >= (int)sizeof(uri))
		return sql->error = -ENAMETOOLONG;
	keep(sql, sqlite3_open_v2(uri, &sql->db, flags[access] | SQLITE_OPEN_URI |
				  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL));
	return sql->error;
}

/*
 * A user who may only read the files cannot make the file "-shm", which is gone when the
 * writer ended in order. Then nothing is left in the WAL, and the database is whole by itself.
 */
static bool is_at_rest(struct sql *sql, const char *path)
{
	char wal[PATH_MAX_TEXT];
	struct stat status;
	sqlite3_stmt *probe = NULL;
	int code = sqlite3_prepare_v2(sql->db, "SELECT 1 FROM sqlite_master", -1, &probe, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(probe);
	(void)sqlite3_finalize(probe);
	return ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY) &&
	       snprintf(wal, sizeof(wal), "%s-wal", path) < (int)sizeof(wal) &&
	       (stat(wal, &status) < 0 ? errno == ENOENT : status.st_size == 0);
}

/* Is there something with this name that is no regular file? SQLite would wait for a FIFO, and
 * follow a link. */
static bool is_odd(const char *path, const char *side)
{
	char name[PATH_MAX_TEXT];
	struct stat status;

	return snprintf(name, sizeof(name), "%s%s", path, side) < (int)sizeof(name) &&
	       lstat(name, &status) == 0 && !S_ISREG(status.st_mode);
}

int sql_open(struct sql *sql, const char *path, enum sql_access access, unsigned int cache_kb)
{
	char cache[64];

	*sql = (struct sql){ .error = 0 };
	if (is_odd(path, "") || is_odd(path, "-wal") || is_odd(path, "-shm") ||
	    is_odd(path, "-journal"))
		return sql->error = -EBADMSG;
	if (open_as(sql, path, access) == 0 && access == SQL_READ && is_at_rest(sql, path)) {
		sql_close(sql);
		(void)open_as(sql, path, SQL_FROZEN);
	}
	if (sql->error)
		return sql->error;
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	(void)sqlite3_limit(sql->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	(void)sqlite3_limit(sql->db, SQLITE_LIMIT_ATTACHED, 2);
	snprintf(cache, sizeof(cache), "PRAGMA cache_size = -%u", cache_kb);
	sql_run(sql, "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;"
		     "PRAGMA mmap_size = 0");
	return sql_run(sql, cache);
}

void sql_close(struct sql *sql)
{
	if (sql->db)
		(void)sqlite3_close_v2(sql->db);
	sql->db = NULL;
}

int sql_run(struct sql *sql, const char *statements)
{
	if (!sql->error)
		keep(sql, sqlite3_exec(sql->db, statements, NULL, NULL, NULL));
	return sql->error;
}

sqlite3_stmt *sql_prepare(struct sql *sql, const char *statement)
{
	sqlite3_stmt *prepared = NULL;

	if (!sql->error)
		keep(sql, sqlite3_prepare_v3(sql->db, statement, -1, SQLITE_PREPARE_PERSISTENT,
					     &prepared, NULL));
	return prepared;
}

void sql_bind_number(struct sql *sql, sqlite3_stmt *statement, int index, int64_t number)
{
	if (!sql->error)
		keep(sql, sqlite3_bind_int64(statement, index, number));
}

void sql_bind_text(struct sql *sql, sqlite3_stmt *statement, int index, const char *text)
{
	if (!sql->error)
		keep(sql, sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT));
}

void sql_bind_blob(struct sql *sql, sqlite3_stmt *statement, int index, const void *data,
		   size_t size)
{
	if (!sql->error)
		keep(sql, sqlite3_bind_blob64(statement, index, data, size, SQLITE_TRANSIENT));
}

void sql_bind_null(struct sql *sql, sqlite3_stmt *statement, int index)
{
	if (!sql->error)
		keep(sql, sqlite3_bind_null(statement, index));
}

const char *sql_text(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

bool sql_blob(sqlite3_stmt *row, int column, void *data, size_t size)
{
	const void *blob = sqlite3_column_blob(row, column);

	if (!blob || (size_t)sqlite3_column_bytes(row, column) != size)
		return false;
	memcpy(data, blob, size);
	return true;
}

bool sql_step(struct sql *sql, sqlite3_stmt *statement)
{
	int code;

	if (sql->error)
		return false;
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		keep(sql, code);
	(void)sqlite3_reset(statement);
	return false;
}

int sql_done(struct sql *sql, sqlite3_stmt *statement)
{
	(void)sql_step(sql, statement);
	if (statement)
		(void)sqlite3_reset(statement);
	return sql->error;
}

int64_t sql_number(struct sql *sql, const char *statement, int64_t otherwise)
{
	sqlite3_stmt *prepared = sql_prepare(sql, statement);
	int64_t number = otherwise;

	if (prepared && sql_step(sql, prepared) &&
	    sqlite3_column_type(prepared, 0) != SQLITE_NULL)
		number = sqlite3_column_int64(prepared, 0);
	(void)sqlite3_finalize(prepared);
	return number;
}
