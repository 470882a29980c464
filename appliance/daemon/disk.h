/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "appliance/daemon/retention.h"

/*
 * The state of the disk that holds STATE and the block log. A child polls it, because a dying disk
 * blocks the process that asks. The parent has what the last poll found, and knows how long the
 * present one takes.
 */
enum disk_folder { DISK_STATE, DISK_LOG, DISK_FOLDERS };
const char *disk_print(enum disk_folder folder);	/* "state" */

enum {
	DISK_POLL_MS = 60 * 1000,	/* from one poll to the next */
	DISK_FRESH_MS = 500,		/* the same when a status is asked for */
	DISK_SILENT_MS = 15 * 1000,	/* a poll that takes longer: the disk is silent */
	DISK_ERROR_MS = 10 * 60 * 1000	/* how long an error is shown */
};

struct disk {
	bool known;		/* the rest says something */
	uint64_t device;
	uint64_t used, free;	/* bytes; free: for the log, which is no root's */
	uint64_t inodes_used, inodes_free;
	bool read_only;
	int32_t error;		/* -errno of the last poll that failed */
};

struct disk_report {
	struct disk disk[DISK_FOLDERS];
	struct retention retention;
};

struct disks {
	struct disk_report *shared;	/* with the child; NULL: not mapped yet */
	struct disk_report report;
	pid_t poller;		/* 0: none */
	int64_t began;		/* uptime in ms of the poll under way, or of the last */
	int64_t polled;		/* when the last one ended; 0: none did */
	int64_t failed[DISK_FOLDERS];	/* when error was found */
};

/* What the log may take, and since when clocks are right (retention_read). */
struct disk_log {
	uint64_t budget;	/* as the settings say */
	int64_t floor, now;
};

/* How much is used, rounded up as df does; 0 when there is nothing to use up. */
unsigned int disk_percent(uint64_t used, uint64_t free);

/* Begins a poll, unless one is under way or the last is younger than age_ms. state: folder. */
void disks_poll(struct disks *disks, int state, const struct disk_log *log, int64_t now,
		int64_t age_ms);
/* The child ended, if that was its number: true. */
bool disks_reaped(struct disks *disks, pid_t pid, int status, int64_t now);
/* A poll is under way and takes too long. */
bool disks_silent(const struct disks *disks, int64_t now);
