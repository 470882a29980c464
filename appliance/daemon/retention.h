/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * How long the block log goes back once it is full: what it may take on disk, at the rate at which
 * it grew so far. An estimate, from a few system calls.
 */
struct retention {
	uint64_t used;		/* bytes, all parts (journal/store.h) */
	uint64_t budget;
	uint64_t free;		/* of the disk */
	double days;		/* -1: not known yet */
};

enum { RETENTION_AGE_S = 600 };	/* a log that is younger says nothing of its rate */

/*
 * The time, in seconds since 1970, of the first line that is not older than floor, and in *skipped
 * the bytes before it: what was written before the clock was set tells no rate. 0: there is none.
 */
int64_t retention_begin(const char *text, size_t length, int64_t floor, size_t *skipped);

/* bytes came since begin, and it is now; -1 as above. */
double retention_days(const struct retention *retention, uint64_t bytes, int64_t begin,
		      int64_t now);

/* folder: with the log in its folder "log". floor: no clock of this appliance was before that. */
void retention_read(struct retention *retention, int folder, uint64_t budget, int64_t floor,
		    int64_t now);
