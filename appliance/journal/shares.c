/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/shares.h"

#include <string.h>

enum { ROOT = 0 };

void shares_init(struct shares *shares, uint64_t seed)
{
	shares->seed = seed;
	memset(shares->bucket, 0xff, sizeof(shares->bucket));
	shares->free_network = shares->free_client = QUEUE_NONE;
	for (uint16_t i = SHARES_ACCOUNTS; --i > ROOT;) {
		uint16_t *list = i < SHARES_NETWORKS ? &shares->free_network :
						       &shares->free_client;

		shares->account[i].chain = *list;
		*list = i;
	}
	shares->account[ROOT] = (struct shares_account){
		.parent = QUEUE_NONE, .fine = queue_empty(), .coarse = queue_empty(),
	};
	memset(&shares->family[ROOT], 0xff, sizeof(shares->family[ROOT]));
	shares->family[ROOT].own_turn = true;
}

/* ---- accounts ---- */

static uint16_t *bucket_of(struct shares *shares, const struct addr *addr, uint8_t prefix)
{
	uint64_t half[2], hash;

	memcpy(half, addr->bytes, sizeof(half));
	hash = (shares->seed ^ half[0] ^ prefix) * 0x9e3779b97f4a7c15;
	hash = ((hash ^ hash >> 32) ^ half[1]) * 0x9e3779b97f4a7c15;
	return &shares->bucket[(hash ^ hash >> 32) * 0x9e3779b97f4a7c15 >> 32 &
			       (SHARES_BUCKETS - 1)];
}

/* An account with nothing waiting joins the end of its parent's lists. */
static void join(struct shares *shares, uint16_t index)
{
	struct shares_family *family = &shares->family[shares->account[index].parent];

	queue_append(&family->rank[0], shares->by_rank, index);
	queue_append(&family->turn, shares->by_turn, index);
}

/* The account of this address, a new one if needed; QUEUE_NONE: there are too many. */
static uint16_t account_get(struct shares *shares, uint16_t parent, const struct addr *addr,
			    uint8_t prefix)
{
	uint16_t *bucket = bucket_of(shares, addr, prefix);
	uint16_t *list = parent == ROOT ? &shares->free_network : &shares->free_client;
	uint16_t index = *bucket;

	while (index != QUEUE_NONE && (shares->account[index].prefix != prefix ||
				       addr_compare(&shares->account[index].addr, addr) != 0))
		index = shares->account[index].chain;
	if (index != QUEUE_NONE || *list == QUEUE_NONE)
		return index;
	index = *list;
	*list = shares->account[index].chain;
	shares->account[index] = (struct shares_account){
		.addr = *addr, .chain = *bucket, .parent = parent, .prefix = prefix,
		.fine = queue_empty(), .coarse = queue_empty(),
	};
	*bucket = index;
	if (index < SHARES_NETWORKS) {
		memset(&shares->family[index], 0xff, sizeof(shares->family[index]));
		shares->family[index].own_turn = true;
	}
	join(shares, index);
	return index;
}

/* Frees an account with nothing waiting. */
static void account_free(struct shares *shares, uint16_t index)
{
	struct shares_account *account = &shares->account[index];
	struct shares_family *family = &shares->family[account->parent];
	uint16_t *link = bucket_of(shares, &account->addr, account->prefix);
	uint16_t *list = index < SHARES_NETWORKS ? &shares->free_network : &shares->free_client;

	while (*link != index)
		link = &shares->account[*link].chain;
	*link = account->chain;
	queue_remove(&family->rank[account->rank], shares->by_rank, index);
	queue_remove(&family->turn, shares->by_turn, index);
	account->chain = *list;
	*list = index;
}

/* 0: light. */
static uint8_t rank_of(uint16_t waiting)
{
	if (waiting < SHARES_HEAVY)
		return 0;
	return (uint8_t)(28 - __builtin_clz(waiting));
}
_Static_assert(28 - (31 - 14) == SHARES_RANKS - 1 && CELLS == 1 << 14, "the heaviest has a rank");

/* This many more wait at the account and at all above it. Those without any are freed. */
static void change(struct shares *shares, uint16_t index, int by)
{
	while (index != QUEUE_NONE) {
		struct shares_account *account = &shares->account[index];
		uint16_t parent = account->parent;
		uint8_t rank;

		account->waiting = (uint16_t)(account->waiting + by);
		rank = rank_of(account->waiting);
		if (index != ROOT && account->waiting == 0) {
			account_free(shares, index);
		} else if (index != ROOT && rank != account->rank) {
			struct shares_family *family = &shares->family[parent];

			queue_remove(&family->rank[account->rank], shares->by_rank, index);
			queue_append(&family->rank[rank], shares->by_rank, index);
			account->rank = rank;
		}
		index = parent;
	}
}

