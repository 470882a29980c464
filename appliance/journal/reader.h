/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/entry.h"
#include "appliance/journal/record.h"

/*
 * Reads stored entries in the order of their numbers, over all days, while the journal may write
 * more. Nothing is changed. One entry is in memory at a time.
 *
 * A day that cannot be read is left out and counted; everything else is still read.
 */
struct log_reader;

struct reader_options {
	const char *folder;	/* of the log */
	uint64_t after;		/* entries with greater numbers only */
	/* Closed days that have nothing of this time are left out, to a day: the reader does not
	 * look at single entries. since_ms 0, until_ms 0: no bound. */
	int64_t since_ms, until_ms;
};

struct reader_entry {
	struct log_entry entry;	/* its strings last until the next call */
	struct record_context context;
	struct entry_rule rule;
};

/* 0 or -errno; -ENOENT: there is no log. */
int reader_open(struct log_reader **reader, const struct reader_options *options)
	__attribute__((warn_unused_result));
void reader_close(struct log_reader *reader);

/* False: there are no more (now). */
bool reader_next(struct log_reader *reader, struct reader_entry *entry);

/* The entry with this number of this boot (eight digits, record.h). The reader begins before it
 * (reader_options.after); false: it is not there. */
bool reader_find(struct log_reader *reader, const char *boot, uint64_t sequence,
		 struct reader_entry *entry);

/* Days that could not be read, and the first one's name and error; 0: all could. */
size_t reader_damaged(const struct log_reader *reader, const char **name, int *error);

/* Goes on with the count-th entry from the end, or with the first. */
void reader_seek_last(struct log_reader *reader, uint64_t count);
