/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SQLite with this project's errors: 0 or -errno, sticky per connection, so that a series of steps
 * is checked once. After an error every call does nothing until sql_reset_error.
 *
 * -ENOSPC, -EDQUOT: the disk is full; -EIO: it failed; -EBADMSG: not a database, or a damaged one;
 * -EBUSY: another connection holds it; -EROFS; -ENOENT; -ENOMEM.
 */
struct sql {
	sqlite3 *db;	/* NULL: closed */
	int error;
};

enum sql_access {
	SQL_CREATE,	/* read and write, made if it does not exist */
	SQL_WRITE,	/* read and write what exists */
	SQL_READ,	/* read what another process writes */
	SQL_FROZEN	/* read what nobody writes any more: no locks, no side files */
};

enum { SQL_APPLICATION = 0x43524456 };	/* application_id of every database of the journal */

/*
 * Opens a database with the settings that every connection has: no schema that runs code, bounded
 * values, checked cells, no temporary file. cache_kb: memory for pages. 0 or -errno; sql_close is
 * due in either case.
 */
int sql_open(struct sql *sql, const char *path, enum sql_access access, unsigned int cache_kb)
	__attribute__((warn_unused_result));
void sql_close(struct sql *sql);

/* Runs statements that return no rows. */
int sql_run(struct sql *sql, const char *statements);

/* NULL after an error. Finalize with sqlite3_finalize. */
sqlite3_stmt *sql_prepare(struct sql *sql, const char *statement);

/* Values for the statement's parameters, from 1. blob NULL and text NULL bind NULL. */
void sql_bind_number(struct sql *sql, sqlite3_stmt *statement, int index, int64_t number);
void sql_bind_text(struct sql *sql, sqlite3_stmt *statement, int index, const char *text);
void sql_bind_blob(struct sql *sql, sqlite3_stmt *statement, int index, const void *data,
		   size_t size);
void sql_bind_null(struct sql *sql, sqlite3_stmt *statement, int index);

/* Of a row: a text, "" for NULL, which lasts until the next step; and a blob of just that size,
 * copied. False: it is NULL or of another size, and data stays as it is. */
const char *sql_text(sqlite3_stmt *row, int column);
bool sql_blob(sqlite3_stmt *row, int column, void *data, size_t size);

/* True: there is a row. False: there are no more, or an error; the statement is reset then. */
bool sql_step(struct sql *sql, sqlite3_stmt *statement);

/* Runs a statement that returns no row, and resets it. */
int sql_done(struct sql *sql, sqlite3_stmt *statement);

/* The first column of the first row; otherwise if there is none. */
int64_t sql_number(struct sql *sql, const char *statement, int64_t otherwise);

/* Makes the connection usable again; returns the error that it had. */
int sql_reset_error(struct sql *sql);
