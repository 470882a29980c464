/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/shares.h"

#include <string.h>

enum { ROOT = 0, LIGHT = 0, HEAVY = 1, OWN = 2, KINDS };

static void family_init(struct shares_family *family)
{
	for (int i = 0; i < SHARES_RANKS; i++)
		family->rank[i] = queue_empty();
	family->turn[LIGHT] = family->turn[HEAVY] = queue_empty();
	family->clients = 0;
	family->next = OWN;
}

void shares_init(struct shares *shares, uint64_t seed)
{
	shares->seed = seed;
	memset(shares->bucket, 0xff, sizeof(shares->bucket));
	shares->free_network = shares->free_client = QUEUE_NONE;
	shares->clients_left = SHARES_ACCOUNTS - SHARES_NETWORKS;
	for (uint16_t i = SHARES_ACCOUNTS; --i > ROOT;) {
		uint16_t *list = i < SHARES_NETWORKS ? &shares->free_network :
						       &shares->free_client;

		shares->account[i].chain = *list;
		*list = i;
	}
	shares->account[ROOT] = (struct shares_account){
		.parent = QUEUE_NONE, .fine = queue_empty(), .coarse = queue_empty(),
	};
	family_init(&shares->family[ROOT]);
}

/* ---- accounts ---- */

static int kind_of(const struct shares_account *account)
{
	return account->rank ? HEAVY : LIGHT;
}

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
	queue_append(&family->turn[LIGHT], shares->by_turn, index);
}

/* Is there an account for one more below the parent? */
static bool has_place(const struct shares *shares, uint16_t parent)
{
	if (parent == ROOT)
		return shares->free_network != QUEUE_NONE;
	return shares->family[parent].clients < shares->clients_left;
}

/* An account that the caller fills. There is one. */
static uint16_t account_take(struct shares *shares, uint16_t parent)
{
	uint16_t *list = parent == ROOT ? &shares->free_network : &shares->free_client;
	uint16_t index = *list;

	*list = shares->account[index].chain;
	if (parent == ROOT) {
		family_init(&shares->family[index]);
	} else {
		shares->clients_left--;
		shares->family[parent].clients++;
	}
	return index;
}

static void account_give(struct shares *shares, uint16_t index)
{
	uint16_t parent = shares->account[index].parent;
	uint16_t *list = parent == ROOT ? &shares->free_network : &shares->free_client;

	shares->account[index].chain = *list;
	*list = index;
	if (parent != ROOT) {
		shares->clients_left++;
		shares->family[parent].clients--;
	}
}

/* The account of this address, a new one if needed; QUEUE_NONE: there are too many. */
static uint16_t account_get(struct shares *shares, uint16_t parent, const struct addr *addr,
			    uint8_t prefix)
{
	uint16_t *bucket = bucket_of(shares, addr, prefix);
	uint16_t index = *bucket;

	while (index != QUEUE_NONE && (shares->account[index].prefix != prefix ||
				       addr_compare(&shares->account[index].addr, addr) != 0))
		index = shares->account[index].chain;
	if (index != QUEUE_NONE || !has_place(shares, parent))
		return index;
	index = account_take(shares, parent);
	shares->account[index] = (struct shares_account){
		.addr = *addr, .chain = *bucket, .parent = parent, .prefix = prefix,
		.fine = queue_empty(), .coarse = queue_empty(),
	};
	*bucket = index;
	join(shares, index);
	return index;
}

/* Frees an account with nothing waiting. */
static void account_free(struct shares *shares, uint16_t index)
{
	struct shares_account *account = &shares->account[index];
	struct shares_family *family = &shares->family[account->parent];
	uint16_t *link = bucket_of(shares, &account->addr, account->prefix);

	while (*link != index)
		link = &shares->account[*link].chain;
	*link = account->chain;
	queue_remove(&family->rank[account->rank], shares->by_rank, index);
	queue_remove(&family->turn[kind_of(account)], shares->by_turn, index);
	account_give(shares, index);
}

