/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/fallback.h"

#include <string.h>

#include "appliance/base/hash.h"

/*
 * The clients of one network share FALLBACK_SPREAD sets, those of one set FALLBACK_WAYS places. A
 * new client takes the place of one that costs least to forget: see victim().
 */
struct fallback_client {
	struct addr client;
	int64_t asked_ms;	/* the step before, uptime */
	int64_t said_ms;
	uint8_t used;
	uint8_t said;		/* said_ms counts */
	int8_t place;		/* of that step in the order; -1: none */
};
_Static_assert(sizeof(struct fallback_client) <= 40, "the header promises 40 bytes");

struct fallback {
	uint64_t seed;
	struct fallback_client client[FALLBACK_SETS][FALLBACK_WAYS];
};

size_t fallback_size(void)
{
	return sizeof(struct fallback);
}

struct fallback *fallback_init(void *memory, uint64_t seed)
{
	struct fallback *fallback = memory;

	fallback->seed = seed;
	return fallback;
}

int fallback_place(const struct addr *resolver)
{
	static const uint32_t order[FALLBACK_RESOLVERS] = {
		0x08080808,	/* 8.8.8.8 */
		0x01010101,	/* 1.1.1.1 */
		0xdf060606,	/* 223.6.6.6 */
		0x09090909,	/* 9.9.9.9 */
		0xb9e4a8a8	/* 185.228.168.168 */
	};

	for (int i = 0; i < FALLBACK_RESOLVERS; i++) {
		const struct addr addr = addr_v4(order[i]);

		if (addr_compare(&addr, resolver) == 0)
			return i;
	}
	return -1;
}

/* ---- the table ---- */

/* The bytes that clients of one network share: an IPv4 /24, an IPv6 /64. */
static size_t network_bytes(const struct addr *client)
{
	return addr_is_v4(client) ? 15 : 8;
}

static bool same_network(const struct addr *a, const struct addr *b)
{
	const size_t bytes = network_bytes(a);

	return bytes == network_bytes(b) && memcmp(a, b, bytes) == 0;
}

static size_t set_of(const struct fallback *fallback, const struct addr *client)
{
	const size_t network = hash_end(hash_bytes(fallback->seed, client->bytes,
						   network_bytes(client)));
	const size_t own = hash_end(hash_bytes(fallback->seed, client->bytes,
					       sizeof(client->bytes)));

	return (network + own % FALLBACK_SPREAD) % FALLBACK_SETS;
}

static bool in_sequence(const struct fallback_client *kept, int64_t now)
{
	return kept->place >= 0 && now - kept->asked_ms <= FALLBACK_WINDOW_MS;
}

/* Something to remember: a step within the window, or a finding within the hour. */
static bool is_alive(const struct fallback_client *kept, int64_t now)
{
	return in_sequence(kept, now) || (kept->said && now - kept->said_ms < FALLBACK_AGAIN_MS);
}

static unsigned int share_of(const struct fallback_client *set, const struct addr *client)
{
	unsigned int share = 0;

	for (size_t i = 0; i < FALLBACK_WAYS; i++)
		share += set[i].used && same_network(&set[i].client, client);
	return share;
}

/* A lost finding is only said twice, while a lost step hides the client. */
static bool costs_less(const struct fallback_client *a, const struct fallback_client *b,
		       int64_t now)
{
	if (in_sequence(a, now) != in_sequence(b, now))
		return !in_sequence(a, now);
	return a->asked_ms < b->asked_ms;
}

/*
 * Whose place a new client gets: a dead one's, else one of the network that has most places,
 * counting the new client's own network as one larger. So networks of a set end with equal shares.
 */
static struct fallback_client *victim(struct fallback_client *set, const struct addr *client,
				      int64_t now)
{
	struct fallback_client *worst = NULL;
	unsigned int most = 0;

	for (size_t i = 0; i < FALLBACK_WAYS; i++) {
		unsigned int share;

		if (!set[i].used || !is_alive(&set[i], now))
			return &set[i];
		share = share_of(set, &set[i].client);
		share += same_network(&set[i].client, client);
		if (!worst || share > most || (share == most && costs_less(&set[i], worst, now))) {
			worst = &set[i];
			most = share;
		}
	}
	return worst;
}

static struct fallback_client *find(struct fallback *fallback, const struct addr *client,
				    int64_t now)
{
	struct fallback_client *set = fallback->client[set_of(fallback, client)], *kept;

	for (size_t i = 0; i < FALLBACK_WAYS; i++) {
		if (set[i].used && addr_compare(&set[i].client, client) == 0)
			return &set[i];
	}
	kept = victim(set, client, now);
	*kept = (struct fallback_client){ .client = *client, .used = true, .place = -1 };
	return kept;
}

/* ---- the sequence ---- */

/* Only a step forward counts; the same resolver again (another type, a retry) changes nothing. */
static bool step(struct fallback_client *kept, int place, int64_t now)
{
	const bool recent = in_sequence(kept, now);
	const bool forward = recent && place > kept->place;

	if (recent && place == kept->place)
		return false;
	kept->place = (int8_t)place;
	kept->asked_ms = now;
	return forward;
}

bool fallback_event(struct fallback *fallback, const struct event *event, bool vendor)
{
	struct fallback_client *kept;
	int place;

	if (!vendor || !event->has_resolver || event->channel != CHANNEL_DNS)
		return false;
	place = fallback_place(&event->resolver);
	if (place < 0)
		return false;
	kept = find(fallback, &event->client, event->uptime_ms);
	if (!step(kept, place, event->uptime_ms))
		return false;
	if (kept->said && event->uptime_ms - kept->said_ms < FALLBACK_AGAIN_MS)
		return false;
	kept->said = true;
	kept->said_ms = event->uptime_ms;
	return true;
}
