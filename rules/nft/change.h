/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "rules/nft/netlink.h"
#include "rules/nft/objects.h"

/* One transaction, from what the kernel holds to what it should hold. */
struct table_change {
	struct batch *batch;
	const char *table;
	bool exists;		/* the kernel has the table; if false, now is empty */
	uint32_t flags;		/* TABLE_* that it is to have */
	bool elements;		/* nothing but elements is to change */
	struct objects *now;
	struct objects *wanted;
};

/*
 * Fills the batch. Rules are written anew, unless only elements differ: the kernel walks through a
 * map once for each rule that refers to it. Sets and chains that are still wanted stay and change
 * by single elements. Counters and the elements of live sets stay as they are; strays are deleted.
 * The table must not be dormant: a kernel refuses new chains in the transaction that wakes it. 0 or
 * -ENOMEM.
 */
int change_build(struct table_change *change) __attribute__((warn_unused_result));

/* Fills the batch with new flags for an existing table, which wakes it or gives it its owner. */
void change_flags(struct table_change *change);

/* Fills the batch with the deletion of the table; now and wanted are not used. */
void change_remove(struct table_change *change);