/* 0: light. */
static uint8_t rank_of(uint16_t waiting)
{
	if (waiting < SHARES_HEAVY)
		return 0;
	return (uint8_t)(28 - __builtin_clz(waiting));
}
_Static_assert(28 - (31 - 14) == SHARES_RANKS - 1 && CELLS == 1 << 14, "the heaviest has a rank");

static void set_rank(struct shares *shares, uint16_t index, uint8_t rank)
{
	struct shares_account *account = &shares->account[index];
	struct shares_family *family = &shares->family[account->parent];
	int before = kind_of(account);

	queue_remove(&family->rank[account->rank], shares->by_rank, index);
	queue_append(&family->rank[rank], shares->by_rank, index);
	account->rank = rank;
	if (kind_of(account) == before)
		return;
	queue_remove(&family->turn[before], shares->by_turn, index);
	queue_append(&family->turn[kind_of(account)], shares->by_turn, index);
}

/* This many more wait at the account and at all above it. Those without any are freed. */
static void change(struct shares *shares, uint16_t index, int by)
{
	for (; index != ROOT; index = shares->account[index].parent) {
		struct shares_account *account = &shares->account[index];
		uint8_t rank;

		account->waiting = (uint16_t)(account->waiting + by);
		rank = rank_of(account->waiting);
		if (rank != account->rank)
			set_rank(shares, index, rank);
		if (account->waiting == 0)
			account_free(shares, index);
	}
	shares->account[ROOT].waiting = (uint16_t)(shares->account[ROOT].waiting + by);
}

/* ---- counters ---- */

static uint16_t network_get(struct shares *shares, const struct addr *client)
{
	struct addr network = *client;
	uint8_t prefix = addr_is_v4(client) ? ADDR_V4_BITS + 24 : 64;

	memset(network.bytes + prefix / 8, 0, sizeof(network.bytes) - prefix / 8);
	return account_get(shares, ROOT, &network, prefix);
}

static uint16_t owner_get(struct shares *shares, const struct counters_key *key)
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

bool shares_put(struct shares *shares, uint16_t counter, const struct counters_key *key)
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
		shares->family[index].next = LIGHT;
	for (; index != ROOT; index = shares->account[index].parent) {
		const struct shares_account *account = &shares->account[index];
		struct shares_family *family = &shares->family[account->parent];
		int kind = kind_of(account);

		queue_remove(&family->turn[kind], shares->by_turn, index);
		queue_append(&family->turn[kind], shares->by_turn, index);
		family->next = (uint8_t)(kind + 1);
	}
	shares_remove(shares, counter);
}

uint16_t shares_waiting(const struct shares *shares)
{
	return shares->account[ROOT].waiting;
}

/* The next counter of the account's own. */
static uint16_t own_next(const struct shares_account *account)
{
	return account->coarse.head != QUEUE_NONE ? account->coarse.head : account->fine.head;
}

/* The account below whose turn it is; QUEUE_NONE: it is the turn of the account's own counters. */
static uint16_t below_next(const struct shares *shares, uint16_t index)
{
	const struct shares_family *family;

	if (index >= SHARES_NETWORKS)
		return QUEUE_NONE;
	family = &shares->family[index];
	for (int i = 0; i < KINDS; i++) {
		int kind = (family->next + i) % KINDS;

		if (kind == OWN && own_next(&shares->account[index]) != QUEUE_NONE)
			return QUEUE_NONE;
		if (kind != OWN && family->turn[kind].head != QUEUE_NONE)
			return family->turn[kind].head;
	}
	return QUEUE_NONE;
}

uint16_t shares_next(const struct shares *shares)
{
	uint16_t index = ROOT, below;

	while ((below = below_next(shares, index)) != QUEUE_NONE)
		index = below;
	return own_next(&shares->account[index]);
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
