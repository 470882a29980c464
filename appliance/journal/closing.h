/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/journal/days.h"

/*
 * Closes a day: writes its entries into a new database, sorted by client and number, with the day's
 * sums, and syncs it. The open one is only read, and stays. Nothing of a failed attempt is used.
 * A few megabytes of memory; what is larger is sorted in an unnamed file of the working folder.
 */

/* 0, or -errno: -EBADMSG: the open database is damaged. Equal events of an hour, or of the day,
 * become one entry with the number and the time of the first, for a coarser grain. */
int closing_write(const char *open_path, const char *new_path, enum days_grain grain)
	__attribute__((warn_unused_result));

/*
 * Closes an open day of the log's folder, which is the working folder: afterwards the closed one is
 * there, synced, and the open one is gone. After an error, also a power cut, the open one is still
 * there, perhaps with the closed one. 0 or -errno as above.
 */
int closing_day(int folder, const struct days_file *day) __attribute__((warn_unused_result));

/*
 * Makes a closed day coarser in two steps, so that what the new file is can be told before it takes
 * the old one's place. closing_fold writes it beside that, under the name of a day that is being
 * closed: *folded is what it becomes, size included. closing_fold_done puts it in place, as
 * closing_day does. 0 or -errno as above; -EINVAL: it is a whole day already.
 */
int closing_fold(int folder, const struct days_file *day, struct days_file *folded)
	__attribute__((warn_unused_result));
int closing_fold_done(int folder, const struct days_file *day, const struct days_file *folded)
	__attribute__((warn_unused_result));
