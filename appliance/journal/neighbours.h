/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"

/*
 * Who a client is on the link: asked of the kernel, one question an answer, over an rtnetlink
 * socket that was handed in (a process without files and capabilities cannot ask by other means).
 * Nothing is cached: a record needs it a few hundred times a second at most, and a question takes
 * microseconds, while a cache would name the previous owner of an address.
 */
struct neighbours {
	int socket;		/* -1: none, and nothing is known; the caller's */
	uint32_t sequence;	/* of the last question */
};

struct neighbour {
	bool has_mac;
	uint8_t mac[6];
	uint32_t interface;	/* index; 0: unknown */
	char name[IFNAMSIZ];	/* of the interface; "" unknown */
};

void neighbours_init(struct neighbours *neighbours, int socket);

/* interface: where the client's packet came in; 0: where packets to it would go out. Never
 * waits. */
void neighbours_lookup(struct neighbours *neighbours, const struct addr *client,
		       uint32_t interface, struct neighbour *neighbour);

/* One datagram of answers into *neighbour: pure. data is aligned to four bytes. True when it held
 * the answer to that question, also when the answer is an error. */
bool neighbours_parse(struct neighbour *neighbour, const void *data, size_t size,
		      uint32_t sequence);
