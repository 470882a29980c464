/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/names_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/ipc/event.h"
#include "appliance/journal/days.h"
#include "appliance/journal/sql.h"
#include "rules/policy/name.h"

enum { CACHE_KB = 512, BEFORE_MS = 86400000, AFTER_DAYS = 8 };

/* A closed day finds the events by their client, an open one walks over all. */
static const char closed[] =
	"SELECT c.mac, s.name, min(e.wall), max(e.wall + e.span) FROM client c"
	" CROSS JOIN event e ON e.client = c.client CROSS JOIN subject s ON s.subject = e.subject"
	" WHERE c.address = ?1 AND s.channel = ?2 GROUP BY c.mac, s.name";
static const char open_day[] =
	"SELECT c.mac, s.name, min(e.wall), max(e.wall + e.span) FROM event e"
	" CROSS JOIN subject s ON s.subject = e.subject CROSS JOIN client c ON c.client = e.client"
	" WHERE c.address = ?1 AND s.channel = ?2 GROUP BY c.mac, s.name";

static bool get_naming(sqlite3_stmt *row, struct naming *naming)
{
	const void *wire = sqlite3_column_blob(row, 1);
	char text[NAME_TEXT];
	struct name name;

	*naming = (struct naming){
		.source = NAMING_DHCP_SEEN, .has_mac = true,
		.from_ms = sqlite3_column_int64(row, 2) - BEFORE_MS,
		.until_ms = sqlite3_column_int64(row, 3) + (int64_t)AFTER_DAYS * BEFORE_MS,
	};
	if (!sql_blob(row, 0, naming->mac, MAC_SIZE) || !wire ||
	    name_from_wire(&name, wire, (size_t)sqlite3_column_bytes(row, 1)) < 0)
		return false;
	name_print(name.wire, text);
	naming_text(naming->name, sizeof(naming->name), text, strlen(text));
	return mac_is_device(naming->mac);
}

static int read_day(struct names *names, const char *folder, const struct days_file *day,
		    int *damage)
{
	const struct addr nobody = addr_v4(0);
	const bool is_closed = day->kind == DAYS_CLOSED;
	char path[512], text[DAYS_NAME];
	sqlite3_stmt *row, *any;
	struct naming naming;
	struct sql sql;
	int error = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, days_print(day, text));
	(void)!sql_open(&sql, path, is_closed ? SQL_FROZEN : SQL_READ, CACHE_KB);
	any = sql_prepare(&sql, "SELECT 1 FROM subject WHERE channel = ? LIMIT 1");
	row = sql_prepare(&sql, is_closed ? closed : open_day);
	sql_bind_number(&sql, any, 1, CHANNEL_SEEN_DHCP);
	sql_bind_blob(&sql, row, 1, nobody.bytes, sizeof(nobody.bytes));
	sql_bind_number(&sql, row, 2, CHANNEL_SEEN_DHCP);
	if (any && sql_step(&sql, any)) {
		while (!error && row && sql_step(&sql, row)) {
			if (get_naming(row, &naming))
				error = names_add(names, &naming);
		}
	}
	(void)sqlite3_finalize(any);
	(void)sqlite3_finalize(row);
	*damage = sql.error;
	sql_close(&sql);
	return error;
}

int names_seen(struct names *names, const char *folder, uint32_t *damaged)
{
	const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct days days = { .count = 0 };
	int error = fd < 0 || days_list(fd, &days) < 0 ? -ENOENT : 0;

	*damaged = 0;
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; !error && i < days.count; i++) {
		int damage = 0;

		if (days_is_read(&days, i))
			error = read_day(names, folder, &days.file[i], &damage);
		*damaged += damage && damage != -ENOENT;
	}
	days_free(&days);
	/* Without a log there are none. */
	return error == -ENOENT ? 0 : error;
}
