/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Takes the lines of the old log (parts.h) into days, each line once, while the store already
 * writes. The store's own days and numbers begin above what the lines will need, so the order of
 * the numbers is that of the time.
 *
 * It goes part by part, the oldest first. The days of a part are written, closed and synced; then
 * the file "takein" says that the part is done; then the part is renamed (".taken", in place of an
 * older one). Whenever it stops before that, the part's days are deleted and written anew. The last
 * entry of a part is a notice (NOTICE_TAKEN) that says how many lines it had, and how many of them
 * were damaged.
 */
enum {
	/* Number of the store's first own day, counted from the newest one before. */
	TAKEIN_FIRST = 5001,
	/* After so many days, a line with another date no longer begins one: a folder is listed
	 * with 4000 (days.h). */
	TAKEIN_DAYS = 3000
};

/*
 * When the store opens, before it begins a day. newest: number of the newest day, 0: none; *last:
 * the highest number of an entry. If there are old parts, *first becomes the number of the store's
 * first own day, and *last is raised; otherwise *first is 0. 0 or -errno: *first is 0 and the parts
 * wait for the next start.
 */
int takein_reserve(int folder, uint32_t newest, uint64_t *last, uint32_t *first)
	__attribute__((warn_unused_result));

struct takein;

struct takein_options {
	int folder;		/* of the log, the working folder; the caller's */
	const char *appliance;	/* of the notice about the lines; copied, as is the boot id */
	const char *boot_id;
};

/* 0 or -errno; -ENOENT: there is nothing to do. 400 KiB of memory, 2 MiB while a day is closed. */
int takein_open(struct takein **takein, const struct takein_options *options)
	__attribute__((warn_unused_result));
/* Stops, finished or not. */
void takein_free(struct takein *takein);

/*
 * A small part of the work: at most one batch, or one day to close. 1: there is more; 0: all is
 * done; -errno: try again later.
 */
int takein_step(struct takein *takein) __attribute__((warn_unused_result));

/* Is the day with this number one that it writes, or will delete? */
bool takein_owns(const struct takein *takein, uint32_t number);
