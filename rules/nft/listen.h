/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/nft/kernel.h"
#include "rules/nft/watch.h"

/* The sockets of watch.h: notifications about nftables and about routing. */
enum { LISTEN_NFTABLES, LISTEN_ROUTE, LISTEN_SOCKETS };

struct listen {
	struct netlink *socket[LISTEN_SOCKETS];
	struct table_watch watch;
};

/* What a round brought, in addition to the bits of watch_route. */
enum {
	/* Notifications about nftables overflowed the socket: compare the table. */
	LISTEN_LOST = 0x100,
	/* The same for routing. */
	LISTEN_ROUTE_LOST = 0x200
};

/* 0, or -errno with nothing left open. which: LISTEN_*; the descriptor stays the listener's. */
int listen_open(struct listen *listen, const struct kernel *kernel)
	__attribute__((warn_unused_result));
void listen_close(struct listen *listen);
int listen_fd(const struct listen *listen, int which);

/*
 * Reads pending datagrams, a bounded number so that a flood does not hold up the caller; the
 * sockets then stay readable. Calls back for each change to our objects by another program. Returns
 * bits of watch_route and LISTEN_LOST, LISTEN_ROUTE_LOST.
 */
unsigned int listen_take(struct listen *listen, watch_callback *callback, void *context);
