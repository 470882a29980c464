/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/nft/kernel.h"
#include "rules/nft/watch.h"

/* The sockets of watch.h: notifications of nftables and of routing. */
enum { LISTEN_NFTABLES, LISTEN_ROUTE, LISTEN_SOCKETS };

struct listen {
	struct netlink *socket[LISTEN_SOCKETS];
	struct watch watch;
};

/* What a round brought, beside the bits of watch_route. */
enum {
	LISTEN_LOST = 0x100,	/* notifications of nftables did not fit the socket: look oneself */
	LISTEN_ROUTE_LOST = 0x200	/* those of routing */
};

int listen_open(struct listen *listen, const struct kernel *kernel)
	__attribute__((warn_unused_result));
void listen_close(struct listen *listen);
int listen_fd(const struct listen *listen, int which);

/*
 * Takes what is there, but a bounded number of datagrams, so that a flood keeps nobody waiting: the
 * sockets stay readable then. The callback hears of each change of ours that somebody else made.
 */
unsigned int listen_take(struct listen *listen, watch_callback *callback, void *context);
