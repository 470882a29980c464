/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/parts.h"
#include "appliance/journal/sql.h"
#include "appliance/journal/room.h"
#include "appliance/journal/takein.h"

enum {
	CACHE_KB = 64,
	TAKEIN_MS = 50,		/* between steps: on one processor, others have their turn */
	TAKEIN_AGAIN_MS = 60 * 1000	/* after a step that failed */
};

struct tidy {
	struct tidy_options options;
	struct takein *takein;	/* NULL: there is nothing to take in; the thread's */
	int64_t step_ms;	/* uptime of its next step */
	/* The thread's: a day that becomes coarser, number 0: none; and what it becomes. The last
	 * one of the days that are to be deleted. */
	struct days_file folding, folded;
	uint32_t removing;
	pthread_t thread;
	pthread_mutex_t lock;	/* of all that follows */
	pthread_cond_t wake;
	bool stopping, due;
	struct days_file open;
	int32_t today;
	uint64_t leaves, synced;
	uint64_t told;		/* leaves when these were reported; UINT64_MAX: not yet */
	bool seals;		/* batches are signed, so many of them */
	uint64_t sealed;
	struct tidy_report report;
};

/* ---- days that are over ---- */

/* early: before its retention was over. */
static void note(struct tidy *tidy, const struct days_file *file, bool early)
{
	struct tidy_report *report = &tidy->report;

	pthread_mutex_lock(&tidy->lock);
	tidy->told = UINT64_MAX;
	report->bytes += file->size;
	report->freed += early ? file->size : 0;
	if (report->days++ == 0)
		report->first = file->date;
	report->last = file->date;
	report->number = file->number;
	pthread_mutex_unlock(&tidy->lock);
}

/* It cannot be read: another name, and the day's other entries are lost. */
static void set_aside(struct tidy *tidy, const char *name)
{
	(void)!file_set_aside(tidy->options.folder, name);
	pthread_mutex_lock(&tidy->lock);
	tidy->report.damaged++;
	pthread_mutex_unlock(&tidy->lock);
}

static void close_day(struct tidy *tidy, const struct days_file *file)
{
	int error = closing_day(tidy->options.folder, file);
	char name[DAYS_NAME];

	if (error == -EBADMSG)
		set_aside(tidy, days_print(file, name));
	pthread_mutex_lock(&tidy->lock);
	tidy->report.close_error = error;
	pthread_mutex_unlock(&tidy->lock);
}

static void close_days(struct tidy *tidy, const struct days_file *current)
{
	struct days days;

	if (days_list(tidy->options.folder, &days) == 0) {
		for (size_t i = 0; i < days.count; i++) {
			const struct days_file *file = &days.file[i];

			/* Made coarser, and then a power cut: the finer one is left over. */
			if (file->kind == DAYS_CLOSED && !days_is_read(&days, i))
				(void)!days_remove(tidy->options.folder, file);
			if (file->kind != DAYS_OPEN || file->number >= current->number ||
			    (tidy->takein && takein_owns(tidy->takein, file->number)))
				continue;
			/* The sorted copy needs as much again. */
			if (!room_to_write(room_free(tidy->options.folder), file->size + ROOM_WAL))
				continue;
			/* Closed, and then a power cut: the open one is left over. */
			if (i > 0 && days.file[i - 1].number == file->number &&
			    days.file[i - 1].kind == DAYS_CLOSED)
				(void)!days_remove(tidy->options.folder, file);
			else
				close_day(tidy, file);
		}
	}
	days_free(&days);
}

static uint64_t bytes_of(const struct days *days)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < days->count; i++)
		bytes += days->file[i].size;
	return bytes;
}

/* What was taken in is there twice, and goes before anything else does. What was not does not count
 * yet: its lines are hardly stored. */
static uint64_t expire_taken(const struct tidy *tidy, const struct days *days, int32_t today)
{
	const struct tidy_options *options = &tidy->options;
	uint64_t used = bytes_of(days);
	int32_t date = options->retention_days ? today - (int32_t)options->retention_days : 0;

	return parts_trim(options->folder, options->budget > used ? options->budget - used : 0,
			  date);
}

