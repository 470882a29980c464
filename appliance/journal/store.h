/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Where events are kept. The interface is permanent; this first store is plain: one JSON line per
 * event, appended to events.jsonl. A part that has grown to its share of the budget becomes
 * events.1.jsonl and so on; the oldest is deleted first. The same happens when the disk is full,
 * whatever filled it, until only the newest STORE_KEEP bytes are left (half a part, if that is
 * less).
 */
#define STORE_CURRENT "events.jsonl"
#define STORE_OLD "events.%u.jsonl"
enum {
	STORE_PARTS = 4,	/* the current one and three old ones */
	STORE_KEEP = 256 * 1024
};

struct log_store;

/*
 * The effective budget on the file system of folder: at most half of it, because others need space
 * too.
 */
uint64_t store_budget(int folder, uint64_t budget);

/* folder: a descriptor, which stays the caller's. budget: bytes on disk for all parts (limited by
 * store_budget, now and whenever a part is full). 0 or -errno. */
int store_open(struct log_store **store, int folder, uint64_t budget)
	__attribute__((warn_unused_result));
void store_close(struct log_store *store);

/*
 * Appends a line, given without newline, whole or not at all. 0, or -errno: it could not be kept.
 */
int store_append(struct log_store *store, const char *line, size_t length)
	__attribute__((warn_unused_result));

/* Starts writing to the disk; call it about once a second. 0 or -errno. */
int store_sync(struct log_store *store) __attribute__((warn_unused_result));

/* Bytes of old lines deleted because the disk was full, since the last call. */
uint64_t store_freed(struct log_store *store);
