/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/diag.h"
#include "rules/nft/netlink.h"
#include "rules/nft/objects.h"
#include "rules/nft/scope.h"

/*
 * Makes the kernel hold this table, within the scope, and verifies it: compares, sends one
 * transaction with the difference, and compares again. The second comparison leaves out the
 * elements of large sets unless the scope is everything. Flags of the table are changed before
 * that, in a transaction of their own. *changed becomes true when anything was sent.
 */
int apply_table(struct kernel *kernel, const struct table *table, const struct scope *scope,
		bool *changed, struct diag *diag) __attribute__((warn_unused_result));

/* Reads until no change interferes. *exists: the table is there. 0 or -errno with diag. */
int apply_read(struct kernel *kernel, const char *table, const struct scope *scope,
	       struct objects *objects, bool *exists, struct diag *diag)
	__attribute__((warn_unused_result));

/* Sends the batch; what the kernel refused goes to diag. 0 or -errno. */
int apply_batch(struct kernel *kernel, struct batch *batch, struct diag *diag)
	__attribute__((warn_unused_result));
