/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/share.h"

#include <errno.h>
#include <stdlib.h>

int share_init(struct share *share, size_t limit, size_t holders)
{
	*share = (struct share){ .limit = limit, .places = 2 };
	/* At most half full, so that a search takes a step or two. */
	while (share->places < 2 * holders)
		share->places *= 2;
	share->table = calloc(share->places, sizeof(*share->table));
	return share->table ? 0 : -ENOMEM;
}

void share_free(struct share *share)
{
	free(share->table);
	*share = (struct share){ 0 };
}

/*
 * Clients choose their addresses, but one table never has many of them: a plain hash is enough
 * (FNV-1a).
 */
static size_t place_of(const struct share *share, const struct addr *client)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(client->bytes); i++)
		hash = (hash ^ client->bytes[i]) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 32) & (share->places - 1);
}

/* The client's place, or the free one where it belongs; NULL if the table has neither. */
static struct share_holder *find(const struct share *share, const struct addr *client)
{
	size_t at = place_of(share, client);

	for (size_t step = 0; step < share->places; step++) {
		struct share_holder *holder = &share->table[(at + step) & (share->places - 1)];

		if (holder->held == 0 || addr_compare(&holder->client, client) == 0)
			return holder;
	}
	return NULL;
}

bool share_is_full(const struct share *share, size_t amount)
{
	return amount > share->limit - share->total;
}

bool share_take(struct share *share, const struct addr *client, size_t amount)
{
	struct share_holder *holder = find(share, client);
	size_t free = share->limit - share->total;

	if (!holder || amount > free || holder->held + amount > free)
		return false;
	holder->client = *client;
	holder->held += amount;
	share->total += amount;
	return true;
}

/*
 * A free place ends a search, so entries that were pushed past this one move up (Knuth, 6.4,
 * algorithm R).
 */
static void close_gap(struct share *share, size_t gap)
{
	const size_t mask = share->places - 1;

	for (size_t at = (gap + 1) & mask; share->table[at].held; at = (at + 1) & mask) {
		size_t home = place_of(share, &share->table[at].client);

		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		share->table[gap] = share->table[at];
		share->table[at].held = 0;
		gap = at;
	}
}

void share_give(struct share *share, const struct addr *client, size_t amount)
{
	struct share_holder *holder = find(share, client);

	if (!holder || amount == 0 || holder->held < amount)
		return;
	holder->held -= amount;
	share->total -= amount;
	if (holder->held == 0)
		close_gap(share, (size_t)(holder - share->table));
}

size_t share_held(const struct share *share, const struct addr *client)
{
	const struct share_holder *holder = find(share, client);

	return holder ? holder->held : 0;
}
