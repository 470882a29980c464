/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/batch.h"

#include <errno.h>
#include <string.h>

enum {
	MAGIC = 0x62740002,	/* another number whenever struct log_batch or an entry changes */
	RULES = 64,		/* of the last ones, to spare most repetitions */
	HEAD = 4		/* bytes of an entry's size */
};

struct log_batch {
	uint32_t magic;
	uint32_t used;		/* bytes of data; written last, so what is below is whole */
	uint64_t next;		/* sequence number */
	uint64_t entries, events, first;
	uint64_t rule[RULES];
	uint32_t rules;		/* ever added; the newest is at (rules - 1) % RULES */
	uint8_t data[BATCH_BYTES];
};

size_t batch_size(void)
{
	return sizeof(struct log_batch);
}

static uint32_t get_size(const struct log_batch *batch, size_t at)
{
	uint32_t size;

	memcpy(&size, batch->data + at, sizeof(size));
	return size;
}

bool batch_next(const struct log_batch *batch, size_t *position, struct log_entry *entry)
{
	uint32_t size;

	if (*position + HEAD > batch->used)
		return false;
	size = get_size(batch, *position);
	if (size > batch->used - *position - HEAD ||
	    entry_decode(entry, batch->data + *position + HEAD, size) < 0)
		return false;
	*position += HEAD + size;
	return true;
}

void batch_clear(struct log_batch *batch)
{
	batch->used = 0;
	batch->entries = batch->events = batch->first = 0;
	batch->rules = 0;
}

static void count(struct log_batch *batch, const struct log_entry *entry)
{
	if (entry->type == ENTRY_RULE) {
		batch->rule[batch->rules++ % RULES] = entry_rule_key(&entry->rule);
		return;
	}
	if (batch->entries++ == 0)
		batch->first = entry->sequence;
	if (entry->type == ENTRY_EVENT)
		batch->events += entry->event.event.count;
}

/* A process can be killed at any point: what was added is counted anew. */
struct log_batch *batch_attach(void *memory, uint64_t *lost)
{
	struct log_batch *batch = memory;
	struct log_entry entry;
	uint64_t entries;
	size_t position = 0;
	uint32_t used;

	*lost = 0;
	if (batch->magic != MAGIC || batch->used > BATCH_BYTES || batch->next == 0) {
		memset(batch, 0, sizeof(*batch));
		batch->magic = MAGIC;
		batch->next = 1;
		return batch;
	}
	entries = batch->entries;
	used = batch->used;
	batch_clear(batch);
	batch->used = used;
	while (batch_next(batch, &position, &entry))
		count(batch, &entry);
	batch->used = (uint32_t)position;
	if (entries > batch->entries)
		*lost = entries - batch->entries;
	return batch;
}

bool batch_goes_on(const struct log_batch *batch)
{
	return batch->next > 1;
}

void batch_continue(struct log_batch *batch, uint64_t sequence)
{
	if (batch->next <= sequence) {
		batch->next = sequence;
		batch_clear(batch);
	}
}

int batch_add(struct log_batch *batch, struct log_entry *entry)
{
	size_t room = BATCH_BYTES - batch->used;
	uint8_t *at = batch->data + batch->used;
	uint32_t length;
	int size;

	entry->sequence = entry->type == ENTRY_RULE ? 0 : batch->next;
	if (room <= HEAD)
		return -ENOSPC;
	size = entry_encode(entry, at + HEAD, room - HEAD);
	if (size < 0)
		return batch->used ? -ENOSPC : size;
	length = (uint32_t)size;
	memcpy(at, &length, sizeof(length));
	if (entry->type != ENTRY_RULE)
		batch->next++;
	count(batch, entry);
	__atomic_store_n(&batch->used, batch->used + HEAD + length, __ATOMIC_RELEASE);
	return 0;
}

bool batch_has_rule(const struct log_batch *batch, uint64_t key)
{
	uint32_t known = batch->rules < RULES ? batch->rules : RULES;

	for (uint32_t i = 0; i < known; i++) {
		if (batch->rule[i] == key)
			return true;
	}
	return false;
}

struct batch_summary batch_summary(const struct log_batch *batch)
{
	return (struct batch_summary){
		.first = batch->first,
		.last = batch->entries ? batch->next - 1 : 0,
		.entries = batch->entries,
		.events = batch->events,
		.bytes = batch->used,
	};
}

/* ---- hashes ---- */

void batch_hash_begin(struct batch_hash *hash)
{
	*hash = (struct batch_hash){ .entries = 0 };
}

int batch_hash_add(struct batch_hash *hash, const uint8_t *data, size_t size)
{
	uint8_t bytes[DIGEST_SIZE + ENTRY_MAX];

	if (size > ENTRY_MAX)
		return -EMSGSIZE;
	memcpy(bytes, hash->state, DIGEST_SIZE);
	memcpy(bytes + DIGEST_SIZE, data, size);
	hash->entries++;
	return digest_sha256(bytes, DIGEST_SIZE + size, hash->state);
}

int batch_hash(const struct log_batch *batch, uint8_t digest[DIGEST_SIZE])
{
	struct batch_hash hash;
	int error = 0;

	batch_hash_begin(&hash);
	for (size_t at = 0; !error && at + HEAD <= batch->used; at += HEAD + get_size(batch, at)) {
		if (batch->data[at + HEAD] != ENTRY_RULE)
			error = batch_hash_add(&hash, batch->data + at + HEAD,
					       get_size(batch, at));
	}
	memcpy(digest, hash.state, DIGEST_SIZE);
	return error;
}
