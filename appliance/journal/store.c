/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/journal/chain.h"
#include "appliance/journal/day.h"
#include "appliance/journal/days.h"
#include "appliance/journal/room.h"
#include "appliance/journal/takein.h"

enum { IDENTITY = 64 };

struct log_store {
	int folder;
	char appliance[IDENTITY];
	char boot_id[IDENTITY];
	struct day day;
	struct days_file file;	/* of day */
	bool open;		/* is day? */
	uint32_t next;		/* number of the next day's file */
	uint32_t first;		/* of the first own one beside an old log; 0: there is none */
	uint64_t sequence;	/* of the first entry since it was opened, at least */
	uint32_t damaged;	/* files that were set aside, not reported yet */
	struct tidy *tidy;
	struct tree tree;	/* of all batches, whatever day is open */
};

uint64_t store_budget(int folder, uint64_t budget)
{
	struct statvfs disk;
	uint64_t half;

	if (fstatvfs(folder, &disk) < 0)
		return budget;
	half = (uint64_t)disk.f_blocks * disk.f_frsize / 2;
	return budget && budget < half ? budget : half;
}

static void close_day(struct log_store *store)
{
	if (store->open)
		day_close(&store->day);
	store->open = false;
}

/*
 * One of a newer version stays where it is, for the image that wrote it; everything else that is no
 * database of the journal is set aside under a new name. In both cases another file takes its
 * place.
 */
static int open_file(struct log_store *store, struct days_file *file)
{
	char name[DAYS_NAME];
	enum day_state state;
	int error;

	error = day_open(&store->day, days_print(file, name), store->appliance, &store->tree,
			 &state);
	if (!error) {
		store->file = *file;
		store->tree = store->day.tree;
		store->open = true;
		return 0;
	}
	day_close(&store->day);
	if (error != -EBADMSG)
		return error;
	if (state == DAY_FOREIGN) {
		store->damaged++;
		error = file_set_aside(store->folder, name);
		if (error < 0 && error != -ENOENT)
			return error;
	}
	return -EBADMSG;
}

static int begin_day(struct log_store *store, int32_t date)
{
	struct days_file file = { .kind = DAYS_OPEN, .date = date };
	int error;

	do {
		file.number = store->next++;
		error = open_file(store, &file);
	} while (error == -EBADMSG);
	return error;
}

/* Goes on with the newest open day, if there is one that can be used. */
static int resume(struct log_store *store, const struct days *days)
{
	for (size_t i = days->count; i-- > 0;) {
		struct days_file file = days->file[i];
		int error;

		if (file.kind == DAYS_CLOSED)
			break;
		if (file.kind != DAYS_OPEN)
			continue;
		error = open_file(store, &file);
		if (error != -EBADMSG)
			return error;
	}
	return 0;
}

/* How the newest closed day that can be read ends, and the tree behind it. */
static void end_of_closed(struct log_store *store, const struct days *days, struct day_end *end)
{
	char name[DAYS_NAME];
	struct sql sql;

	for (size_t i = days->count; end->last == 0 && i-- > 0;) {
		if (days->file[i].kind != DAYS_CLOSED)
			continue;
		if (sql_open(&sql, days_print(&days->file[i], name), SQL_FROZEN, 64) == 0)
			day_read_end(&sql, end);
		if (end->last && chain_read(&sql, &store->tree) < 0)
			tree_init(&store->tree, 0);
		sql_close(&sql);
	}
}

/* Days and entries go on above what an old log needs, if there is one. */
static void reserve(struct log_store *store, uint64_t last)
{
	if (takein_reserve(store->folder, store->next - 1, &last, &store->first) < 0)
		store->first = 0;
	if (store->open && store->file.number < store->first)
		close_day(store);
	if (store->next < store->first)
		store->next = store->first;
	store->sequence = last + 1;
}

