/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "rules/nft/netlink.h"
#include "rules/nft/objects.h"

/* One transaction from what the kernel holds to what it shall hold. */
struct change {
	struct batch *batch;
	const char *table;
	bool exists;		/* the table; when false, now is empty */
	uint32_t flags;		/* TABLE_* that it is to have */
	bool elements;		/* nothing but elements is to change */
	struct objects *now;
	struct objects *wanted;
};

/*
 * Fills the batch: rules are written anew, unless nothing but elements differs, since the kernel
 * walks through a map once for each rule that asks it; sets and chains that are still wanted stay and change
 * by single elements; counters and the elements of live sets stay as they are; strays go. The table
 * must not be dormant: a kernel refuses chains in the transaction that wakes it. -ENOMEM.
 */
int change_build(struct change *change) __attribute__((warn_unused_result));

/* Fills the batch with new flags of a table that exists: it is woken, or gets its owner. */
void change_flags(struct change *change);

/* Fills the batch with the end of the table; now and wanted are not looked at. */
void change_remove(struct change *change);
