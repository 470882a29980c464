/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/journal/sql.h"
#include "appliance/journal/tree.h"

/*
 * What a day's database holds for the tree over all batches (tree.h). Each day can be verified by
 * itself: it has the range of all leaves before it, so days that were deleted are not missed.
 *
 *	tree		one row: the range of the leaves before the day's first batch
 *	batch		the leaves, in the order of their first number
 *	checkpoint	signed notes (checkpoint.h) in the order in which they were made
 */
#define CHAIN_SCHEMA \
	"CREATE TABLE batch(first INTEGER PRIMARY KEY, last INTEGER, entries INTEGER," \
	" events INTEGER, wall INTEGER, hash BLOB, boot INTEGER);" \
	"CREATE TABLE tree(range BLOB NOT NULL);" \
	"CREATE TABLE checkpoint(number INTEGER PRIMARY KEY, note TEXT NOT NULL);"

/* Copies all of it from the attached database "open". */
#define CHAIN_COPY \
	"INSERT INTO batch SELECT * FROM open.batch;" \
	"INSERT INTO tree SELECT * FROM open.tree;" \
	"INSERT INTO checkpoint SELECT * FROM open.checkpoint;"

/* A statement that gives the leaves one by one, for chain_leaf; NULL after an error. */
sqlite3_stmt *chain_leaves(struct sql *sql);
/* Reads its row; boot_id lasts until the next step. False: no journal wrote this. */
bool chain_leaf(sqlite3_stmt *row, struct tree_leaf *leaf);

/* A new day begins with these leaves before it. The error is the connection's. */
void chain_begin(struct sql *sql, const struct tree *tree);

/* The tree before the day's first batch, and behind its last. 0; -EBADMSG: there is none. */
int chain_start(struct sql *sql, struct tree *tree) __attribute__((warn_unused_result));
int chain_read(struct sql *sql, struct tree *tree) __attribute__((warn_unused_result));

/* Appends the day's leaves to a range that ends where the day begins. 0 or -errno as above. */
int chain_extend(struct sql *sql, struct tree *range) __attribute__((warn_unused_result));

/*
 * The day began before this tree (which begins at 0) ended. *since becomes the range of the day's
 * leaves behind it. 0; -EBADMSG: the day's leaves are others, or there is no tree; -errno.
 */
int chain_since(struct sql *sql, const struct tree *before, struct tree *since)
	__attribute__((warn_unused_result));

/* Stores a checkpoint. 0 or -errno. */
int chain_checkpoint(struct sql *sql, const char *note) __attribute__((warn_unused_result));
