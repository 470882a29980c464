/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * Closes a day: writes its entries into a new database, sorted by client and number, with the day's
 * sums, and syncs it. The open one is only read, and stays. Nothing of a failed attempt is used.
 * A few megabytes of memory; what is larger is sorted in an unnamed file of the working folder.
 */

/* 0, or -errno: -EBADMSG: the open database is damaged. */
int closing_write(const char *open_path, const char *new_path) __attribute__((warn_unused_result));
