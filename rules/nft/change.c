/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/change.h"

#include <errno.h>
#include <libnftnl/table.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>

#include "rules/nft/delta.h"

enum { CHUNK = 256 };	/* elements per message; a nested attribute holds 64 KiB */

static struct nftnl_set *set_find(const struct objects *objects, const struct nftnl_set *set)
{
	return nftnl_set_list_lookup_byname(objects->sets, nftnl_set_get_str(set, NFTNL_SET_NAME));
}

/*
 * A set that stays gains and loses single elements. Making it anew would let packets through: one
 * that started on the old rules may look into the old set just after the new generation begins,
 * when all its elements are gone.
 */
static bool set_stays(const struct table_change *change, const struct nftnl_set *set)
{
	struct nftnl_set *now = set_find(change->now, set);
	struct nftnl_set *wanted = set_find(change->wanted, set);

	return now && wanted && objects_same_set(now, wanted);
}

static bool chain_stays(const struct table_change *change, const struct nftnl_chain *chain)
{
	const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
	const struct nftnl_chain *now = nftnl_chain_list_lookup_byname(change->now->chains, name);
	const struct nftnl_chain *wanted = nftnl_chain_list_lookup_byname(change->wanted->chains,
									   name);

	return now && wanted && objects_same_chain(now, wanted);
}

/* with_flags: an existing table keeps its flags unless a message sets others. */
static void table_message(struct table_change *change, uint16_t type, uint16_t flags,
			  bool with_flags)
{
	struct nlmsghdr *message = batch_begin(change->batch, type, flags, "table",
					       change->table);
	struct nftnl_table *table = nftnl_table_alloc();

	if (message && table) {
		nftnl_table_set_str(table, NFTNL_TABLE_NAME, change->table);
		if (with_flags)
			nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, change->flags);
		nftnl_table_nlmsg_build_payload(message, table);
		batch_end(change->batch, message);
	} else {
		change->batch->failed = true;
	}
	if (table)
		nftnl_table_free(table);
}

static void rules_flush(struct table_change *change)
{
	struct nlmsghdr *message = batch_begin(change->batch, NFT_MSG_DELRULE, 0, "rules of table",
					       change->table);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, change->table);
	batch_end(change->batch, message);
}

static int set_delete(struct nftnl_set *set, void *data)
{
	struct table_change *change = data;
	const char *name = nftnl_set_get_str(set, NFTNL_SET_NAME);
	struct nlmsghdr *message;

	if (set_stays(change, set))
		return 0;
	message = batch_begin(change->batch, NFT_MSG_DELSET, 0, "set", name);
	if (!message)
		return -1;
	mnl_attr_put_strz(message, NFTA_SET_TABLE, change->table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, name);
	batch_end(change->batch, message);
	return 0;
}

static int chain_delete(struct nftnl_chain *chain, void *data)
{
	struct table_change *change = data;
	const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
	struct nlmsghdr *message;

	if (chain_stays(change, chain))
		return 0;
	message = batch_begin(change->batch, NFT_MSG_DELCHAIN, 0, "chain", name);
	if (!message)
		return -1;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, change->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	batch_end(change->batch, message);
	return 0;
}

static void strays_delete(struct table_change *change)
{
	static const struct {
		uint16_t type;
		const char *words;
	} of[] = {
		[STRAY_OBJECT] = { NFT_MSG_DELOBJ, "object" },
		[STRAY_FLOWTABLE] = { NFT_MSG_DELFLOWTABLE, "flowtable" },
		[STRAY_CHAIN] = { NFT_MSG_DELCHAIN, "chain" },
		[STRAY_SET] = { NFT_MSG_DELSET, "set" },
	};

	/* Rules are always written anew. */
	for (const struct objects_stray *s = change->now->strays; s; s = s->next) {
		struct nlmsghdr *message = s->kind == STRAY_RULE ? NULL :
			batch_begin(change->batch, of[s->kind].type, 0, of[s->kind].words, s->name);

		if (!message)
			continue;
		/*
		 * Table and name have the same attribute types in all messages except those of
		 * chains.
		 */
		mnl_attr_put_strz(message, NFTA_OBJ_TABLE, change->table);
		mnl_attr_put_strz(message, s->kind == STRAY_CHAIN ? NFTA_CHAIN_NAME : NFTA_OBJ_NAME,
				  s->name);
		if (s->kind == STRAY_OBJECT)
			mnl_attr_put_u32(message, NFTA_OBJ_TYPE, htonl(s->type));
		batch_end(change->batch, message);
	}
}

/* The kernel leaves an existing counter as it is. */
static int counter_add(struct nftnl_obj *counter, void *data)
{
	struct table_change *change = data;
	struct nlmsghdr *message = batch_begin(change->batch, NFT_MSG_NEWOBJ, NLM_F_CREATE,
					       "counter",
					       nftnl_obj_get_str(counter, NFTNL_OBJ_NAME));

	if (!message)
		return -1;
	nftnl_obj_nlmsg_build_payload(message, counter);
	batch_end(change->batch, message);
	return 0;
}

static int set_add(struct nftnl_set *set, void *data)
{
	struct table_change *change = data;
	struct nlmsghdr *message;

	if (set_stays(change, set))
		return 0;
	message = batch_begin(change->batch, NFT_MSG_NEWSET, NLM_F_CREATE, "set",
			      nftnl_set_get_str(set, NFTNL_SET_NAME));
	if (!message)
		return -1;
	nftnl_set_nlmsg_build_payload(message, set);
	batch_end(change->batch, message);
	return 0;
}

