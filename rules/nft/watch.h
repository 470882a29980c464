/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/nft/scope.h"

/*
 * What the kernel reports about changes to nftables and to routing. Notifications go in as bytes;
 * who changed which of our objects comes out. Pure; the sockets are in netlink.h.
 *
 * The kernel reports a transaction of nftables as its objects, then NEWGEN with its number and the
 * process. Our own changes are recognised by the netlink port that sent them, which no other
 * program can have. A name or, inside a container, a process id could be any program's.
 */

enum watch_kind {	/* the most telling first */
	WATCH_TABLE, WATCH_CHAIN, WATCH_SET, WATCH_OBJECT, WATCH_RULE, WATCH_ELEMENT,
	WATCH_POLICY_RULE, WATCH_ROUTE, WATCH_KINDS
};
const char *watch_kind_print(enum watch_kind kind);	/* "table", "rules of chain", ... */

enum { WATCH_NAME = 64, WATCH_PROCESS = 16 };

/* What another program did to our table in one transaction, or to our policy routes. */
struct watch_change {
	enum watch_kind kind;	/* of the most telling object */
	bool removed;		/* it, rather than added or altered */
	bool dormant;		/* WATCH_TABLE: switched off */
	char name[WATCH_NAME];	/* printable */
	uint32_t objects;	/* all objects of the transaction in our table */
	uint32_t process;	/* numbered as outside all containers; 0: unknown */
	char program[WATCH_PROCESS + 1];	/* printable; "": unknown */
	struct scope sets;	/* whose elements changed */
};

struct table_watch {
	const char *table;	/* of family inet */
	uint32_t port;		/* our own, of nftables */
	uint32_t route_port;	/* our own, of rtnetlink */
	struct watch_change change;	/* objects 0: none of our objects since the last NEWGEN */
	/* Up to here every change was ours or did not concern us; 0: unknown. */
	uint32_t generation;
};

/* Reports another program's transaction that touched our table. */
typedef void watch_callback(const struct watch_change *change, void *data);

/*
 * Takes a datagram of NFNLGRP_NFTABLES. Afterwards watch->generation is 0 if the datagram does not
 * follow from the known state, or if another program changed our table. Then the table has to be
 * compared, and its new generation set.
 */
void watch_nftables(struct table_watch *watch, const void *data, size_t size,
		    watch_callback *callback, void *context);

/* What a datagram of rtnetlink was about; bits. */
enum {
	WATCH_RULES = 1,	/* policy rules, of any owner */
	WATCH_ROUTES = 2,	/* a route of our table, or the interface lo */
	/* A default route, a link, an address: they decide which interfaces lead outside. */
	WATCH_OUTSIDE = 4
};

/* Takes a datagram of rtnetlink. *change describes it, if it concerns our own rules and routes;
 * objects 0: it does not, or we made the change. */
unsigned int watch_route(const struct table_watch *watch, const void *data, size_t size,
			 struct watch_change *change);

/* Prints "rules of chain vendor (5 objects) by nft, process 1234" into at most size bytes. */
void watch_print(const struct watch_change *change, char *text, size_t size);