static int find_days(struct log_store *store, struct day_end *end)
{
	struct day_end open = { .last = 0 };
	struct days days;
	int error = days_list(store->folder, &days);

	*end = open;
	store->next = days.count ? days.file[days.count - 1].number + 1 : 1;
	if (!error)
		end_of_closed(store, &days, end);
	if (!error)
		error = resume(store, &days);
	if (!error && store->open)
		day_read_end(&store->day.sql, &open);
	if (open.last > end->last)
		*end = open;
	reserve(store, end->last);
	days_free(&days);
	return error;
}

int store_open(struct log_store **store, const struct store_options *options, struct day_end *end)
{
	struct log_store *new = calloc(1, sizeof(*new));
	struct tidy_options tidy = {
		.folder = options->folder,
		.budget = store_budget(options->folder, options->budget),
		.retention_days = options->retention_days,
	};
	int error;

	if (!new)
		return -ENOMEM;
	new->folder = options->folder;
	snprintf(new->appliance, sizeof(new->appliance), "%s", options->appliance);
	snprintf(new->boot_id, sizeof(new->boot_id), "%s", options->boot_id);
	tree_init(&new->tree, 0);
	error = find_days(new, end);
	if (options->tree && options->tree->end > new->tree.end) {
		close_day(new);
		new->tree = *options->tree;
	}
	tidy.first = new->first;
	tidy.appliance = new->appliance;
	tidy.boot_id = new->boot_id;
	/* A full disk must not keep the journal from starting. */
	if (!error || error == -ENOSPC || error == -EDQUOT)
		error = tidy_start(&new->tidy, &tidy);
	if (error) {
		close_day(new);
		free(new);
		return error;
	}
	*store = new;
	return 0;
}

uint64_t store_next(const struct log_store *store)
{
	return store->sequence;
}

void store_close(struct log_store *store)
{
	tidy_stop(store->tidy);
	if (store->open) {
		sql_run(&store->day.sql, "PRAGMA wal_checkpoint(TRUNCATE)");
		(void)sql_reset_error(&store->day.sql);
	}
	close_day(store);
	free(store);
}

static int write_day(struct log_store *store, const struct log_batch *batch, int64_t wall_ms)
{
	int32_t date = days_of(wall_ms);
	int error = 0;

	if (store->open && store->file.date != date)
		close_day(store);
	if (!store->open)
		error = begin_day(store, date);
	if (!error)
		error = day_write(&store->day, batch, store->boot_id, wall_ms);
	/* Damaged under our hands: the rest of the day gets a new file. */
	if (error == -EBADMSG) {
		close_day(store);
		error = begin_day(store, date);
		if (!error)
			error = day_write(&store->day, batch, store->boot_id, wall_ms);
	}
	if (!error)
		store->tree = store->day.tree;
	return error;
}

/* Is there room for one more batch, and for moving the open day's WAL afterwards? */
static bool has_room(const struct log_store *store)
{
	char name[DAYS_NAME], side[DAYS_NAME + 8];
	struct stat status = { .st_size = 0 };

	if (store->open) {
		snprintf(side, sizeof(side), "%s-wal", days_print(&store->file, name));
		if (fstatat(store->folder, side, &status, AT_SYMLINK_NOFOLLOW) < 0)
			status.st_size = 0;
	}
	return room_to_write(room_free(store->folder), (uint64_t)status.st_size);
}

int store_write(struct log_store *store, const struct log_batch *batch, int64_t wall_ms)
{
	int error;

	do
		error = has_room(store) ? write_day(store, batch, wall_ms) : -ENOSPC;
	while ((error == -ENOSPC || error == -EDQUOT) && tidy_make_room(store->tidy) > 0);
	if (store->open)
		tidy_wake(store->tidy, &store->file, days_of(wall_ms));
	return error;
}

const struct tree *store_tree(const struct log_store *store)
{
	return &store->tree;
}

int store_checkpoint(struct log_store *store, const char *note)
{
	return store->open ? chain_checkpoint(&store->day.sql, note) : -ENOENT;
}

void store_report(struct log_store *store, struct tidy_report *report)
{
	tidy_report(store->tidy, report);
	report->damaged += store->damaged;
	store->damaged = 0;
}
