/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Where events are kept. The interface is for good; the first store is plain: one JSON line an
 * event, appended to events.jsonl, which moves on to events.1.jsonl and so on when it has grown to
 * its share of the budget; the oldest part goes first. So it does when the disk is full, whoever
 * filled it, until only the newest STORE_KEEP bytes are left (half a part, when that is less).
 */
#define STORE_CURRENT "events.jsonl"
#define STORE_OLD "events.%u.jsonl"
enum {
	STORE_PARTS = 4,	/* the current one and three old ones */
	STORE_KEEP = 256 * 1024
};

struct store;

/* What a budget comes to on the file system of folder: at most half of that, because others need room, too. */
uint64_t store_budget(int folder, uint64_t budget);

/* folder: a descriptor, which stays the caller's. budget: bytes on disk, all parts together (store_budget, and
 * again whenever a part is full). */
int store_open(struct store **store, int folder, uint64_t budget)
	__attribute__((warn_unused_result));
void store_close(struct store *store);

/* One line without its newline, the whole of it or nothing. -errno: it could not be kept. */
int store_append(struct store *store, const char *line, size_t length)
	__attribute__((warn_unused_result));

/* Hands what was appended to the disk; called about once a second. */
int store_sync(struct store *store) __attribute__((warn_unused_result));

/* Bytes of old lines that went because the disk was full, since the last call. */
uint64_t store_freed(struct store *store);
