/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/nft/scope.h"

/*
 * What the kernel tells of changes to nftables and to routing: bytes of notifications in, who
 * changed what of ours out. Pure; the sockets are netlink.h's.
 *
 * A transaction of nftables is told as its objects and then NEWGEN, which has its number and the
 * process. What is ours is known by the netlink port that sent it, which nobody else can have; a
 * name and, inside a container, a process id could be anybody's.
 */

enum watch_kind {	/* the most telling first */
	WATCH_TABLE, WATCH_CHAIN, WATCH_SET, WATCH_OBJECT, WATCH_RULE, WATCH_ELEMENT,
	WATCH_POLICY_RULE, WATCH_ROUTE, WATCH_KINDS
};
const char *watch_kind_print(enum watch_kind kind);	/* "table", "rules of chain", ... */

enum { WATCH_NAME = 64, WATCH_PROCESS = 16 };

/* What somebody else did to our table in one transaction, or to our policy routes. */
struct watch_change {
	enum watch_kind kind;	/* of the most telling object */
	bool removed;		/* it, rather than added or altered */
	bool dormant;		/* WATCH_TABLE: switched off */
	char name[WATCH_NAME];	/* printable */
	uint32_t objects;	/* all of the transaction's in our table */
	uint32_t process;	/* as the kernel numbers it outside all containers; 0: unknown */
	char program[WATCH_PROCESS + 1];	/* printable; "": unknown */
	struct scope sets;	/* whose elements changed */
};

struct watch {
	const char *table;	/* of family inet */
	uint32_t port;		/* our own, of nftables */
	uint32_t route_port;	/* our own, of rtnetlink */
	struct watch_change change;	/* objects 0: nothing of ours since the last NEWGEN */
	uint32_t generation;	/* up to here every change was either ours or of no matter to us;
				 * 0: not known */
};

/* Reports a transaction of somebody else that touched our table. */
typedef void watch_callback(const struct watch_change *change, void *data);

/*
 * Takes a datagram of NFNLGRP_NFTABLES. Afterwards watch->generation is 0 when what came does not
 * follow from what was known, or was somebody else's change to our table: then the table has to be
 * compared, and its new generation set.
 */
void watch_nftables(struct watch *watch, const void *data, size_t size, watch_callback *callback,
		    void *context);

/* What a datagram of rtnetlink was about; bits. */
enum {
	WATCH_RULES = 1,	/* policy rules, of any owner */
	WATCH_ROUTES = 2,	/* a route of our table, or the interface lo */
	WATCH_OUTSIDE = 4	/* a default route, a link, an address: which interfaces lead outside */
};

/* Takes a datagram of rtnetlink. *change is what it says of our own rules and routes; objects 0:
 * nothing, or we did it. */
unsigned int watch_route(const struct watch *watch, const void *data, size_t size,
			 struct watch_change *change);

/* "rules of chain vendor (5 objects) by nft, process 1234": text of at most size bytes. */
void watch_print(const struct watch_change *change, char *text, size_t size);
