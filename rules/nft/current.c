/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/current.h"

#include <errno.h>
#include <libnftnl/common.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

enum {
	REQUEST = 1024,		/* bytes of a request: headers and two names */
	TABLE_NAME = 1,		/* NFTA_TABLE_NAME, NFTA_RULE_TABLE, NFTA_SET_TABLE, ... */
	SET_NAME = NFTA_SET_ELEM_LIST_SET
};

struct reading {
	const char *table;
	struct objects *objects;
	struct nftnl_set *set;
};

/* The kernel filters some dumps by table, and not all. */
static bool foreign(const struct reading *reading, const char *table)
{
	return !table || strcmp(table, reading->table) != 0;
}

static int chain_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain)
		return MNL_CB_ERROR;
	if (nftnl_chain_nlmsg_parse(message, chain) < 0 ||
	    foreign(reading, nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE)) ||
	    nftnl_chain_get_u32(chain, NFTNL_CHAIN_FLAGS) & NFT_CHAIN_BINDING)
		nftnl_chain_free(chain);
	else
		nftnl_chain_list_add_tail(chain, reading->objects->chains);
	return MNL_CB_OK;
}

static int rule_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return MNL_CB_ERROR;
	if (nftnl_rule_nlmsg_parse(message, rule) < 0 ||
	    foreign(reading, nftnl_rule_get_str(rule, NFTNL_RULE_TABLE)))
		nftnl_rule_free(rule);
	else
		nftnl_rule_list_add_tail(rule, reading->objects->rules);
	return MNL_CB_OK;
}

static int set_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return MNL_CB_ERROR;
	if (nftnl_set_nlmsg_parse(message, set) < 0 ||
	    foreign(reading, nftnl_set_get_str(set, NFTNL_SET_TABLE)) ||
	    nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS)
		nftnl_set_free(set);
	else
		nftnl_set_list_add_tail(set, reading->objects->sets);
	return MNL_CB_OK;
}

static int counter_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_obj *counter = nftnl_obj_alloc();

	if (!counter)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(message, counter) < 0 ||
	    foreign(reading, nftnl_obj_get_str(counter, NFTNL_OBJ_TABLE)) ||
	    nftnl_obj_get_u32(counter, NFTNL_OBJ_TYPE) != NFT_OBJECT_COUNTER)
		nftnl_obj_free(counter);
	else
		nftnl_obj_list_add_tail(counter, reading->objects->counters);
	return MNL_CB_OK;
}

static int elements_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;

	return nftnl_set_elems_nlmsg_parse(message, reading->set) < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

static int ask(struct netlink *netlink, uint16_t type, uint16_t flags, const char *table,
	       const char *set, mnl_cb_t callback, void *data)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer, type, NFPROTO_INET, flags, 0);

	mnl_attr_put_strz(message, TABLE_NAME, table);
	if (set)
		mnl_attr_put_strz(message, SET_NAME, set);
	return netlink_talk(netlink, message, callback, data);
}

static int sets_read(struct netlink *netlink, struct reading *reading)
{
	int error = ask(netlink, NFT_MSG_GETSET, NLM_F_DUMP, reading->table, NULL, set_read,
			reading);
	struct nftnl_set_list_iter *i;

	if (error)
		return error;
	i = nftnl_set_list_iter_create(reading->objects->sets);
	if (!i)
		return -ENOMEM;
	while (!error && (reading->set = nftnl_set_list_iter_next(i))) {
		if (!objects_live_set(reading->set))
			error = ask(netlink, NFT_MSG_GETSETELEM, NLM_F_DUMP, reading->table,
				    nftnl_set_get_str(reading->set, NFTNL_SET_NAME), elements_read,
				    reading);
	}
	nftnl_set_list_iter_destroy(i);
	return error;
}

int current_counters(struct netlink *netlink, const char *table, struct objects *objects)
{
	struct reading reading = { .table = table, .objects = objects };
	int error = ask(netlink, NFT_MSG_GETTABLE, NLM_F_ACK, table, NULL, NULL, NULL);

	return error ? error : ask(netlink, NFT_MSG_GETOBJ, NLM_F_DUMP, table, NULL, counter_read,
				   &reading);
}

int current_read(struct netlink *netlink, const char *table, struct objects *objects)
{
	struct reading reading = { .table = table, .objects = objects };
	int error = current_counters(netlink, table, objects);

	if (!error)
		error = ask(netlink, NFT_MSG_GETCHAIN, NLM_F_DUMP, table, NULL, chain_read,
			    &reading);
	if (!error)
		error = ask(netlink, NFT_MSG_GETRULE, NLM_F_DUMP, table, NULL, rule_read, &reading);
	return error ? error : sets_read(netlink, &reading);
}
