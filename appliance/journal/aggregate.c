/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/aggregate.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/*
 * What makes two events equal. Without padding before name: keys are hashed and compared as bytes.
 */
struct aggregate_key {
	struct addr client;
	struct addr resolver;
	struct addr address;
	uint32_t state;
	uint32_t rule;
	uint16_t port;
	uint16_t qtype;
	uint8_t protocol;
	uint8_t channel;
	uint8_t action;
	uint8_t intended;
	uint8_t has_resolver;
	uint8_t has_address;
	uint8_t has_mac;
	uint8_t inbound;
	uint8_t mac[6];
	uint8_t labels;
	uint8_t name_length;
	uint8_t name[NAME_WIRE_MAX];
};
enum { KEY_FIXED = offsetof(struct aggregate_key, name) };
_Static_assert(KEY_FIXED == 3 * 16 + 2 * 4 + 2 * 2 + 16, "padding would be hashed");

enum { NO_ENTRY = UINT16_MAX, BUCKETS = 16384 };
_Static_assert(AGGREGATE_ENTRIES < UINT16_MAX, "entries have 16-bit numbers");

struct aggregate_entry {
	uint64_t count;		/* not yet in a record */
	int64_t wall_ms;	/* of the first of these */
	int64_t uptime_ms;
	int64_t deadline;	/* end of the window */
	uint32_t hash;
	uint32_t interface;
	uint16_t client_port;
	uint16_t chain;		/* next in the bucket */
	uint16_t next;		/* in one of the queues */
	uint8_t used;		/* not a bool: the memory may hold any value */
	uint8_t written;	/* a record was written: this one is the second and last */
	struct aggregate_key key;
};

/* First in, first out. All windows are equally long, so the first in ends first. */
struct queue {
	uint16_t head;
	uint16_t tail;
};

struct aggregate {
	uint64_t magic;
	uint64_t seed;
	uint32_t touched;	/* entries that were ever used: this many, from the first */
	struct queue free;
	struct queue due;	/* wait for a token */
	struct queue window;	/* count until their deadline */
	int64_t filled_ms;	/* when tokens were last added; -1: never */
	int64_t tokens;		/* in thousandths */
	uint16_t bucket[BUCKETS];
	struct aggregate_entry entry[AGGREGATE_ENTRIES];
};

static void enqueue(struct aggregate *aggregate, struct queue *queue, uint16_t index)
{
	aggregate->entry[index].next = NO_ENTRY;
	if (queue->head == NO_ENTRY)
		queue->head = index;
	else
		aggregate->entry[queue->tail].next = index;
	queue->tail = index;
}

/* The queue is not empty. */
static uint16_t dequeue(const struct aggregate *aggregate, struct queue *queue)
{
	uint16_t index = queue->head;

	queue->head = aggregate->entry[index].next;
	return index;
}

/* ---- the table ---- */

/* The key's size in bytes. */
static size_t key_make(struct aggregate_key *key, const struct event *event)
{
	memset(key, 0, KEY_FIXED);
	key->client = event->client;
	if (event->has_resolver)
		key->resolver = event->resolver;
	if (event->has_address)
		key->address = event->address;
	key->state = event->state;
	key->rule = event->rule;
	key->port = event->port;
	key->qtype = event->qtype;
	key->protocol = event->protocol;
	key->channel = (uint8_t)event->channel;
	key->action = (uint8_t)event->action;
	key->intended = (uint8_t)event->intended;
	key->has_resolver = event->has_resolver;
	key->has_address = event->has_address;
	key->has_mac = event->has_mac;
	key->inbound = event->inbound;
	if (event->has_mac)
		memcpy(key->mac, event->mac, sizeof(key->mac));
	key->labels = event->name.labels;
	key->name_length = event->name.length;
	memcpy(key->name, event->name.wire, event->name.length);
	return KEY_FIXED + (size_t)event->name.length;
}

/* Eight bytes per step, mixed by a multiplication and a fold. */
static uint32_t key_hash(const struct aggregate_key *key, size_t size, uint64_t seed)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint64_t hash = seed ^ size, word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		word = 0;
		memcpy(&word, bytes + at, size - at < sizeof(word) ? size - at : sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	hash *= 0x9e3779b97f4a7c15;
	return (uint32_t)(hash >> 32);
}

