/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/jsonl.h"

/*
 * The files of the old log: events.jsonl, and events.1.jsonl to events.3.jsonl, where a higher
 * number is older. A part whose lines were taken in (takein.h) has ".taken" behind its name. Only a
 * regular file is a part.
 *
 * folder: of the log; a descriptor, the caller's.
 */
enum { PARTS = 4, PARTS_NAME = 32 };

/* "events.3.jsonl", "events.jsonl.taken"; number is below PARTS. Returns buffer. */
char *parts_print(unsigned int number, bool taken, char buffer[PARTS_NAME]);

/* The number of the oldest part; -1: there is none. */
int parts_oldest(int folder, bool taken);

/* Bytes of all parts together. */
uint64_t parts_bytes(int folder, bool taken);

/* Deletes the oldest part that was taken in. Its bytes; 0: there was none. */
uint64_t parts_drop(int folder);

/*
 * Deletes parts that were taken in, the oldest first, until at most room bytes stay and none was
 * written before date (days since 1970). The bytes that stay.
 */
uint64_t parts_trim(int folder, uint64_t room, int32_t date);

/* A part being read, line by line. */
struct parts_reader {
	int fd;
	uint64_t inode;
	uint64_t size;		/* of the file when it was opened */
	size_t begin, end;	/* of what is in data and was not returned */
	bool skip;		/* the rest of a line that was too long */
	char data[4 * JSONL_MAX];
};

/* 0 or -errno; -ENOENT: it is gone. parts_close is due after 0. */
int parts_open(struct parts_reader *reader, int folder, unsigned int number)
	__attribute__((warn_unused_result));
void parts_close(struct parts_reader *reader);

/*
 * The next line that is not empty, without its newline, valid until the next call. False: there are
 * no more, or the rest cannot be read. Of a line that is longer than JSONL_MAX, more than that is
 * returned, and not all of it.
 */
bool parts_next(struct parts_reader *reader, const char **line, size_t *length);
