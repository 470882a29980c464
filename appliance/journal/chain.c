/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/chain.h"

#include <errno.h>

sqlite3_stmt *chain_leaves(struct sql *sql)
{
	return sql_prepare(sql, "SELECT first, last, entries, events, wall, hash, id FROM batch"
				" LEFT JOIN boot USING(boot) ORDER BY first");
}

bool chain_leaf(sqlite3_stmt *row, struct tree_leaf *leaf)
{
	*leaf = (struct tree_leaf){
		.first = (uint64_t)sqlite3_column_int64(row, 0),
		.last = (uint64_t)sqlite3_column_int64(row, 1),
		.entries = (uint64_t)sqlite3_column_int64(row, 2),
		.events = (uint64_t)sqlite3_column_int64(row, 3),
		.wall_ms = sqlite3_column_int64(row, 4),
		.boot_id = (const char *)sqlite3_column_text(row, 6),
	};
	return leaf->boot_id && sql_blob(row, 5, leaf->hash, DIGEST_SIZE);
}

void chain_begin(struct sql *sql, const struct tree *tree)
{
	sqlite3_stmt *statement = sql_prepare(sql, "INSERT INTO tree VALUES(?)");
	uint8_t range[TREE_BYTES];

	sql_bind_blob(sql, statement, 1, range, tree_encode(tree, range));
	sql_done(sql, statement);
	(void)sqlite3_finalize(statement);
}

int chain_start(struct sql *sql, struct tree *tree)
{
	sqlite3_stmt *statement = sql_prepare(sql, "SELECT range FROM tree");
	int error = -EBADMSG;

	if (sql_step(sql, statement)) {
		const void *range = sqlite3_column_blob(statement, 0);

		if (range)
			error = tree_decode(tree, range,
					    (size_t)sqlite3_column_bytes(statement, 0));
	}
	(void)sqlite3_finalize(statement);
	if (!error && tree->begin != 0)
		error = -EBADMSG;
	return sql->error ? sql->error : error;
}

/* Appends the rows of leaves until the range ends there. */
static int append_until(struct sql *sql, sqlite3_stmt *leaves, struct tree *range, uint64_t end)
{
	int error = 0;

	while (!error && range->end < end && sql_step(sql, leaves)) {
		uint8_t hash[DIGEST_SIZE];
		struct tree_leaf leaf;

		error = chain_leaf(leaves, &leaf) ? tree_leaf(&leaf, hash) : -EBADMSG;
		if (!error)
			error = tree_append(range, hash);
	}
	return error ? error : sql->error;
}

int chain_extend(struct sql *sql, struct tree *range)
{
	sqlite3_stmt *leaves = chain_leaves(sql);
	int error = append_until(sql, leaves, range, UINT64_MAX);

	(void)sqlite3_finalize(leaves);
	return error;
}

int chain_read(struct sql *sql, struct tree *tree)
{
	int error = chain_start(sql, tree);

	return error ? error : chain_extend(sql, tree);
}

int chain_since(struct sql *sql, const struct tree *before, struct tree *since)
{
	sqlite3_stmt *leaves = chain_leaves(sql);
	struct tree tree;
	int error = chain_start(sql, &tree);

	if (!error)
		error = append_until(sql, leaves, &tree, before->end);
	if (!error && !tree_equal(&tree, before))
		error = -EBADMSG;
	tree_init(since, before->end);
	if (!error)
		error = append_until(sql, leaves, since, UINT64_MAX);
	(void)sqlite3_finalize(leaves);
	return error;
}

int chain_checkpoint(struct sql *sql, const char *note)
{
	sqlite3_stmt *statement = sql_prepare(sql, "INSERT INTO checkpoint(note) VALUES(?)");

	sql_bind_text(sql, statement, 1, note);
	sql_done(sql, statement);
	(void)sqlite3_finalize(statement);
	return sql_reset_error(sql);
}
