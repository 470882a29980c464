/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>

#include "appliance/base/text.h"
#include "rules/nft/scope.h"
#include "rules/nft/table.h"

/* NFT_TABLE_F_*. The headers of Linux 6.1 lack PERSIST; Linux 6.9 has it in
 * <linux/netfilter/nf_tables.h> since its commit da5141bbe0c2. */
enum {
	TABLE_DORMANT = 0x1,	/* no chain of it is asked */
	TABLE_OWNER = 0x2,	/* only the netlink socket that owns it may change it */
	TABLE_PERSIST = 0x4	/* outlives that socket */
};

/* Foreign objects in our table, or objects of a kind that we do not use. */
enum stray { STRAY_OBJECT, STRAY_FLOWTABLE, STRAY_CHAIN, STRAY_SET, STRAY_RULE };
enum { STRAY_NAME = 256 };	/* NFT_NAME_MAXLEN */
struct objects_stray {
	enum stray kind;
	uint32_t type;		/* STRAY_OBJECT: NFT_OBJECT_* */
	char name[STRAY_NAME];
	struct objects_stray *next;
};

/*
 * A table as libnftnl objects: either built from our data to be sent, or read from the kernel. Both
 * print in one canonical form, which is how they are compared. Elements, of which there may be a
 * hundred thousand, are compared one by one (delta.h). Elements are stored in their sets.
 */
struct objects {
	uint32_t flags;		/* TABLE_*, as read */
	uint32_t owner;		/* netlink port that owns the table; 0: none */
	struct nftnl_obj_list *counters;
	struct nftnl_set_list *sets;
	struct nftnl_chain_list *chains;
	struct nftnl_rule_list *rules;
	struct objects_stray *strays;	/* malloc'ed */
};

enum { OBJECTS_LONGEST = 86400 };	/* seconds that an element of a live set may have left */

/*
 * objects_init: 0, or -ENOMEM with nothing to release. objects_stray_add copies name: 0 or -ENOMEM.
 */
int objects_init(struct objects *objects) __attribute__((warn_unused_result));
void objects_release(struct objects *objects);
int objects_stray_add(struct objects *objects, enum stray kind, uint32_t type, const char *name)
	__attribute__((warn_unused_result));

/* Adds the contents of table; elements only of the sets in scope. 0 or -ENOMEM. */
int objects_build(struct objects *objects, const struct table *table, const struct scope *scope)
	__attribute__((warn_unused_result));

/* ---- compare.c ---- */

/*
 * Prints everything that the kernel acts on: one line for each chain with its hook, rule, set,
 * element and stray, sorted except for the rules of a chain. Left out: what changes by itself
 * (counter values, expected elements of live sets), and table flags. elements: include those of
 * sets that are not live. 0 or -ENOMEM.
 */
int objects_print(const struct objects *objects, bool elements, struct text *out)
	__attribute__((warn_unused_result));

/* What would print differently, found without printing elements. 0 or -ENOMEM. */
enum difference { DIFFERENCE_NONE, DIFFERENCE_ELEMENTS, DIFFERENCE_ANY };
int objects_compare(const struct objects *a, const struct objects *b, enum difference *difference)
	__attribute__((warn_unused_result));

/* Are they the same set apart from their elements; the same chain apart from its rules? */
bool objects_same_set(struct nftnl_set *a, struct nftnl_set *b);
bool objects_same_chain(const struct nftnl_chain *a, const struct nftnl_chain *b);

/* Marks a set that libnftnl cannot read whole, so that it equals no other. */
void objects_spoil_set(struct nftnl_set *set);

/* A set filled at run time: its elements have timeouts. */
bool objects_live_set(const struct nftnl_set *set);
/* Does it expire within OBJECTS_LONGEST? If not, it does not belong in a live set. */
bool objects_element_ends(struct nftnl_set_elem *element);
