/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/sql.h"

enum {
	CHECKPOINT_BYTES = 1024 * 1024,	/* of the log beside the open day */
	CACHE_KB = 64
};

struct tidy {
	struct tidy_options options;
	pthread_t thread;
	pthread_mutex_t lock;	/* of all that follows */
	pthread_cond_t wake;
	bool stopping, due;
	struct days_file open;
	int32_t today;
	struct tidy_report report;
};

/* ---- days that are over ---- */

static void note(struct tidy *tidy, const struct days_file *file)
{
	struct tidy_report *report = &tidy->report;

	pthread_mutex_lock(&tidy->lock);
	report->freed += file->size;
	if (report->days++ == 0)
		report->first = file->date;
	report->last = file->date;
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

			if (file->kind != DAYS_OPEN || file->number >= current->number)
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

static void expire(struct tidy *tidy, int32_t today)
{
	struct days days;

	if (days_list(tidy->options.folder, &days) == 0) {
		size_t gone = days_expired(&days, tidy->options.budget,
					   tidy->options.retention_days, today);

		for (size_t i = 0; i < gone; i++) {
			if (days.file[i].kind == DAYS_CLOSED &&
			    days_remove(tidy->options.folder, &days.file[i]) == 0)
				note(tidy, &days.file[i]);
		}
	}
	days_free(&days);
}

uint64_t tidy_make_room(struct tidy *tidy)
{
	uint64_t freed = 0;
	struct days days;

	if (days_list(tidy->options.folder, &days) == 0 && days.count > 1 &&
	    days.file[0].kind == DAYS_CLOSED &&
	    days_remove(tidy->options.folder, &days.file[0]) == 0) {
		freed = days.file[0].size;
		note(tidy, &days.file[0]);
	}
	days_free(&days);
	return freed;
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

static int sync_open(const struct tidy *tidy, const struct days_file *open)
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
	if (!error && status.st_size > CHECKPOINT_BYTES)
		error = checkpoint(name);
	return error;
}

/* ---- the thread ---- */

static void work(struct tidy *tidy, const struct days_file *open, int32_t today)
{
	int error = sync_open(tidy, open);

	pthread_mutex_lock(&tidy->lock);
	tidy->report.sync_error = error;
	pthread_mutex_unlock(&tidy->lock);
	close_days(tidy, open);
	expire(tidy, today);
}

static void *run(void *argument)
{
	struct tidy *tidy = argument;

	pthread_mutex_lock(&tidy->lock);
	while (!tidy->stopping) {
		struct days_file open = tidy->open;
		int32_t today = tidy->today;

		if (!tidy->due) {
			pthread_cond_wait(&tidy->wake, &tidy->lock);
			continue;
		}
		tidy->due = false;
		pthread_mutex_unlock(&tidy->lock);
		work(tidy, &open, today);
		pthread_mutex_lock(&tidy->lock);
	}
	pthread_mutex_unlock(&tidy->lock);
	return NULL;
}

int tidy_start(struct tidy **tidy, const struct tidy_options *options)
{
	struct tidy *new = calloc(1, sizeof(*new));
	pthread_attr_t attributes;
	int error;

	if (!new)
		return -ENOMEM;
	new->options = *options;
	pthread_mutex_init(&new->lock, NULL);
	pthread_cond_init(&new->wake, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	error = -pthread_create(&new->thread, &attributes, run, new);
	pthread_attr_destroy(&attributes);
	if (error) {
		free(new);
		return error;
	}
	*tidy = new;
	return 0;
}

void tidy_wake(struct tidy *tidy, const struct days_file *open, int32_t today)
{
	pthread_mutex_lock(&tidy->lock);
	tidy->open = *open;
	tidy->today = today;
	tidy->due = true;
	pthread_cond_signal(&tidy->wake);
	pthread_mutex_unlock(&tidy->lock);
}

void tidy_report(struct tidy *tidy, struct tidy_report *report)
{
	pthread_mutex_lock(&tidy->lock);
	*report = tidy->report;
	tidy->report.freed = 0;
	tidy->report.days = tidy->report.damaged = 0;
	pthread_mutex_unlock(&tidy->lock);
}

void tidy_stop(struct tidy *tidy)
{
	pthread_mutex_lock(&tidy->lock);
	tidy->stopping = true;
	pthread_cond_signal(&tidy->wake);
	pthread_mutex_unlock(&tidy->lock);
	pthread_join(tidy->thread, NULL);
	pthread_cond_destroy(&tidy->wake);
	pthread_mutex_destroy(&tidy->lock);
	free(tidy);
}