static int chain_add(struct nftnl_chain *chain, void *data)
{
	struct table_change *change = data;
	struct nlmsghdr *message;

	if (chain_stays(change, chain))
		return 0;
	message = batch_begin(change->batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "chain",
			      nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
	if (!message)
		return -1;
	nftnl_chain_nlmsg_build_payload(message, chain);
	batch_end(change->batch, message);
	return 0;
}

static int rule_add(struct nftnl_rule *rule, void *data)
{
	struct table_change *change = data;
	struct nlmsghdr *message = batch_begin(change->batch, NFT_MSG_NEWRULE,
					       NLM_F_CREATE | NLM_F_APPEND, "rule in chain",
					       nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));

	if (!message)
		return -1;
	nftnl_rule_nlmsg_build_payload(message, rule);
	batch_end(change->batch, message);
	return 0;
}

/* Adds or deletes elements of one set, at most CHUNK per message. */
struct filling {
	struct table_change *change;
	uint16_t type;		/* NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM */
	const char *set;
	struct nlmsghdr *message;	/* NULL: none begun */
	struct nlattr *list;
	int count;
};

static void chunk_end(struct filling *filling)
{
	if (!filling->message)
		return;
	mnl_attr_nest_end(filling->message, filling->list);
	batch_end(filling->change->batch, filling->message);
	filling->message = NULL;
	filling->count = 0;
}

static bool chunk_begin(struct filling *filling)
{
	uint16_t flags = filling->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
	struct nlmsghdr *message = batch_begin(filling->change->batch, filling->type, flags,
					       "elements of set", filling->set);

	if (!message)
		return false;
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, filling->change->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, filling->set);
	filling->list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	filling->message = message;
	return true;
}

static int element_put(struct nftnl_set_elem *element, void *data)
{
	struct filling *filling = data;

	if (!filling->message && !chunk_begin(filling))
		return -ENOMEM;
	nftnl_set_elem_nlmsg_build(filling->message, element, ++filling->count);
	if (filling->count == CHUNK)
		chunk_end(filling);
	return 0;
}

static int elements_put(struct table_change *change, uint16_t type, struct nftnl_set *from,
			struct nftnl_set *against)
{
	struct filling filling = {
		.change = change, .type = type, .set = nftnl_set_get_str(from, NFTNL_SET_NAME),
	};
	int error = delta_each(from, against, element_put, &filling);

	chunk_end(&filling);
	return error;
}

static int odd_element_put(struct nftnl_set_elem *element, void *data)
{
	return objects_element_ends(element) ? 0 : element_put(element, data);
}

/* From a live set, delete only elements that do not belong there. */
static int live_elements_delete(struct table_change *change, struct nftnl_set *now)
{
	struct filling filling = {
		.change = change, .type = NFT_MSG_DELSETELEM,
		.set = nftnl_set_get_str(now, NFTNL_SET_NAME),
	};
	int error = nftnl_set_elem_foreach(now, odd_element_put, &filling);

	chunk_end(&filling);
	return error;
}

static int elements_delete(struct nftnl_set *now, void *data)
{
	struct table_change *change = data;

	if (!set_stays(change, now))
		return 0;
	if (objects_live_set(now))
		return live_elements_delete(change, now);
	return elements_put(change, NFT_MSG_DELSETELEM, now, set_find(change->wanted, now));
}

static int elements_add(struct nftnl_set *wanted, void *data)
{
	struct table_change *change = data;
	struct nftnl_set *now = set_stays(change, wanted) ? set_find(change->now, wanted) : NULL;

	return elements_put(change, NFT_MSG_NEWSETELEM, wanted, now);
}

static int build_elements(struct table_change *change)
{
	if (nftnl_set_list_foreach(change->now->sets, elements_delete, change) < 0 ||
	    nftnl_set_list_foreach(change->wanted->sets, elements_add, change) < 0)
		return -ENOMEM;
	return 0;
}

/* An object is made after those that it refers to exist, and deleted before them. */
int change_build(struct table_change *change)
{
	if (change->elements)
		return build_elements(change);
	table_message(change, NFT_MSG_NEWTABLE, NLM_F_CREATE, !change->exists);
	if (change->exists)
		rules_flush(change);
	if (nftnl_set_list_foreach(change->now->sets, elements_delete, change) < 0 ||
	    nftnl_set_list_foreach(change->now->sets, set_delete, change) < 0 ||
	    nftnl_chain_list_foreach(change->now->chains, chain_delete, change) < 0)
		return -ENOMEM;
	strays_delete(change);
	if (nftnl_obj_list_foreach(change->wanted->counters, counter_add, change) < 0 ||
	    nftnl_set_list_foreach(change->wanted->sets, set_add, change) < 0 ||
	    nftnl_chain_list_foreach(change->wanted->chains, chain_add, change) < 0 ||
	    nftnl_set_list_foreach(change->wanted->sets, elements_add, change) < 0 ||
	    nftnl_rule_list_foreach(change->wanted->rules, rule_add, change) < 0)
		return -ENOMEM;
	return 0;
}

void change_flags(struct table_change *change)
{
	table_message(change, NFT_MSG_NEWTABLE, NLM_F_CREATE, true);
}

void change_remove(struct table_change *change)
{
	table_message(change, NFT_MSG_DELTABLE, 0, false);
}
