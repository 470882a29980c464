/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/seen.h"

#include <string.h>

struct seen_client {
	struct addr client;
	uint32_t slot;		/* of the last note */
	uint32_t used;		/* when, in calls; 0: a free place */
	uint32_t count;		/* since the last note */
	uint8_t kind;
	bool noted;		/* ever; slot counts */
};
_Static_assert(sizeof(struct seen_client) == 32, "the header says 32 bytes");

struct seen {
	uint64_t seed;
	uint32_t calls;
	uint32_t slot;		/* that the numbers below are of */
	uint32_t notes;
	uint16_t group[SEEN_GROUPS];
	struct seen_client client[SEEN_SETS][SEEN_WAYS];
};

size_t seen_size(void)
{
	return sizeof(struct seen);
}

struct seen *seen_init(void *memory, uint64_t seed)
{
	struct seen *seen = memory;

	seen->seed = seed;
	return seen;
}

static size_t hash_bytes(uint64_t seed, const struct addr *client, size_t bytes)
{
	uint64_t hash = seed, word[2] = { 0, 0 };

	memcpy(word, client->bytes, bytes);
	for (size_t i = 0; i < 2; i++) {
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	hash *= 0x9e3779b97f4a7c15;
	return (size_t)(hash >> 32);
}

/* The place of the client, or of the one that was used longest ago, which is forgotten. */
static struct seen_client *find(struct seen *seen, const struct addr *client, uint8_t kind)
{
	const size_t hash = hash_bytes(seen->seed ^ kind, client, sizeof(client->bytes));
	struct seen_client *set = seen->client[hash % SEEN_SETS], *oldest = set;

	for (size_t i = 0; i < SEEN_WAYS; i++) {
		if (set[i].used && set[i].kind == kind &&
		    addr_compare(&set[i].client, client) == 0)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*oldest = (struct seen_client){ .client = *client, .kind = kind };
	return oldest;
}

static bool may_note(struct seen *seen, const struct addr *client, uint32_t slot)
{
	uint16_t *group = &seen->group[hash_bytes(seen->seed, client, addr_is_v4(client) ? 15 : 8) %
				       SEEN_GROUPS];

	if (seen->slot != slot) {
		seen->slot = slot;
		seen->notes = 0;
		memset(seen->group, 0, sizeof(seen->group));
	}
	if (seen->notes >= SEEN_MOST || *group >= SEEN_SHARE)
		return false;
	seen->notes++;
	(*group)++;
	return true;
}

bool seen_add(struct seen *seen, const struct addr *client, uint8_t kind, uint32_t slot,
	      uint64_t events, uint64_t *count)
{
	struct seen_client *place = find(seen, client, kind);

	/* After 2^32 calls the order of places is wrong once; nothing else. */
	place->used = ++seen->calls ? seen->calls : ++seen->calls;
	place->count = events > UINT32_MAX - place->count ? UINT32_MAX :
		       place->count + (uint32_t)events;
	if ((place->noted && place->slot == slot) || !may_note(seen, client, slot))
		return false;
	place->noted = true;
	place->slot = slot;
	*count = place->count;
	place->count = 0;
	return true;
}
