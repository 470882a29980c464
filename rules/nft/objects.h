/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>

#include "base/text.h"
#include "nft/table.h"

/*
 * A table as libnftnl's objects: either built from our data, to be sent, or read from the kernel.
 * Both print in one canonical form, which is how they are compared. Elements are in their sets.
 */
struct objects {
	struct nftnl_obj_list *counters;
	struct nftnl_set_list *sets;
	struct nftnl_chain_list *chains;
	struct nftnl_rule_list *rules;
};

int objects_init(struct objects *objects) __attribute__((warn_unused_result));
void objects_release(struct objects *objects);

/* Adds what the table holds. -ENOMEM. */
int objects_build(struct objects *objects, const struct table *table)
	__attribute__((warn_unused_result));

/*
 * One line for each chain with its hook, rule, set and element, sorted but for the rules of a
 * chain. Without what changes by itself: counters' values, and the elements of live sets.
 */
int objects_print(const struct objects *objects, struct text *out)
	__attribute__((warn_unused_result));

/* Are these the same set but for their elements; the same base chain, but for its rules? */
bool objects_same_set(const struct nftnl_set *a, const struct nftnl_set *b);
bool objects_same_chain(const struct nftnl_chain *a, const struct nftnl_chain *b);

/* Filled at run time: elements have timeouts. */
bool objects_live_set(const struct nftnl_set *set);
