/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/past.h"

#include <errno.h>

#include "appliance/journal/chain.h"

enum { CACHE_KB = 64 };

static int open_day(struct sql *sql, const struct days_file *file)
{
	char name[DAYS_NAME];

	return sql_open(sql, days_print(file, name),
			file->kind == DAYS_CLOSED ? SQL_FROZEN : SQL_READ, CACHE_KB);
}

/* The range of this day's batches behind the tree. -EBADMSG: it does not go on from there. */
static int begin_range(const struct days_file *file, const struct tree *before, struct tree *since)
{
	struct tree start;
	struct sql sql;
	int error = open_day(&sql, file);

	if (!error)
		error = chain_start(&sql, &start);
	if (!error && start.end > before->end)
		error = -EBADMSG;
	if (!error)
		error = chain_since(&sql, before, since);
	sql_close(&sql);
	return error;
}

/* Goes on with the day if it begins where the range ends. */
static int extend_range(const struct days_file *file, struct tree *since)
{
	struct tree start;
	struct sql sql;
	int error = open_day(&sql, file);

	if (!error)
		error = chain_start(&sql, &start);
	if (!error && start.end == since->end)
		error = chain_extend(&sql, since);
	sql_close(&sql);
	return error;
}

int past_since(const struct days *days, const struct tree *before, struct tree *since)
{
	size_t i = days->count;
	int error = -EBADMSG;

	while (error == -EBADMSG && i-- > 0) {
		if (days_is_read(days, i))
			error = begin_range(&days->file[i], before, since);
	}
	while (!error && ++i < days->count) {
		if (days_is_read(days, i))
			error = extend_range(&days->file[i], since);
	}
	return error;
}
