/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "appliance/journal/days.h"

/*
 * How long the log goes back once it is full: what it may take on disk, at the rate at which it
 * grew so far. An estimate, from the list of its files.
 */
struct retention {
	uint64_t used;		/* bytes, all days, and what an old log left */
	uint64_t budget;
	uint64_t free;		/* of the disk */
	double days;		/* -1: not known yet */
};

/*
 * Of a log whose days are these; today: days since 1970. A day before floor was written with a
 * clock that was not set, and the open day is not over: neither tells a rate. -1: no day does.
 */
double retention_days(const struct retention *retention, const struct days *days, int32_t floor,
		      int32_t today);

/* folder: with the log in its folder "log". floor: no clock of this appliance was before that, in
 * seconds since 1970, as now. */
void retention_read(struct retention *retention, int folder, uint64_t budget, int64_t floor,
		    int64_t now);
