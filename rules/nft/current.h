/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/nft/netlink.h"
#include "rules/nft/objects.h"

/*
 * Reads a table of family inet from the kernel into objects, initialised and empty; elements only
 * of the sets in scope. -ENOENT when there is no table; -EINTR when it changed meanwhile. What
 * belongs to single rules (anonymous sets) is left out.
 */
int current_read(struct netlink *netlink, const char *table, const struct scope *scope,
		 struct objects *objects) __attribute__((warn_unused_result));

/* The counters, flags and owner alone. */
int current_counters(struct netlink *netlink, const char *table, struct objects *objects)
	__attribute__((warn_unused_result));

/* The number of the kernel's last change of nftables, of any table; it changes with each. */
int current_generation(struct netlink *netlink, uint32_t *generation)
	__attribute__((warn_unused_result));
