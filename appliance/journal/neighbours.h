/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"

/*
 * The link-layer identity of a client. It is asked of the kernel, one question per answer, over a
 * given rtnetlink socket (a process without files and capabilities cannot ask in other ways). There
 * is no cache: a record needs it a few hundred times a second at most, and a question takes
 * microseconds. A cache would name the previous owner of an address.
 */
struct neighbours {
	int socket;		/* -1: none, nothing is known; the caller's */
	uint32_t sequence;	/* of the last question */
};

struct neighbour {
	bool has_mac;
	uint8_t mac[6];
	uint32_t interface;	/* index; 0: unknown */
	char name[IFNAMSIZ];	/* of the interface; "" unknown */
};

/* The socket must outlive neighbours. */
void neighbours_init(struct neighbours *neighbours, int socket);

/*
 * interface: where the client's packet came in; 0: where packets to it would leave. Never blocks.
 */
void neighbours_lookup(struct neighbours *neighbours, const struct addr *client,
		       uint32_t interface, struct neighbour *neighbour);

/*
 * Calls back for each address that the neighbour table has a link address for, and that answered or
 * spoke lately: one question, whose answer is read in parts, NEIGHBOURS_MOST entries at most. Not
 * for link-local addresses. Never blocks. *interface: index. 0 or -errno.
 */
enum { NEIGHBOURS_MOST = 16384 };
typedef void neighbours_sink(void *context, const struct addr *addr,
			     const struct neighbour *neighbour);
int neighbours_list(struct neighbours *neighbours, neighbours_sink *sink, void *context)
	__attribute__((warn_unused_result));

/* Parses a part of that answer. 1: there is more; 0: it was the last; -errno: the kernel's. *left:
 * how many entries may be passed on. Pure; data as below. */
int neighbours_parse_list(const void *data, size_t size, uint32_t sequence, neighbours_sink *sink,
			  void *context, uint32_t *left) __attribute__((warn_unused_result));

/* The name of an interface, and where packets to an address would leave (0: unknown). */
void neighbours_name(struct neighbours *neighbours, uint32_t interface, char name[IFNAMSIZ]);
uint32_t neighbours_route(struct neighbours *neighbours, const struct addr *addr);

/* Parses a datagram of answers into *neighbour. Pure; data is aligned to four bytes. True if it
 * held the answer to that question, even if that is an error. */
bool neighbours_parse(struct neighbour *neighbour, const void *data, size_t size,
		      uint32_t sequence);