static struct aggregate_entry *find(struct aggregate *aggregate, uint32_t hash,
				    const struct aggregate_key *key, size_t size)
{
	uint16_t index = aggregate->bucket[hash % BUCKETS];

	while (index != NO_ENTRY) {
		struct aggregate_entry *entry = &aggregate->entry[index];

		if (entry->hash == hash && memcmp(&entry->key, key, size) == 0)
			return entry;
		index = entry->chain;
	}
	return NULL;
}

/* A new entry, due at once; NULL if the table is full. */
static struct aggregate_entry *insert(struct aggregate *aggregate, uint32_t hash,
				      const struct aggregate_key *key, size_t size)
{
	struct aggregate_entry *entry;
	uint16_t index;

	if (aggregate->free.head != NO_ENTRY)
		index = dequeue(aggregate, &aggregate->free);
	else if (aggregate->touched < AGGREGATE_ENTRIES)
		index = (uint16_t)aggregate->touched++;
	else
		return NULL;
	entry = &aggregate->entry[index];
	entry->count = 0;
	entry->hash = hash;
	entry->used = true;
	entry->written = false;
	memcpy(&entry->key, key, size);
	entry->chain = aggregate->bucket[hash % BUCKETS];
	aggregate->bucket[hash % BUCKETS] = index;
	enqueue(aggregate, &aggregate->due, index);
	return entry;
}

/* Frees an entry that is no longer in a queue. */
static void forget(struct aggregate *aggregate, uint16_t index)
{
	struct aggregate_entry *entry = &aggregate->entry[index];
	uint16_t *link = &aggregate->bucket[entry->hash % BUCKETS];

	while (*link != index)
		link = &aggregate->entry[*link].chain;
	*link = entry->chain;
	entry->used = false;
	enqueue(aggregate, &aggregate->free, index);
}

int aggregate_add(struct aggregate *aggregate, const struct event *event)
{
	struct aggregate_key key;
	size_t size = key_make(&key, event);
	uint32_t hash = key_hash(&key, size, aggregate->seed);
	struct aggregate_entry *entry = find(aggregate, hash, &key, size);

	if (!entry)
		entry = insert(aggregate, hash, &key, size);
	if (!entry)
		return -ENOSPC;
	if (entry->count == 0) {
		entry->wall_ms = event->wall_ms;
		entry->uptime_ms = event->uptime_ms;
		entry->interface = event->interface;
		entry->client_port = event->client_port;
	}
	if (__builtin_add_overflow(entry->count, event->count, &entry->count))
		entry->count = UINT64_MAX;
	return 0;
}

/* ---- memory that outlives a process ---- */

enum { MAGIC = 0x67676101 };	/* another number whenever struct aggregate changes */

size_t aggregate_size(void)
{
	return sizeof(struct aggregate);
}

/* A process can be killed at any point: nothing here is trusted. */
static bool sane(const struct aggregate_entry *entry)
{
	const struct aggregate_key *key = &entry->key;
	struct name name;

	if (entry->used != true || entry->count == 0 || key->channel >= CHANNEL_COUNT ||
	    key->action >= ACTION_COUNT || key->intended >= ACTION_COUNT)
		return false;
	if (key->name_length == 0)
		return true;
	return name_from_wire(&name, key->name, key->name_length) == 0 &&
	       name.length == key->name_length && name.labels == key->labels;
}

/* An entry with a count is due; all others are free. */
static void restore(struct aggregate *aggregate, uint16_t index)
{
	struct aggregate_entry *entry = &aggregate->entry[index];

	if (!sane(entry)) {
		entry->used = false;
		enqueue(aggregate, &aggregate->free, index);
		return;
	}
	entry->hash = key_hash(&entry->key, KEY_FIXED + (size_t)entry->key.name_length,
			       aggregate->seed);
	entry->chain = aggregate->bucket[entry->hash % BUCKETS];
	aggregate->bucket[entry->hash % BUCKETS] = index;
	enqueue(aggregate, &aggregate->due, index);
}

struct aggregate *aggregate_attach(void *memory, uint64_t seed)
{
	struct aggregate *aggregate = memory;

