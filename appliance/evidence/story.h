/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/evidence/hosts.h"
#include "appliance/journal/reader.h"

/*
 * What one host did, in order: sums per day and category, and its last events. Read from the same
 * log as the hosts; what the journal wrote since then is in it, too.
 */
struct story_options {
	const char *folder;	/* of the log */
	int64_t since_ms, until_ms;	/* wall time; until_ms is not included */
	uint64_t last;		/* this many events at most, the last ones */
};

struct story_day {
	int32_t date;		/* days since 1970 */
	uint64_t events[CATEGORY_COUNT + 1];	/* the last one: of no known rule */
	uint64_t seen;		/* innocent queries and sightings: it was there */
	int64_t first_ms, last_ms;
};

/* Where an event is stored. */
struct story_event {
	size_t day;		/* in the story's days */
	int64_t client;
	uint64_t sequence;
};

struct story_file {
	char path[512];
	bool closed;
};

struct story {
	struct story_day *day;	/* in order; those on which the host was there */
	size_t days;
	struct story_event *event;	/* in order */
	size_t events;
	uint64_t left_out;	/* entries before the first of these, within the times */
	struct story_file *file;	/* of each day */
	size_t damaged;		/* days that could not be read */
};

/* row: of hosts. 0 or -errno; story_free in either case. */
int story_read(struct story *story, const struct hosts *hosts, const struct hosts_row *row,
	       const struct story_options *options) __attribute__((warn_unused_result));
void story_free(struct story *story);

/* Calls back for each event, in order; entry lasts for the call. 0 or -errno of the first file
 * that could not be read again; the others were. */
int story_events(const struct story *story,
		 void (*each)(void *context, const struct reader_entry *entry), void *context)
	__attribute__((warn_unused_result));
