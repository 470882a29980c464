/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The files of the log folder:
 *
 *	000012-2026-11-29.open.db	the day that is written (with -wal and -shm beside it)
 *	000011-2026-11-28.db		a closed day
 *	000010-2026-11-27.hours.db	one whose equal events of an hour are one entry
 *	000009-2026-11-26.whole.db	one whose equal events of the day are one entry
 *	000011-2026-11-28.new		one that is being closed; not there until it is renamed
 *
 * The number gives the order, whatever the clock did; the date is that of the day's first entry
 * (UTC). Only regular files count, and a number has six to nine digits.
 */
enum {
	DAYS_NAME = 40,		/* buffer of a name, NUL included */
	DAYS_MAX = 4000		/* files that are listed; the oldest beyond are left out */
};

enum days_kind { DAYS_OPEN, DAYS_CLOSED, DAYS_NEW };

/* Over how much time the equal events of a closed day are one entry (closing.h). */
enum days_grain { DAYS_MINUTES, DAYS_HOURS, DAYS_WHOLE, DAYS_GRAINS };
const char *days_grain_print(enum days_grain grain);	/* "hours" */

struct days_file {
	uint32_t number;
	int32_t date;		/* days since 1970 */
	enum days_kind kind;
	uint64_t size;		/* bytes on disk, side files included */
	enum days_grain grain;	/* of a closed one */
	bool damaged;		/* it cannot be made coarser; days_list does not know */
};

struct days {
	struct days_file *file;	/* ascending; of equal numbers the closed one comes first, and the
				 * coarser of two */
	size_t count;
};

/* False if it is none of these names. */
bool days_parse(const char *name, struct days_file *file);
char *days_print(const struct days_file *file, char name[DAYS_NAME]);

/* Lists a folder (a descriptor, the caller's). 0 or -errno; days_free in either case. */
int days_list(int folder, struct days *days) __attribute__((warn_unused_result));
void days_free(struct days *days);

/* Is it a day to read? Not one that is being closed, nor one that a power cut left over: the open
 * one of a number whose closed one exists, or the finer of two closed ones. */
bool days_is_read(const struct days *days, size_t index);

/* Deletes a file of the folder and those beside it. 0 or -errno. */
int days_remove(int folder, const struct days_file *file) __attribute__((warn_unused_result));

/* Of wall time, in milliseconds since 1970; negative times are day 0. */
int32_t days_of(int64_t wall_ms);

/*
 * Which closed days go, the oldest first, so that at most budget bytes stay and nothing is older
 * than retention_days (0: without limit). A date that the clock cannot have meant (before the day
 * that precedes it, or after today) counts as that of its neighbours. How many files from the
 * first; the newest always stays. Today is believed if days of a week lead to it: a clock that is
 * wrong by years makes nothing old at once.
 */
size_t days_expired(const struct days *days, uint64_t budget, uint32_t retention_days,
		    int32_t today);

/*
 * Which closed day is to be made coarser next: the oldest of the finest grain, so that minutes go
 * before hours. NULL: all are whole days, or damaged.
 */
const struct days_file *days_to_fold(const struct days *days);
