/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/counters.h"

#include <string.h>

#include "appliance/base/hash.h"
#include "appliance/journal/queue.h"
#include "rules/policy/policy.h"

/* What a cell is used for. Zeros are free memory. */
enum { FREE, COUNTER, TEXT, CLAIMED };

enum { HAS_RESOLVER = 1, HAS_ADDRESS = 2, HAS_MAC = 4, INBOUND = 8, FLAGS = 16 };

/* The rest of a long name. The head is that of struct cell. */
struct __attribute__((may_alias)) name_rest {
	uint16_t more;
	uint8_t use;
	uint8_t bytes[CELL_TEXT];
};

_Static_assert(sizeof(struct counters_key) == 76, "padding would be hashed");
_Static_assert(sizeof(struct cell) == sizeof(struct name_rest), "a name continues in whole cells");
_Static_assert(CELLS < UINT16_MAX, "cells have 16-bit numbers");

static struct name_rest *text_at(struct counters *counters, uint16_t index)
{
	return (struct name_rest *)(void *)&counters->cell[index];
}

/* ---- keys ---- */

void counters_key(struct counters_key *key, const struct event *event)
{
	*key = (struct counters_key){
		.client = event->client, .state = event->state, .rule = event->rule,
		.port = event->port, .qtype = event->qtype, .protocol = event->protocol,
		.channel = (uint8_t)event->channel, .action = (uint8_t)event->action,
		.intended = (uint8_t)event->intended, .level = LEVEL_DETAIL,
		.labels = event->name.labels, .name_length = event->name.length,
		.flags = (uint8_t)((event->has_resolver ? HAS_RESOLVER : 0) |
				   (event->has_address ? HAS_ADDRESS : 0) |
				   (event->has_mac ? HAS_MAC : 0) |
				   (event->inbound ? INBOUND : 0)),
	};
	if (event->has_resolver)
		key->resolver = event->resolver;
	if (event->has_address)
		key->address = event->address;
	if (event->has_mac)
		memcpy(key->mac, event->mac, sizeof(key->mac));
}

uint8_t counters_prefix(const struct counters_key *key)
{
	bool v4 = addr_is_v4(&key->client);

	if (key->level < LEVEL_NETWORK)
		return 128;
	if (key->level == LEVEL_NETWORK)
		return v4 ? ADDR_V4_BITS + 24 : 64;
	return v4 ? ADDR_V4_BITS : 0;
}

/* What remains of a key on its next level. */
static struct counters_key wider(const struct counters_key *key)
{
	struct counters_key wide = {
		.client = key->client, .state = key->state, .rule = key->rule,
		.channel = key->channel, .action = key->action, .intended = key->intended,
		.flags = key->flags & INBOUND, .level = (uint8_t)(key->level + 1),
	};
	size_t kept = counters_prefix(&wide) / 8;

	memset(wide.client.bytes + kept, 0, sizeof(wide.client.bytes) - kept);
	if (wide.level == LEVEL_REST) {
		wide.rule = POLICY_NO_RULE;
		wide.state = 0;
	}
	return wide;
}

void counters_network_key(struct counters_key *key, const struct event *event)
{
	counters_key(key, event);
	while (key->level < LEVEL_NETWORK)
		*key = wider(key);
}

static uint32_t hash_of(uint64_t seed, const struct counters_key *key, const uint8_t *name)
{
	return hash_end(hash_bytes(hash_bytes(seed, key, sizeof(*key)), name, key->name_length));
}

/* ---- names ---- */

/* Bytes of a name beyond the first cell. */
static size_t beyond(size_t length)
{
	return length > CELL_NAME ? length - CELL_NAME : 0;
}

unsigned int counters_needed(const struct event *event)
{
	return 1 + (unsigned int)((beyond(event->name.length) + CELL_TEXT - 1) / CELL_TEXT);
}

static bool name_equals(const struct counters *counters, const struct cell *cell,
			const uint8_t *name)
{
	size_t left = cell->key.name_length, step = left < CELL_NAME ? left : CELL_NAME;
	const uint8_t *bytes = cell->name;
	uint16_t more = cell->more;

	while (memcmp(bytes, name, step) == 0) {
		const struct name_rest *text;

		left -= step;
		name += step;
		if (left == 0)
			return true;
		text = (const struct name_rest *)(const void *)&counters->cell[more];
		bytes = text->bytes;
		more = text->more;
		step = left < CELL_TEXT ? left : CELL_TEXT;
	}
	return false;
}

/*
 * Copies the name out. False if its chain of cells is broken, which only memory of another process
 * can be.
 */