/* ---- counters ---- */

static uint16_t network_get(struct shares *shares, const struct addr *client)
{
	struct addr network = *client;
	uint8_t prefix = addr_is_v4(client) ? ADDR_V4_BITS + 24 : 64;

	memset(network.bytes + prefix / 8, 0, sizeof(network.bytes) - prefix / 8);
	return account_get(shares, ROOT, &network, prefix);
}

static uint16_t owner_get(struct shares *shares, const struct cells_key *key)
{
	uint16_t network, client;

	if (key->level >= LEVEL_FAMILY)
		return ROOT;
	network = network_get(shares, &key->client);
	if (network == QUEUE_NONE || key->level == LEVEL_NETWORK)
		return network;
	client = account_get(shares, network, &key->client, 128);
	if (client == QUEUE_NONE && shares->account[network].waiting == 0)
		account_free(shares, network);
	return client;
}

bool shares_put(struct shares *shares, uint16_t counter, const struct cells_key *key)
{
	uint16_t owner = owner_get(shares, key);
	bool coarse = key->level == LEVEL_CLIENT || key->level == LEVEL_REST;
	struct shares_account *account;

	if (owner == QUEUE_NONE)
		return false;
	account = &shares->account[owner];
	shares->owner[counter] = owner;
	shares->is_coarse[counter] = key->level == LEVEL_REST ? 2 : coarse;
	queue_append(coarse ? &account->coarse : &account->fine, shares->link, counter);
	account->own = (uint16_t)(account->own + (key->level != LEVEL_REST));
	change(shares, owner, 1);
	return true;
}

void shares_remove(struct shares *shares, uint16_t counter)
{
	uint16_t owner = shares->owner[counter];
	struct shares_account *account = &shares->account[owner];
	uint8_t coarse = shares->is_coarse[counter];

	queue_remove(coarse ? &account->coarse : &account->fine, shares->link, counter);
	account->own = (uint16_t)(account->own - (coarse != 2));
	change(shares, owner, -1);
}

void shares_serve(struct shares *shares, uint16_t counter)
{
	uint16_t index = shares->owner[counter];

	if (index < SHARES_NETWORKS)
		shares->family[index].own_turn = false;
	for (; index != ROOT; index = shares->account[index].parent) {
		struct shares_family *family = &shares->family[shares->account[index].parent];

		queue_remove(&family->turn, shares->by_turn, index);
		queue_append(&family->turn, shares->by_turn, index);
		family->own_turn = true;
	}
	shares_remove(shares, counter);
}

uint16_t shares_waiting(const struct shares *shares)
{
	return shares->account[ROOT].waiting;
}

uint16_t shares_next(const struct shares *shares)
{
	uint16_t index = ROOT;

	for (;;) {
		const struct shares_account *account = &shares->account[index];
		uint16_t own = account->coarse.head != QUEUE_NONE ? account->coarse.head :
								    account->fine.head;

		if (index >= SHARES_NETWORKS)
			return own;
		if (own != QUEUE_NONE && shares->family[index].own_turn)
			return own;
		if (shares->family[index].turn.head == QUEUE_NONE)
			return own;
		index = shares->family[index].turn.head;
	}
}

uint16_t shares_oldest(const struct shares *shares, uint16_t counter)
{
	return shares->account[shares->owner[counter]].fine.head;
}

/* The account below that has most waiting, or the newest one if none is heavy. */
static uint16_t heaviest_below(const struct shares *shares, uint16_t index)
{
	const struct shares_family *family;

	if (index >= SHARES_NETWORKS)
		return QUEUE_NONE;
	family = &shares->family[index];
	for (int rank = SHARES_RANKS; --rank > 0;) {
		if (family->rank[rank].tail != QUEUE_NONE)
			return family->rank[rank].tail;
	}
	return family->rank[0].tail;
}

uint16_t shares_heaviest(const struct shares *shares)
{
	const struct shares_account *account = &shares->account[ROOT];
	uint16_t below = heaviest_below(shares, ROOT);

	while (below != QUEUE_NONE && (account->own < SHARES_HEAVY ||
				       account->own < shares->account[below].waiting)) {
		account = &shares->account[below];
		below = heaviest_below(shares, below);
	}
	/* The coarse counters of the root are the last level. */
	if (account->fine.tail == QUEUE_NONE && account != &shares->account[ROOT])
		return account->coarse.tail;
	return account->fine.tail;
}
