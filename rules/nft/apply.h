/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/diag.h"
#include "rules/nft/netlink.h"
#include "rules/nft/objects.h"
#include "rules/nft/scope.h"

/*
 * Makes the kernel hold this table, as far as the scope looks, and reads it back: compares, sends
 * one transaction with the difference, and compares again; unless the scope is everything, without
 * the elements of large sets. Flags of the table are a transaction of their own before that.
 * *changed becomes true when something was sent.
 */
int apply_table(struct kernel *kernel, const struct table *table, const struct scope *scope,
		bool *changed, struct diag *diag) __attribute__((warn_unused_result));

/* Reads until nobody interferes. *exists: there is a table. */
int apply_read(struct kernel *kernel, const char *table, const struct scope *scope,
	       struct objects *objects, bool *exists, struct diag *diag)
	__attribute__((warn_unused_result));

/* Sends it; what the kernel refused of it goes to diag. */
int apply_batch(struct kernel *kernel, struct batch *batch, struct diag *diag)
	__attribute__((warn_unused_result));