static int digest_of(int folder, const struct days_file *file, uint8_t digest[DIGEST_SIZE])
{
	struct days_file new = *file;
	char name[DAYS_NAME];
	int fd, error;

	new.kind = DAYS_NEW;
	new.grain = DAYS_MINUTES;
	fd = openat(folder, days_print(&new, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	error = digest_file(fd, digest);
	close(fd);
	return error;
}

/* Makes one day coarser. False: nothing is left to fold, or it cannot be done. */
static bool fold(struct tidy *tidy, struct days *days)
{
	const struct days_file *file;
	struct tidy_fold ready = { .before = 0 };
	int error = -EBADMSG;

	/* One that is damaged stays as it is, and is no reason for others to go. */
	while (error == -EBADMSG) {
		file = days_to_fold(days);
		if (!file || !room_to_write(room_free(tidy->options.folder), file->size))
			return false;
		ready.before = file->size;
		error = closing_fold(tidy->options.folder, file, &ready.file);
		if (error == -EBADMSG)
			days->file[file - days->file].damaged = true;
	}
	if (!error)
		error = digest_of(tidy->options.folder, &ready.file, ready.digest);
	pthread_mutex_lock(&tidy->lock);
	tidy->report.close_error = error;
	if (!error) {
		tidy->report.fold = ready;
		tidy->folded = ready.file;
		tidy->folding = *file;
		tidy->told = UINT64_MAX;
	}
	pthread_mutex_unlock(&tidy->lock);
	return !error;
}

/* Are the notices about what goes stored and signed? */
static bool is_told(struct tidy *tidy)
{
	bool told;

	pthread_mutex_lock(&tidy->lock);
	told = tidy->told < (tidy->seals ? tidy->sealed : tidy->leaves);
	pthread_mutex_unlock(&tidy->lock);
	return told;
}

static void changed(struct tidy *tidy, int error)
{
	pthread_mutex_lock(&tidy->lock);
	tidy->report.close_error = error;
	tidy->report.changed = true;
	pthread_mutex_unlock(&tidy->lock);
}

static void remove_up_to(struct tidy *tidy, const struct days *days, uint32_t number)
{
	for (size_t i = 0; i < days->count && days->file[i].number <= number; i++) {
		if (days->file[i].kind == DAYS_CLOSED)
			(void)!days_remove(tidy->options.folder, &days->file[i]);
	}
	changed(tidy, 0);
}

/* What was told is done: the coarser day takes its place, days are deleted. */
static void do_told(struct tidy *tidy)
{
	struct days days;

	if ((!tidy->folding.number && !tidy->removing) || !is_told(tidy))
		return;
	if (tidy->folding.number)
		changed(tidy, closing_fold_done(tidy->options.folder, &tidy->folding,
						&tidy->folded));
	if (tidy->removing && days_list(tidy->options.folder, &days) == 0) {
		remove_up_to(tidy, &days, tidy->removing);
		days_free(&days);
	}
	tidy->folding.number = 0;
	tidy->removing = 0;
}

/* On a full disk nothing can be told first. */
static void remove_days(struct tidy *tidy, const struct days *days, size_t count, bool early)
{
	for (size_t i = 0; i < count; i++) {
		if (days->file[i].kind != DAYS_CLOSED)
			continue;
		note(tidy, &days->file[i], early);
		tidy->removing = days->file[i].number;
	}
	if (tidy->removing && !room_to_write(room_free(tidy->options.folder), ROOM_WAL)) {
		remove_up_to(tidy, days, tidy->removing);
		tidy->removing = 0;
	}
}

/* Whatever is too old goes. What is too large is made coarser first. */
static void expire(struct tidy *tidy, int32_t today)
{
	const uint32_t retention = tidy->options.retention_days;
	struct days days;

	do_told(tidy);
	if (tidy->folding.number || tidy->removing)
		return;
	if (days_list(tidy->options.folder, &days) == 0) {
		const uint64_t budget = tidy->options.budget - expire_taken(tidy, &days, today);
		const size_t old = days_expired(&days, UINT64_MAX, retention, today);

		remove_days(tidy, &days, old, false);
		if (old == 0 && bytes_of(&days) > budget && !fold(tidy, &days))
			remove_days(tidy, &days, days_expired(&days, budget, retention, today),
				    true);
	}
	days_free(&days);
}

uint64_t tidy_make_room(struct tidy *tidy)
{
	return parts_drop(tidy->options.folder);
}

/* ---- the open day ---- */

static int checkpoint(const char *name)
{
	struct sql sql;
	int error = sql_open(&sql, name, SQL_WRITE, CACHE_KB);

	sql_run(&sql, "PRAGMA wal_checkpoint(TRUNCATE)");
	error = error ? error : sql.error;
	sql_close(&sql);
	/* A reader is in the way: the next time. */
	return error == -EBUSY ? 0 : error;
}

int tidy_sync(const struct tidy *tidy, const struct days_file *open)
{
	char name[DAYS_NAME], side[DAYS_NAME + 8];
	struct stat status = { .st_size = 0 };
	int error = 0, fd;

	days_print(open, name);
	snprintf(side, sizeof(side), "%s-wal", name);
	fd = openat(tidy->options.folder, side, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fdatasync(fd) < 0)
		error = -errno;
	if (fstat(fd, &status) < 0)
		status.st_size = 0;
	close(fd);
	if (!error && room_is_due(room_free(tidy->options.folder), (uint64_t)status.st_size))
		error = checkpoint(name);
	return error;
}

/* ---- the thread ---- */

static void work(struct tidy *tidy, const struct days_file *open, int32_t today, uint64_t leaves)
{
	int error = tidy_sync(tidy, open);

	pthread_mutex_lock(&tidy->lock);
	tidy->report.sync_error = error;
	if (!error && leaves > tidy->synced)
		tidy->synced = leaves;
	pthread_mutex_unlock(&tidy->lock);
	close_days(tidy, open);
	expire(tidy, today);
}

static void take_in(struct tidy *tidy)
{
	int result = takein_step(tidy->takein);

	if (result == 0) {
		takein_free(tidy->takein);
		tidy->takein = NULL;
	}
	tidy->step_ms = clock_uptime_ms() + (result < 0 ? TAKEIN_AGAIN_MS : TAKEIN_MS);
	pthread_mutex_lock(&tidy->lock);
	tidy->report.takein_error = result < 0 ? result : 0;
	pthread_mutex_unlock(&tidy->lock);
}

/* Until there is something to do. */
static void rest(struct tidy *tidy)
{
	int64_t ms = tidy->step_ms - clock_uptime_ms();
	struct timespec until;

	if (!tidy->takein) {
		pthread_cond_wait(&tidy->wake, &tidy->lock);
	} else if (ms > 0) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		ms += until.tv_sec * 1000 + until.tv_nsec / 1000000;
		until = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
		pthread_cond_timedwait(&tidy->wake, &tidy->lock, &until);
	}
}

static void *run(void *argument)
{
	struct tidy *tidy = argument;

	pthread_mutex_lock(&tidy->lock);
	while (!tidy->stopping) {
		struct days_file open = tidy->open;
		int32_t today = tidy->today;
		uint64_t leaves = tidy->leaves;
		bool due = tidy->due, step = tidy->takein && clock_uptime_ms() >= tidy->step_ms;

		if (!due && !step) {
			rest(tidy);
			continue;
		}
		tidy->due = false;
		pthread_mutex_unlock(&tidy->lock);
		if (due)
			work(tidy, &open, today, leaves);
		if (step)
			take_in(tidy);
		pthread_mutex_lock(&tidy->lock);
	}
	pthread_mutex_unlock(&tidy->lock);
	return NULL;
}

int tidy_start(struct tidy **tidy, const struct tidy_options *options)
{
	const struct takein_options takein = { .folder = options->folder,
					       .appliance = options->appliance,
					       .boot_id = options->boot_id };
	struct tidy *new = calloc(1, sizeof(*new));
	pthread_condattr_t clock;
	pthread_attr_t attributes;
	int error;

	if (!new)
		return -ENOMEM;
	new->options = *options;
	pthread_mutex_init(&new->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&new->wake, &clock);
	pthread_condattr_destroy(&clock);
	/* Without memory for it, what is old waits for the next start. */
	if (options->first && takein_open(&new->takein, &takein) < 0)
		new->takein = NULL;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	error = -pthread_create(&new->thread, &attributes, run, new);
	pthread_attr_destroy(&attributes);
	if (error) {
		if (new->takein)
			takein_free(new->takein);
		free(new);
		return error;
	}
	*tidy = new;
	return 0;
}

void tidy_wake(struct tidy *tidy, const struct days_file *open, int32_t today, uint64_t leaves)
{
	pthread_mutex_lock(&tidy->lock);
	tidy->open = *open;
	tidy->today = today;
	tidy->leaves = leaves;
	tidy->due = true;
	pthread_cond_signal(&tidy->wake);
	pthread_mutex_unlock(&tidy->lock);
}

void tidy_seal(struct tidy *tidy, bool is_signed, uint64_t leaves)
{
	pthread_mutex_lock(&tidy->lock);
	tidy->seals = is_signed;
	tidy->sealed = leaves;
	tidy->due = tidy->due || tidy->open.number;
	pthread_cond_signal(&tidy->wake);
	pthread_mutex_unlock(&tidy->lock);
}

uint64_t tidy_synced(struct tidy *tidy)
{
	uint64_t synced;

	pthread_mutex_lock(&tidy->lock);
	synced = tidy->synced;
	pthread_mutex_unlock(&tidy->lock);
	return synced;
}

void tidy_report(struct tidy *tidy, struct tidy_report *report)
{
	pthread_mutex_lock(&tidy->lock);
	*report = tidy->report;
	tidy->report.bytes = tidy->report.freed = 0;
	tidy->report.days = tidy->report.damaged = 0;
	tidy->report.changed = false;
	if (report->fold.file.number || report->days)
		tidy->told = tidy->leaves;
	tidy->report.fold.file.number = 0;
	pthread_mutex_unlock(&tidy->lock);
}

void tidy_stop(struct tidy *tidy)
{
	pthread_mutex_lock(&tidy->lock);
	tidy->stopping = true;
	pthread_cond_signal(&tidy->wake);
	pthread_mutex_unlock(&tidy->lock);
	pthread_join(tidy->thread, NULL);
	if (tidy->takein)
		takein_free(tidy->takein);
	pthread_cond_destroy(&tidy->wake);
	pthread_mutex_destroy(&tidy->lock);
	free(tidy);
}
