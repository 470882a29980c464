/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"

/*
 * A limited resource, such as connections, queries under way or waiting bytes, shared among
 * clients: a client may hold at most as much as is left free. A single client gets half, two greedy
 * ones get a third each, and a newcomer finds room (Choudhury and Hahne, "Dynamic queue length
 * thresholds for shared-memory packet switches", 1998). A client is an address: the hosts of a
 * network share their /64, and the kernel lets no address of another network in.
 */
struct share_holder {
	struct addr client;
	size_t held;	/* 0: a free place */
};

struct share {
	size_t limit;		/* of all clients together */
	size_t total;		/* held now */
	size_t places;		/* of the table, a power of two */
	struct share_holder *table;
};

/*
 * holders: how many clients may hold something at once. 0 or -ENOMEM; share_free frees the table.
 */
int share_init(struct share *share, size_t limit, size_t holders)
	__attribute__((warn_unused_result));
void share_free(struct share *share);

/*
 * Takes amount and returns true, or takes nothing: the client's share, or everything, is used up.
 */
bool share_take(struct share *share, const struct addr *client, size_t amount)
	__attribute__((warn_unused_result));

/* amount: part of what was taken for this client. */
void share_give(struct share *share, const struct addr *client, size_t amount);

/*
 * Is everything in use? Then more than one client is the cause, and some holder has to make room.
 */
bool share_is_full(const struct share *share, size_t amount);

/* What the client holds. */
size_t share_held(const struct share *share, const struct addr *client);
