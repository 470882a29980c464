/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/current.h"

#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "rules/nft/attribute.h"

enum {
	REQUEST = 1024,		/* bytes of a request: headers and two names */
	TABLE_NAME = 1,		/* NFTA_TABLE_NAME, NFTA_RULE_TABLE, NFTA_SET_TABLE, ... */
	SET_NAME = NFTA_SET_ELEM_LIST_SET
};

struct reading {
	const char *table;
	const struct scope *scope;
	struct objects *objects;
	struct nftnl_set *set;
};

/* The kernel filters only some dumps by table. */
static bool foreign(const struct reading *reading, const char *table)
{
	return !table || strcmp(table, reading->table) != 0;
}

/*
 * Objects that libnftnl cannot read are foreign. Their name and table are at the place common to
 * all.
 */
static int note_stray(struct reading *reading, const struct nlmsghdr *message, enum stray kind,
		      uint16_t name_type, uint16_t object_type)
{
	struct attributes attributes = attributes_of(message, sizeof(struct nfgenmsg));
	char table[STRAY_NAME], name[STRAY_NAME];
	uint32_t type = 0;

	attribute_text(attribute_find(attributes, TABLE_NAME), table, sizeof(table));
	attribute_text(attribute_find(attributes, name_type), name, sizeof(name));
	if (object_type)
		type = attribute_be32(attribute_find(attributes, object_type), 0);
	if (foreign(reading, table))
		return MNL_CB_OK;
	return objects_stray_add(reading->objects, kind, type, name) < 0 ? MNL_CB_ERROR
									 : MNL_CB_OK;
}

static int table_read(const struct nlmsghdr *message, void *data)
{
	struct attributes attributes = attributes_of(message, sizeof(struct nfgenmsg));
	struct reading *reading = data;

	reading->objects->flags = attribute_be32(attribute_find(attributes, NFTA_TABLE_FLAGS), 0);
	reading->objects->owner = attribute_be32(attribute_find(attributes, NFTA_TABLE_OWNER), 0);
	return MNL_CB_OK;
}

static int chain_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain)
		return MNL_CB_ERROR;
	if (nftnl_chain_nlmsg_parse(message, chain) < 0) {
		nftnl_chain_free(chain);
		return note_stray(reading, message, STRAY_CHAIN, NFTA_CHAIN_NAME, 0);
	}
	if (foreign(reading, nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE)) ||
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
	if (nftnl_rule_nlmsg_parse(message, rule) < 0) {
		nftnl_rule_free(rule);
		return note_stray(reading, message, STRAY_RULE, NFTA_RULE_CHAIN, 0);
	}
	if (foreign(reading, nftnl_rule_get_str(rule, NFTNL_RULE_TABLE)))
		nftnl_rule_free(rule);
	else
		nftnl_rule_list_add_tail(rule, reading->objects->rules);
	return MNL_CB_OK;
}

/* An anonymous set disappears with its rule, and foreign rules are deleted. */
static bool anonymous(const struct nlmsghdr *message)
{
	struct attributes attributes = attributes_of(message, sizeof(struct nfgenmsg));

	return attribute_be32(attribute_find(attributes, NFTA_SET_FLAGS), 0) & NFT_SET_ANONYMOUS;
}

static int set_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_set *set;

	if (anonymous(message))
		return MNL_CB_OK;
	set = nftnl_set_alloc();
	if (!set)
		return MNL_CB_ERROR;
	if (nftnl_set_nlmsg_parse(message, set) < 0) {
		nftnl_set_free(set);
		return note_stray(reading, message, STRAY_SET, NFTA_SET_NAME, 0);
	}
	if (foreign(reading, nftnl_set_get_str(set, NFTNL_SET_TABLE)))
		nftnl_set_free(set);
	else
		nftnl_set_list_add_tail(set, reading->objects->sets);
	return MNL_CB_OK;
}

static int object_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;
	struct nftnl_obj *object = nftnl_obj_alloc();

	if (!object)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(message, object) < 0 ||
	    nftnl_obj_get_u32(object, NFTNL_OBJ_TYPE) != NFT_OBJECT_COUNTER) {
		nftnl_obj_free(object);
		return note_stray(reading, message, STRAY_OBJECT, NFTA_OBJ_NAME, NFTA_OBJ_TYPE);
	}
	if (foreign(reading, nftnl_obj_get_str(object, NFTNL_OBJ_TABLE)))
		nftnl_obj_free(object);
	else
		nftnl_obj_list_add_tail(object, reading->objects->counters);
	return MNL_CB_OK;
}

static int flowtable_read(const struct nlmsghdr *message, void *data)
{
	return note_stray(data, message, STRAY_FLOWTABLE, NFTA_FLOWTABLE_NAME, 0);
}

static int elements_read(const struct nlmsghdr *message, void *data)
{
	struct reading *reading = data;

	/* Running out of memory looks the same; then a set is made anew without need. */
	if (nftnl_set_elems_nlmsg_parse(message, reading->set) < 0)
		objects_spoil_set(reading->set);
	return MNL_CB_OK;
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
		const char *name = nftnl_set_get_str(reading->set, NFTNL_SET_NAME);

		if (scope_has(reading->scope, name))
			error = ask(netlink, NFT_MSG_GETSETELEM, NLM_F_DUMP, reading->table, name,
				    elements_read, reading);
	}
	nftnl_set_list_iter_destroy(i);
	return error;
}

int current_counters(struct netlink *netlink, const char *table, struct objects *objects)
{
	struct reading reading = { .table = table, .objects = objects };
	int error = ask(netlink, NFT_MSG_GETTABLE, NLM_F_ACK, table, NULL, table_read, &reading);

	return error ? error : ask(netlink, NFT_MSG_GETOBJ, NLM_F_DUMP, table, NULL, object_read,
				   &reading);
}

/* A kernel without support for flowtables has none to list. */
static int flowtables_read(struct netlink *netlink, struct reading *reading)
{
	int error = ask(netlink, NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, reading->table, NULL,
			flowtable_read, reading);

	return error == -EOPNOTSUPP || error == -EINVAL ? 0 : error;
}

int current_read(struct netlink *netlink, const char *table, const struct scope *scope,
		 struct objects *objects)
{
	struct reading reading = { .table = table, .scope = scope, .objects = objects };
	int error = current_counters(netlink, table, objects);

	if (!error)
		error = flowtables_read(netlink, &reading);
	if (!error)
		error = ask(netlink, NFT_MSG_GETCHAIN, NLM_F_DUMP, table, NULL, chain_read,
			    &reading);
	if (!error)
		error = ask(netlink, NFT_MSG_GETRULE, NLM_F_DUMP, table, NULL, rule_read, &reading);
	return error ? error : sets_read(netlink, &reading);
}

static int generation_read(const struct nlmsghdr *message, void *data)
{
	struct attributes attributes = attributes_of(message, sizeof(struct nfgenmsg));
	uint32_t *generation = data;

	*generation = attribute_be32(attribute_find(attributes, NFTA_GEN_ID), *generation);
	return MNL_CB_OK;
}

int current_generation(struct netlink *netlink, uint32_t *generation)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETGEN, NFPROTO_UNSPEC,
							 NLM_F_ACK, 0);

	*generation = 0;
	return netlink_talk(netlink, message, generation_read, generation);
}