static bool get_name(struct counters *counters, const struct cell *cell,
		     uint8_t name[NAME_WIRE_MAX])
{
	size_t length = cell->key.name_length, done = length < CELL_NAME ? length : CELL_NAME;
	uint16_t more = cell->more;

	memcpy(name, cell->name, done);
	while (done < length) {
		size_t step = length - done < CELL_TEXT ? length - done : CELL_TEXT;

		if (more >= counters->touched || text_at(counters, more)->use != TEXT)
			return false;
		memcpy(name + done, text_at(counters, more)->bytes, step);
		more = text_at(counters, more)->more;
		done += step;
	}
	return true;
}

/* ---- cells ---- */

static uint16_t take_free(struct counters *counters)
{
	uint16_t index = counters->free;

	counters->available--;
	if (index == QUEUE_NONE)
		return (uint16_t)counters->touched++;
	counters->free = counters->cell[index].more;
	return index;
}

static void give_back(struct counters *counters, uint16_t index)
{
	counters->cell[index].use = FREE;
	counters->cell[index].more = counters->free;
	counters->free = index;
	counters->available++;
}

static void free_text(struct counters *counters, struct cell *cell)
{
	while (beyond(cell->key.name_length) && cell->more != QUEUE_NONE) {
		uint16_t index = cell->more;

		cell->more = text_at(counters, index)->more;
		give_back(counters, index);
	}
}

static void put_text(struct counters *counters, struct cell *cell, const uint8_t *name)
{
	uint16_t *link = &cell->more;
	size_t left = cell->key.name_length, step = left < CELL_NAME ? left : CELL_NAME;

	memcpy(cell->name, name, step);
	while (left -= step) {
		struct name_rest *text;

		name += step;
		*link = take_free(counters);
		text = text_at(counters, *link);
		text->use = TEXT;
		step = left < CELL_TEXT ? left : CELL_TEXT;
		memcpy(text->bytes, name, step);
		link = &text->more;
	}
	*link = QUEUE_NONE;
}

static void chain(struct counters *counters, uint16_t index, uint32_t hash)
{
	uint16_t *bucket = &counters->bucket[hash % CELL_BUCKETS];

	counters->cell[index].hash = hash;
	counters->cell[index].chain = *bucket;
	*bucket = index;
}

static void unchain(struct counters *counters, uint16_t index)
{
	uint16_t *link = &counters->bucket[counters->cell[index].hash % CELL_BUCKETS];

	while (*link != index)
		link = &counters->cell[*link].chain;
	*link = counters->cell[index].chain;
}

bool counters_used(const struct counters *counters, uint16_t index)
{
	return counters->cell[index].use == COUNTER;
}

uint16_t counters_find(const struct counters *counters, const struct counters_key *key,
		       const uint8_t *name, uint32_t *hash)
{
	uint16_t index;

	*hash = hash_of(counters->seed, key, name);
	index = counters->bucket[*hash % CELL_BUCKETS];
	while (index != QUEUE_NONE) {
		const struct cell *cell = &counters->cell[index];

		if (cell->hash == *hash && memcmp(&cell->key, key, sizeof(*key)) == 0 &&
		    name_equals(counters, cell, name))
			break;
		index = cell->chain;
	}
	return index;
}

uint16_t counters_insert(struct counters *counters, const struct counters_key *key,
			 const uint8_t *name, uint32_t hash)
{
	uint16_t index = take_free(counters);
	struct cell *cell = &counters->cell[index];

	cell->count = 0;
	cell->waiting = cell->written = false;
	cell->key = *key;
	put_text(counters, cell, name);
	chain(counters, index, hash);
	cell->use = COUNTER;
	return index;
}

void counters_remove(struct counters *counters, uint16_t index)
{
	unchain(counters, index);
	free_text(counters, &counters->cell[index]);
	give_back(counters, index);
}

/* ---- counting ---- */

static void add_count(struct cell *cell, uint64_t count)
{
	if (__builtin_add_overflow(cell->count, count, &cell->count))
		cell->count = UINT64_MAX;
}

/* Widens the span, so that it ends at this time or later. */
static void extend(struct cell *cell, int64_t uptime_ms)
{
	int64_t span = uptime_ms - cell->uptime_ms;

	if (span > (int64_t)cell->span_ms)
		cell->span_ms = span < UINT32_MAX ? (uint32_t)span : UINT32_MAX;
}

void counters_count(struct cell *cell, const struct event *event)
{
	if (cell->count == 0) {
		cell->wall_ms = event->wall_ms;
		cell->uptime_ms = event->uptime_ms;
		cell->span_ms = 0;
		cell->interface = event->interface;
		cell->client_port = event->client_port;
	}
	extend(cell, event->uptime_ms);
	add_count(cell, event->count);
}

/* The other one counts for both. */
static void merge(struct cell *other, const struct cell *cell)
{
	int64_t last = cell->uptime_ms + cell->span_ms;

	if (other->count == 0) {
		other->wall_ms = cell->wall_ms;
		other->uptime_ms = cell->uptime_ms;
		other->span_ms = 0;
		other->interface = cell->interface;
	} else if (cell->uptime_ms < other->uptime_ms) {
		int64_t end = other->uptime_ms + other->span_ms;

		other->wall_ms = cell->wall_ms;
		other->uptime_ms = cell->uptime_ms;
		extend(other, end);
	}
	extend(other, last);
	add_count(other, cell->count);
}

