/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "nft/netlink.h"
#include "nft/objects.h"

/*
 * Reads a table of family inet from the kernel into objects, initialised and empty. -ENOENT when
 * there is none. What belongs to single rules (anonymous sets) is left out.
 */
int current_read(struct netlink *netlink, const char *table, struct objects *objects)
	__attribute__((warn_unused_result));

/* The counters alone. */
int current_counters(struct netlink *netlink, const char *table, struct objects *objects)
	__attribute__((warn_unused_result));
