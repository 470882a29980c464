/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Room on the log's disk. The open day's own log (SQLite's WAL) has to be moved into its database
 * some time, and the database grows by as much at most. So nothing more is written when that would
 * no longer fit: a full disk would keep the day from ever shrinking again.
 */
enum {
	ROOM_WAL = 1024 * 1024,		/* a WAL is moved when it is larger */
	ROOM_BATCH = 256 * 1024		/* most that one more batch may take */
};

/* May a batch be written? free: bytes of the disk; wal: bytes of the WAL. */
static inline bool room_to_write(uint64_t free, uint64_t wal)
{
	return free >= wal + ROOM_BATCH;
}

/* Is it time to move the WAL? Sooner on a disk that fills. */
static inline bool room_is_due(uint64_t free, uint64_t wal)
{
	return wal > ROOM_WAL || (wal > 0 && free < wal + 2 * ROOM_BATCH);
}

/* Free bytes of the file system of the folder; UINT64_MAX: not known. */
uint64_t room_free(int folder);