bool counters_widen(struct counters *counters, uint16_t index)
{
	struct cell *cell = &counters->cell[index];
	struct counters_key key = wider(&cell->key);
	uint32_t hash;
	uint16_t other = counters_find(counters, &key, cell->name, &hash);

	if (other != QUEUE_NONE) {
		merge(&counters->cell[other], cell);
		counters_remove(counters, index);
		return true;
	}
	unchain(counters, index);
	free_text(counters, cell);
	cell->key = key;
	cell->client_port = 0;
	cell->written = false;
	chain(counters, index, hash);
	return false;
}

void counters_take(struct counters *counters, uint16_t index, struct event *event)
{
	struct cell *cell = &counters->cell[index];
	const struct counters_key *key = &cell->key;

	*event = (struct event){
		.wall_ms = cell->wall_ms, .uptime_ms = cell->uptime_ms,
		.channel = (enum event_channel)key->channel,
		.action = (enum action)key->action, .intended = (enum action)key->intended,
		.client = key->client,
		.client_port = key->level == LEVEL_DETAIL ? cell->client_port : 0,
		.interface = key->level < LEVEL_NETWORK ? cell->interface : 0,
		.has_resolver = key->flags & HAS_RESOLVER, .resolver = key->resolver,
		.has_address = key->flags & HAS_ADDRESS, .address = key->address,
		.has_mac = key->flags & HAS_MAC, .inbound = key->flags & INBOUND,
		.qtype = key->qtype, .protocol = key->protocol, .port = key->port,
		.state = key->state, .rule = key->rule, .count = cell->count,
	};
	event->name.length = key->name_length;
	event->name.labels = key->labels;
	memcpy(event->mac, key->mac, sizeof(event->mac));
	(void)get_name(counters, cell, event->name.wire);
	cell->count = 0;
}

/* ---- memory of another process ---- */

/* It can have been killed at any point: nothing here is trusted. The hash is under the old seed. */
static bool sane(struct counters *counters, const struct cell *cell, uint8_t wire[NAME_WIRE_MAX])
{
	const struct counters_key *key = &cell->key;
	struct name name;

	if (key->level >= LEVEL_COUNT || key->channel >= CHANNEL_COUNT ||
	    key->action >= ACTION_COUNT || key->intended >= ACTION_COUNT ||
	    key->flags >= FLAGS || !get_name(counters, cell, wire) ||
	    (key->level > LEVEL_DETAIL && key->name_length) ||
	    hash_of(counters->seed, key, wire) != cell->hash)
		return false;
	return key->name_length == 0 ||
	       (name_from_wire(&name, wire, key->name_length) == 0 &&
		name.length == key->name_length && name.labels == key->labels);
}

/* The cells of its name belong to this counter alone. */
static void claim(struct counters *counters, struct cell *cell)
{
	uint16_t *link = &cell->more;

	for (size_t left = beyond(cell->key.name_length); left;
	     left -= left < CELL_TEXT ? left : CELL_TEXT) {
		text_at(counters, *link)->use = CLAIMED;
		link = &text_at(counters, *link)->more;
	}
	*link = QUEUE_NONE;
}

/* Keeps what counts something. Returns the number of counters that are lost. */
static uint64_t check(struct counters *counters, uint64_t seed)
{
	uint8_t wire[NAME_WIRE_MAX];
	uint64_t lost = 0;

	for (uint32_t i = 0; i < counters->touched; i++) {
		struct cell *cell = &counters->cell[i];

		if (cell->use != COUNTER)
			continue;
		if (cell->count && sane(counters, cell, wire)) {
			claim(counters, cell);
			cell->waiting = cell->written = false;
			chain(counters, (uint16_t)i, hash_of(seed, &cell->key, wire));
			continue;
		}
		lost += cell->count != 0;
		cell->use = FREE;
	}
	return lost;
}

uint64_t counters_attach(struct counters *counters, uint64_t seed)
{
	uint64_t lost;

	if (counters->touched > CELLS)
		counters->touched = 0;
	memset(counters->bucket, 0xff, sizeof(counters->bucket));
	lost = check(counters, seed);
	counters->seed = seed;
	counters->free = QUEUE_NONE;
	counters->available = CELLS;
	for (uint32_t i = 0; i < counters->touched; i++) {
		struct cell *cell = &counters->cell[i];

		counters->available--;
		if (cell->use == CLAIMED)
			cell->use = TEXT;
		else if (cell->use != COUNTER)
			give_back(counters, (uint16_t)i);
	}
	return lost;
}
