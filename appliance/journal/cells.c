/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/cells.h"

#include <string.h>

#include "appliance/journal/queue.h"
#include "rules/policy/policy.h"

/* What a cell is used for. Zeros are free memory. */
enum { FREE, COUNTER, TEXT, CLAIMED };

enum { HAS_RESOLVER = 1, HAS_ADDRESS = 2, HAS_MAC = 4, INBOUND = 8, FLAGS = 16 };

/* The rest of a long name. The head is that of struct cell. */
struct __attribute__((may_alias)) text {
	uint16_t more;
	uint8_t use;
	uint8_t bytes[CELL_TEXT];
};

_Static_assert(sizeof(struct cells_key) == 76, "padding would be hashed");
_Static_assert(sizeof(struct cell) == sizeof(struct text), "a name continues in whole cells");
_Static_assert(CELLS < UINT16_MAX, "cells have 16-bit numbers");

static struct text *text_at(struct cells *cells, uint16_t index)
{
	return (struct text *)(void *)&cells->cell[index];
}

/* ---- keys ---- */

void cells_key(struct cells_key *key, const struct event *event)
{
	*key = (struct cells_key){
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

uint8_t cells_prefix(const struct cells_key *key)
{
	bool v4 = addr_is_v4(&key->client);

	if (key->level < LEVEL_NETWORK)
		return 128;
	if (key->level == LEVEL_NETWORK)
		return v4 ? ADDR_V4_BITS + 24 : 64;
	return v4 ? ADDR_V4_BITS : 0;
}

/* What remains of a key on its next level. */
static struct cells_key wider(const struct cells_key *key)
{
	struct cells_key wide = {
		.client = key->client, .state = key->state, .rule = key->rule,
		.channel = key->channel, .action = key->action, .intended = key->intended,
		.flags = key->flags & INBOUND, .level = (uint8_t)(key->level + 1),
	};
	size_t kept = cells_prefix(&wide) / 8;

	memset(wide.client.bytes + kept, 0, sizeof(wide.client.bytes) - kept);
	if (wide.level == LEVEL_REST) {
		wide.rule = POLICY_NO_RULE;
		wide.state = 0;
	}
	return wide;
}

/* Eight bytes per step, mixed by a multiplication and a fold. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		word = 0;
		memcpy(&word, bytes + at, size - at < sizeof(word) ? size - at : sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	return hash;
}

static uint32_t hash_of(uint64_t seed, const struct cells_key *key, const uint8_t *name)
{
	uint64_t hash = mix(mix(seed, key, sizeof(*key)), name, key->name_length);

	return (uint32_t)(hash * 0x9e3779b97f4a7c15 >> 32);
}

/* ---- names ---- */

/* Bytes of a name beyond the first cell. */
static size_t beyond(size_t length)
{
	return length > CELL_NAME ? length - CELL_NAME : 0;
}

unsigned int cells_needed(const struct event *event)
{
	return 1 + (unsigned int)((beyond(event->name.length) + CELL_TEXT - 1) / CELL_TEXT);
}

static bool name_equals(const struct cells *cells, const struct cell *cell, const uint8_t *name)
{
	size_t left = cell->key.name_length, step = left < CELL_NAME ? left : CELL_NAME;
	const uint8_t *bytes = cell->name;
	uint16_t more = cell->more;

	while (memcmp(bytes, name, step) == 0) {
		const struct text *text;

		left -= step;
		name += step;
		if (left == 0)
			return true;
		text = (const struct text *)(const void *)&cells->cell[more];
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
static bool get_name(struct cells *cells, const struct cell *cell, uint8_t name[NAME_WIRE_MAX])
{
	size_t length = cell->key.name_length, done = length < CELL_NAME ? length : CELL_NAME;
	uint16_t more = cell->more;

	memcpy(name, cell->name, done);
	while (done < length) {
		size_t step = length - done < CELL_TEXT ? length - done : CELL_TEXT;

		if (more >= cells->touched || text_at(cells, more)->use != TEXT)
			return false;
		memcpy(name + done, text_at(cells, more)->bytes, step);
		more = text_at(cells, more)->more;
		done += step;
	}
	return true;
}

/* ---- cells ---- */

static uint16_t take_free(struct cells *cells)
{
	uint16_t index = cells->free;

	cells->available--;
	if (index == QUEUE_NONE)
		return (uint16_t)cells->touched++;
	cells->free = cells->cell[index].more;
	return index;
}

static void give_back(struct cells *cells, uint16_t index)
{
	cells->cell[index].use = FREE;
	cells->cell[index].more = cells->free;
	cells->free = index;
	cells->available++;
}

static void free_text(struct cells *cells, struct cell *cell)
{
	while (beyond(cell->key.name_length) && cell->more != QUEUE_NONE) {
		uint16_t index = cell->more;

		cell->more = text_at(cells, index)->more;
		give_back(cells, index);
	}
}

static void put_text(struct cells *cells, struct cell *cell, const uint8_t *name)
{
	uint16_t *link = &cell->more;
	size_t left = cell->key.name_length, step = left < CELL_NAME ? left : CELL_NAME;

	memcpy(cell->name, name, step);
	while (left -= step) {
		struct text *text;

		name += step;
		*link = take_free(cells);
		text = text_at(cells, *link);
		text->use = TEXT;
		step = left < CELL_TEXT ? left : CELL_TEXT;
		memcpy(text->bytes, name, step);
		link = &text->more;
	}
	*link = QUEUE_NONE;
}

static void chain(struct cells *cells, uint16_t index, uint32_t hash)
{
	uint16_t *bucket = &cells->bucket[hash % CELL_BUCKETS];

	cells->cell[index].hash = hash;
	cells->cell[index].chain = *bucket;
	*bucket = index;
}

static void unchain(struct cells *cells, uint16_t index)
{
	uint16_t *link = &cells->bucket[cells->cell[index].hash % CELL_BUCKETS];

	while (*link != index)
		link = &cells->cell[*link].chain;
	*link = cells->cell[index].chain;
}

bool cells_used(const struct cells *cells, uint16_t index)
{
	return cells->cell[index].use == COUNTER;
}

uint16_t cells_find(const struct cells *cells, const struct cells_key *key, const uint8_t *name,
		    uint32_t *hash)
{
	uint16_t index;

	*hash = hash_of(cells->seed, key, name);
	index = cells->bucket[*hash % CELL_BUCKETS];
	while (index != QUEUE_NONE) {
		const struct cell *cell = &cells->cell[index];

		if (cell->hash == *hash && memcmp(&cell->key, key, sizeof(*key)) == 0 &&
		    name_equals(cells, cell, name))
			break;
		index = cell->chain;
	}
	return index;
}

uint16_t cells_insert(struct cells *cells, const struct cells_key *key, const uint8_t *name,
		      uint32_t hash)
{
	uint16_t index = take_free(cells);
	struct cell *cell = &cells->cell[index];

	cell->count = 0;
	cell->waiting = cell->written = false;
	cell->key = *key;
	put_text(cells, cell, name);
	chain(cells, index, hash);
	cell->use = COUNTER;
	return index;
}

void cells_remove(struct cells *cells, uint16_t index)
{
	unchain(cells, index);
	free_text(cells, &cells->cell[index]);
	give_back(cells, index);
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

void cells_count(struct cell *cell, const struct event *event)
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

bool cells_widen(struct cells *cells, uint16_t index)
{
	struct cell *cell = &cells->cell[index];
	struct cells_key key = wider(&cell->key);
	uint32_t hash;
	uint16_t other = cells_find(cells, &key, cell->name, &hash);

	if (other != QUEUE_NONE) {
		merge(&cells->cell[other], cell);
		cells_remove(cells, index);
		return true;
	}
	unchain(cells, index);
	free_text(cells, cell);
	cell->key = key;
	cell->client_port = 0;
	cell->written = false;
	chain(cells, index, hash);
	return false;
}

void cells_take(struct cells *cells, uint16_t index, struct event *event)
{
	struct cell *cell = &cells->cell[index];
	const struct cells_key *key = &cell->key;

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
	(void)get_name(cells, cell, event->name.wire);
	cell->count = 0;
}

/* ---- memory of another process ---- */

/* It can have been killed at any point: nothing here is trusted. The hash is under the old seed. */
static bool sane(struct cells *cells, const struct cell *cell, uint8_t wire[NAME_WIRE_MAX])
{
	const struct cells_key *key = &cell->key;
	struct name name;

	if (key->level >= LEVEL_COUNT || key->channel >= CHANNEL_COUNT ||
	    key->action >= ACTION_COUNT || key->intended >= ACTION_COUNT ||
	    key->flags >= FLAGS || !get_name(cells, cell, wire) ||
	    (key->level > LEVEL_DETAIL && key->name_length) ||
	    hash_of(cells->seed, key, wire) != cell->hash)
		return false;
	return key->name_length == 0 ||
	       (name_from_wire(&name, wire, key->name_length) == 0 &&
		name.length == key->name_length && name.labels == key->labels);
}

/* The cells of its name belong to this counter alone. */
static void claim(struct cells *cells, struct cell *cell)
{
	uint16_t *link = &cell->more;

	for (size_t left = beyond(cell->key.name_length); left;
	     left -= left < CELL_TEXT ? left : CELL_TEXT) {
		text_at(cells, *link)->use = CLAIMED;
		link = &text_at(cells, *link)->more;
	}
	*link = QUEUE_NONE;
}

/* Keeps what counts something. Returns the number of counters that are lost. */
static uint64_t check(struct cells *cells, uint64_t seed)
{
	uint8_t wire[NAME_WIRE_MAX];
	uint64_t lost = 0;

	for (uint32_t i = 0; i < cells->touched; i++) {
		struct cell *cell = &cells->cell[i];

		if (cell->use != COUNTER)
			continue;
		if (cell->count && sane(cells, cell, wire)) {
			claim(cells, cell);
			cell->waiting = cell->written = false;
			chain(cells, (uint16_t)i, hash_of(seed, &cell->key, wire));
			continue;
		}
		lost += cell->count != 0;
		cell->use = FREE;
	}
	return lost;
}

uint64_t cells_attach(struct cells *cells, uint64_t seed)
{
	uint64_t lost;

	if (cells->touched > CELLS)
		cells->touched = 0;
	memset(cells->bucket, 0xff, sizeof(cells->bucket));
	lost = check(cells, seed);
	cells->seed = seed;
	cells->free = QUEUE_NONE;
	cells->available = CELLS;
	for (uint32_t i = 0; i < cells->touched; i++) {
		struct cell *cell = &cells->cell[i];

		cells->available--;
		if (cell->use == CLAIMED)
			cell->use = TEXT;
		else if (cell->use != COUNTER)
			give_back(cells, (uint16_t)i);
	}
	return lost;
}
