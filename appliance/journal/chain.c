/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/chain.h"

#include <errno.h>
#include <string.h>

sqlite3_stmt *chain_leaves(struct sql *sql)
{
	return sql_prepare(sql, "SELECT first, last, entries, events, wall, hash, id FROM batch"
				" LEFT JOIN boot USING(boot) ORDER BY first");
}

bool chain_leaf(sqlite3_stmt *row, struct tree_leaf *leaf)
{
	const void *hash = sqlite3_column_blob(row, 5);

	*leaf = (struct tree_leaf){
		.first = (uint64_t)sqlite3_column_int64(row, 0),
		.last = (uint64_t)sqlite3_column_int64(row, 1),
		.entries = (uint64_t)sqlite3_column_int64(row, 2),
		.events = (uint64_t)sqlite3_column_int64(row, 3),
		.wall_ms = sqlite3_column_int64(row, 4),
		.boot_id = (const char *)sqlite3_column_text(row, 6),
	};
	if (!hash || sqlite3_column_bytes(row, 5) != DIGEST_SIZE || !leaf->boot_id)
		return false;
	memcpy(leaf->hash, hash, DIGEST_SIZE);
	return true;
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

int chain_read(struct sql *sql, struct tree *tree)
{
	int error = chain_start(sql, tree);
	sqlite3_stmt *statement = chain_leaves(sql);

	while (!error && sql_step(sql, statement)) {
		uint8_t hash[DIGEST_SIZE];
		struct tree_leaf leaf;

		error = chain_leaf(statement, &leaf) ? tree_leaf(&leaf, hash) : -EBADMSG;
		if (!error)
			error = tree_append(tree, hash);
	}
	(void)sqlite3_finalize(statement);
	return error ? error : sql->error;
}

int chain_checkpoint(struct sql *sql, const char *note)
{
	sqlite3_stmt *statement = sql_prepare(sql, "INSERT INTO checkpoint(note) VALUES(?)");

	sql_bind_text(sql, statement, 1, note);
	sql_done(sql, statement);
	(void)sqlite3_finalize(statement);
	return sql_reset_error(sql);
}
