/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/policies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/journal/days.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/sql.h"

enum { CACHE_KB = 256, PATH_TEXT = 512 };

static const char before[] =
	"SELECT n.seq, n.wall, b.id, n.actor, n.body FROM notice n JOIN boot b USING(boot)"
	" WHERE n.kind = ? AND n.seq < ? ORDER BY n.seq DESC";
static const char behind[] =
	"SELECT n.seq, n.wall, b.id, n.actor, n.body FROM notice n JOIN boot b USING(boot)"
	" WHERE n.kind = ? AND n.seq > ? ORDER BY n.seq";

static bool take_row(sqlite3_stmt *row, const char *state, struct policy_notice *notice)
{
	const char *of = NULL;
	json_t *members;

	if (notice_parse(sql_text(row, 4), &members) == 0)
		of = json_string_value(json_object_get(members, "state"));
	if (!of || strcmp(of, state) != 0) {
		json_decref(members);
		return false;
	}
	*notice = (struct policy_notice){
		.sequence = (uint64_t)sqlite3_column_int64(row, 0),
		.wall_ms = sqlite3_column_int64(row, 1), .members = members,
	};
	snprintf(notice->boot, sizeof(notice->boot), "%s", sql_text(row, 2));
	snprintf(notice->actor, sizeof(notice->actor), "%s", sql_text(row, 3));
	return true;
}

static bool find_in(const char *path, const struct days_file *file, const char *query,
		    uint64_t sequence, const char *state, struct policy_notice *notice)
{
	struct sql sql;
	sqlite3_stmt *row = NULL;
	bool found = false;

	if (sql_open(&sql, path, file->kind == DAYS_CLOSED ? SQL_FROZEN : SQL_READ,
		     CACHE_KB) == 0) {
		row = sql_prepare(&sql, query);
		sql_bind_text(&sql, row, 1, NOTICE_POLICY);
		sql_bind_number(&sql, row, 2, (int64_t)sequence);
		while (!found && row && sql_step(&sql, row))
			found = take_row(row, state, notice);
	}
	(void)sqlite3_finalize(row);
	sql_close(&sql);
	return found;
}

/* In all days, from the newest or from the oldest. */
static bool find(const char *folder, const struct days *days, bool backwards, uint64_t sequence,
		 const char *state, struct policy_notice *notice)
{
	for (size_t i = 0; i < days->count; i++) {
		const size_t index = backwards ? days->count - 1 - i : i;
		char path[PATH_TEXT], name[DAYS_NAME];

		if (!days_is_read(days, index))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder,
			 days_print(&days->file[index], name));
		if (find_in(path, &days->file[index], backwards ? before : behind, sequence, state,
			    notice))
			return true;
	}
	return false;
}

int policies_find(const char *folder, uint64_t sequence, uint32_t state,
		  struct policy_notice *notice)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	struct days days;
	char text[9];

	*notice = (struct policy_notice){ .members = NULL };
	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%08x", state);
	error = days_list(fd, &days);
	close(fd);
	if (!error && !find(folder, &days, true, sequence, text, notice) &&
	    !find(folder, &days, false, sequence, text, notice))
		error = -ENOENT;
	days_free(&days);
	return error;
}