	if (aggregate->magic != MAGIC || aggregate->touched > AGGREGATE_ENTRIES)
		aggregate->touched = 0;
	aggregate->magic = MAGIC;
	aggregate->seed = seed;
	aggregate->filled_ms = -1;
	aggregate->free = aggregate->due = aggregate->window =
		(struct queue){ NO_ENTRY, NO_ENTRY };
	memset(aggregate->bucket, 0xff, sizeof(aggregate->bucket));
	for (unsigned int i = 0; i < aggregate->touched; i++)
		restore(aggregate, (uint16_t)i);
	return aggregate;
}

/* ---- records ---- */

/* Moves the count from the entry into the record. */
static void take(struct aggregate_entry *entry, struct event *record)
{
	const struct aggregate_key *key = &entry->key;

	*record = (struct event){
		.wall_ms = entry->wall_ms,
		.uptime_ms = entry->uptime_ms,
		.channel = (enum event_channel)key->channel,
		.action = (enum action)key->action,
		.intended = (enum action)key->intended,
		.client = key->client,
		.client_port = entry->client_port,
		.interface = entry->interface,
		.has_resolver = key->has_resolver,
		.resolver = key->resolver,
		.qtype = key->qtype,
		.protocol = key->protocol,
		.port = key->port,
		.has_address = key->has_address,
		.address = key->address,
		.has_mac = key->has_mac,
		.inbound = key->inbound,
		.state = key->state,
		.rule = key->rule,
		.count = entry->count,
	};
	record->name.length = key->name_length;
	record->name.labels = key->labels;
	memcpy(record->mac, key->mac, sizeof(record->mac));
	memcpy(record->name.wire, key->name, key->name_length);
	entry->count = 0;
}

/* Closes windows that are over: entries with a count are due, the others are freed. */
static void close_windows(struct aggregate *aggregate, int64_t uptime_ms)
{
	struct queue *window = &aggregate->window;

	while (window->head != NO_ENTRY &&
	       aggregate->entry[window->head].deadline <= uptime_ms) {
		uint16_t index = dequeue(aggregate, window);

		if (aggregate->entry[index].count)
			enqueue(aggregate, &aggregate->due, index);
		else
			forget(aggregate, index);
	}
}

static bool take_token(struct aggregate *aggregate, int64_t uptime_ms)
{
	const int64_t most = AGGREGATE_BURST * 1000;
	int64_t passed = uptime_ms - aggregate->filled_ms;

	/* The first call, or a pause long enough to fill the bucket from empty. */
	if (aggregate->filled_ms < 0 || passed >= most / AGGREGATE_RATE)
		aggregate->tokens = most;
	else if (passed > 0)
		aggregate->tokens += passed * AGGREGATE_RATE;
	if (aggregate->tokens > most)
		aggregate->tokens = most;
	if (aggregate->filled_ms < uptime_ms)
		aggregate->filled_ms = uptime_ms;
	if (aggregate->tokens < 1000)
		return false;
	aggregate->tokens -= 1000;
	return true;
}

/* Skips entries that a drain emptied: they have nothing to write. */
static void pass_over_empty(struct aggregate *aggregate)
{
	struct queue *due = &aggregate->due;

	while (due->head != NO_ENTRY && aggregate->entry[due->head].count == 0)
		forget(aggregate, dequeue(aggregate, due));
}

bool aggregate_next(struct aggregate *aggregate, int64_t uptime_ms, struct event *record)
{
	struct aggregate_entry *entry;
	uint16_t index;

	close_windows(aggregate, uptime_ms);
	pass_over_empty(aggregate);
	if (aggregate->due.head == NO_ENTRY || !take_token(aggregate, uptime_ms))
		return false;
	index = dequeue(aggregate, &aggregate->due);
	entry = &aggregate->entry[index];
	take(entry, record);
	if (entry->written) {
		forget(aggregate, index);
		return true;
	}
	entry->written = true;
	entry->deadline = uptime_ms + AGGREGATE_WINDOW_MS;
	enqueue(aggregate, &aggregate->window, index);
	return true;
}

bool aggregate_drain(struct aggregate *aggregate, uint32_t *position, const uint32_t *state,
		     struct event *record)
{
	while (*position < aggregate->touched) {
		struct aggregate_entry *entry = &aggregate->entry[(*position)++];

		if (!entry->used || entry->count == 0 || (state && entry->key.state != *state))
			continue;
		take(entry, record);
		return true;
	}
	return false;
}
