/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/nft/netlink.h"
#include "rules/nft/objects.h"

/*
 * Reads a table of family inet from the kernel into objects, which must be initialised and empty.
 * Elements are read only from the sets in scope; what belongs to single rules (anonymous sets) is
 * left out. 0; -ENOENT: there is no table; -EINTR: it changed during the read; other -errno.
 */
int current_read(struct netlink *netlink, const char *table, const struct scope *scope,
		 struct objects *objects) __attribute__((warn_unused_result));

/* The counters, flags and owner alone. */
int current_counters(struct netlink *netlink, const char *table, struct objects *objects)
	__attribute__((warn_unused_result));

/* The number of the kernel's last change to nftables; changes to any table count. */
int current_generation(struct netlink *netlink, uint32_t *generation)
	__attribute__((warn_unused_result));
