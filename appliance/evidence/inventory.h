/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/evidence/hosts.h"

/*
 * What an agency believes to have, beside what was seen. The inventory is a table (leases.h) with
 * ip, mac, name, user, site and network; every row needs an address or a MAC. A host is the item
 * with its MAC; else that with an address which it had, if the item or the host has no MAC of its
 * own; else that with its name.
 *
 * A network is what the column says, else the /24 or /64 of the address. A host that is in no item
 * belongs to the network whose prefix it is in, or that an item of its /24 or /64 has.
 */
enum { INVENTORY_MOST = 200000, INVENTORY_FILE = 64 << 20, INVENTORY_NETWORK = NAMING_SITE };

struct inventory_item {
	struct naming naming;
	uint32_t network;	/* in networks */
	bool seen;
};

struct inventory_network {
	char name[INVENTORY_NETWORK];
	uint32_t with;		/* hosts seen with the product */
	uint32_t engine;	/* ... with an embedded engine; part of those without */
	uint32_t without;	/* other hosts seen; tools are here, whatever they asked for */
	uint32_t never;		/* items that were never seen */
	uint32_t unlisted;	/* hosts seen that are in no item; with or without, too */
};

struct inventory {
	struct inventory_item *item;
	size_t items, item_room;
	struct inventory_network *network;	/* by name */
	size_t networks, network_room;
	uint32_t *unlisted;	/* rows of hosts that are in no item */
	size_t unlisteds;
};

/* Reads a table; damaged rows are in diag and left out. 0; -E2BIG; -ENOMEM; -EINVAL or -EILSEQ: it
 * is none. inventory_free in any case. */
int inventory_parse(struct inventory *inventory, const char *source, const char *text, size_t size,
		    struct diag *diag) __attribute__((warn_unused_result));
/* Counts; hosts: with all that were seen. 0 or -ENOMEM. */
int inventory_compare(struct inventory *inventory, const struct hosts *hosts)
	__attribute__((warn_unused_result));
void inventory_free(struct inventory *inventory);

/* The command: reads the file; compares and prints. An exit code, after a message. */
int inventory_read(struct inventory *inventory, const char *path);
int inventory_show(struct inventory *inventory, const struct hosts *hosts, bool json);
