/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Since when the stored evidence is whole: nothing was deleted, made coarser, lost or damaged
 * since, and the journal ran all the time. A restart is no interruption if it took at most
 * WHOLE_PAUSE_MS and the day of the log did not change in between: what a client wants it tries
 * again.
 */
enum { WHOLE_PAUSE_MS = 60 * 1000 };

/* Does a notice of this kind say that something before it may be missing? */
bool whole_ends_with(const char *kind);

/*
 * Of the log in folder (a descriptor, the working folder): wall time in milliseconds since 1970; 0:
 * there is none. Opens the days from the newest to the one that tells.
 */
int64_t whole_since(int folder);
