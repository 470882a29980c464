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
#include "appliance/journal/past.h"
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
	uint64_t last;		/* number of the last entry in it */

	/* Of what is not signed yet: all, and what came behind the head that was taken. */
	struct tree since, behind;
	enum store_past past;
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

/* The batches behind what was signed; if the days do not continue that, the log goes on behind
 * it. */
static void join_past(struct log_store *store, const struct days *days,
		      const struct head_signed *before)
{
	int error = -EBADMSG;

	/* Nothing was signed yet, whatever is there. */
	if (before->tree.end == 0)
		return;
	store->past = before->tree.end > store->tree.end ? STORE_SHORT : STORE_CHANGED;
	if (store->past == STORE_CHANGED)
		error = past_since(days, &before->tree, &store->since);
	if (!error && store->since.end == store->tree.end) {
		store->past = STORE_CONTINUES;
		return;
	}
	/* A damaged file that was set aside explains it. */
	if (store->past == STORE_SHORT && store->damaged)
		store->past = STORE_CONTINUES;
	close_day(store);
	store->tree = before->tree;
	tree_init(&store->since, before->tree.end);
}

static int find_days(struct log_store *store, const struct head_signed *before,
		     struct day_end *end)
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
	store->since = store->tree;
	if (!error && before)
		join_past(store, &days, before);
	store->last = before && before->last > end->last ? before->last : end->last;
	reserve(store, store->last);
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
	error = find_days(new, options->before, end);
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
	/* What a killed process wrote last may not be on the medium yet. */
	if (new->open)
		tidy_wake(new->tidy, &new->file, 0, new->tree.end);
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

/* A batch that was there already is no new leaf. */
static int take_leaf(struct log_store *store, const struct log_batch *batch)
{
	const bool is_new = store->day.tree.end > store->tree.end;
	int error = 0;

	store->tree = store->day.tree;
	store->last = batch_summary(batch).last;
	if (is_new)
		error = tree_append(&store->since, store->day.leaf);
	if (is_new && !error)
		error = tree_append(&store->behind, store->day.leaf);
	return error;
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
	return error ? error : take_leaf(store, batch);
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
		tidy_wake(store->tidy, &store->file, days_of(wall_ms), store->tree.end);
	return error;
}

enum store_past store_past(const struct log_store *store)
{
	return store->past;
}

void store_head(struct log_store *store, struct head *head)
{
	head->last = store->last;
	head->since = store->since;
	tree_init(&store->behind, store->since.end);
}

void store_settle(struct log_store *store, bool is_signed)
{
	tidy_seal(store->tidy, is_signed, store->behind.begin);
	if (is_signed)
		store->since = store->behind;
}

uint64_t store_synced(const struct log_store *store)
{
	/* Closed days are. */
	return store->open ? tidy_synced(store->tidy) : UINT64_MAX;
}

int store_sync(struct log_store *store)
{
	return store->open ? tidy_sync(store->tidy, &store->file) : 0;
}

bool store_is_over(const struct log_store *store, int64_t wall_ms)
{
	return store->open && store->file.date != days_of(wall_ms);
}

int store_checkpoint(struct log_store *store, const char *note, uint64_t size)
{
	struct tree start;
	int error = store->open ? chain_start(&store->day.sql, &start) : -ENOENT;

	if (!error && size < start.end)
		error = -ENOENT;
	return error ? error : chain_checkpoint(&store->day.sql, note);
}

void store_report(struct log_store *store, struct tidy_report *report)
{
	tidy_report(store->tidy, report);
	report->damaged += store->damaged;
	store->damaged = 0;
}
