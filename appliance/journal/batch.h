/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/journal/entry.h"

/*
 * The entries that are not in a database yet, in memory of the caller's that outlives a killed
 * journal. The store writes a batch as a whole or not at all, and its hash joins the chain. The
 * batch hands out the sequence numbers; they go on over batches, days and boots.
 */
enum { BATCH_BYTES = 256 * 1024 };

struct log_batch;

/* Zeros are a new batch. Damaged memory becomes an empty batch, and *lost says how many entries
 * it held (at most what can be told). */
size_t batch_size(void);
struct log_batch *batch_attach(void *memory, uint64_t *lost);

/* Did it number an entry before? Then its journal was killed or stopped, and nothing is missing. */
bool batch_goes_on(const struct log_batch *batch);

/* The next number is at least this. Entries that have smaller numbers are stored already (the
 * journal was killed before it cleared the batch): they are removed. */
void batch_continue(struct log_batch *batch, uint64_t sequence);

/*
 * Numbers an entry and adds it. 0; -ENOSPC: it does not fit, the batch has to be written first;
 * -EMSGSIZE: it will never fit. entry->sequence is set.
 */
int batch_add(struct log_batch *batch, struct log_entry *entry) __attribute__((warn_unused_result));

/* Does the batch have this rule already? A few may be forgotten and then come twice. */
bool batch_has_rule(const struct log_batch *batch, uint64_t key);

/* *position: 0 at the start. False at the end. */
bool batch_next(const struct log_batch *batch, size_t *position, struct log_entry *entry);

/* Empties it; the numbers go on. */
void batch_clear(struct log_batch *batch);

struct batch_summary {
	uint64_t first, last;	/* sequence numbers; last 0: the batch is empty */
	uint64_t entries;	/* without rules */
	uint64_t events;	/* the sum of their counts */
	size_t bytes;		/* used */
};
/* What is in it now. */
struct batch_summary batch_summary(const struct log_batch *batch);

/*
 * SHA-256 over the bytes of all events and notices of a batch in the order of their numbers. From a
 * batch, or entry by entry from elsewhere. 0 or -errno.
 */
struct batch_hash {
	uint8_t state[DIGEST_SIZE];
	uint64_t entries;
};
void batch_hash_begin(struct batch_hash *hash);
int batch_hash_add(struct batch_hash *hash, const uint8_t *data, size_t size)
	__attribute__((warn_unused_result));
int batch_hash(const struct log_batch *batch, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));
