/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/objects.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/nft/expression.h"

enum {
	TYPE_SHIFT = 6	/* nft joins the types of a key's fields in steps of six bits */
};

int objects_init(struct objects *objects)
{
	*objects = (struct objects){
		.counters = nftnl_obj_list_alloc(),
		.sets = nftnl_set_list_alloc(),
		.chains = nftnl_chain_list_alloc(),
		.rules = nftnl_rule_list_alloc(),
	};
	if (objects->counters && objects->sets && objects->chains && objects->rules)
		return 0;
	objects_release(objects);
	return -ENOMEM;
}

void objects_release(struct objects *objects)
{
	if (objects->counters)
		nftnl_obj_list_free(objects->counters);
	if (objects->sets)
		nftnl_set_list_free(objects->sets);
	if (objects->chains)
		nftnl_chain_list_free(objects->chains);
	if (objects->rules)
		nftnl_rule_list_free(objects->rules);
	while (objects->strays) {
		struct objects_stray *next = objects->strays->next;

		free(objects->strays);
		objects->strays = next;
	}
	*objects = (struct objects){ 0 };
}

int objects_stray_add(struct objects *objects, enum stray kind, uint32_t type, const char *name)
{
	struct objects_stray *stray = calloc(1, sizeof(*stray));

	if (!stray)
		return -ENOMEM;
	*stray = (struct objects_stray){ .kind = kind, .type = type, .next = objects->strays };
	snprintf(stray->name, sizeof(stray->name), "%s", name);
	objects->strays = stray;
	return 0;
}

/* ---- from our data ---- */

static int counter_build(struct objects *objects, const struct table *table, const char *name)
{
	struct nftnl_obj *counter = nftnl_obj_alloc();

	if (!counter)
		return -ENOMEM;
	nftnl_obj_set_u32(counter, NFTNL_OBJ_FAMILY, NFPROTO_INET);
	nftnl_obj_set_str(counter, NFTNL_OBJ_TABLE, table->name);
	nftnl_obj_set_str(counter, NFTNL_OBJ_NAME, name);
	nftnl_obj_set_u32(counter, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nftnl_obj_set_u64(counter, NFTNL_OBJ_CTR_PKTS, 0);
	nftnl_obj_set_u64(counter, NFTNL_OBJ_CTR_BYTES, 0);
	nftnl_obj_list_add_tail(counter, objects->counters);
	return 0;
}

/* target NULL: the end of an interval. */
static int element_build(struct nftnl_set *nset, const struct table_set *set, const uint8_t *key,
			 uint32_t size, const struct table_target *target)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();

	if (!element)
		return -ENOMEM;
	nftnl_set_elem_add(nset, element);
	if (nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, size) < 0)
		return -ENOMEM;
	if (!target) {
		nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
		return 0;
	}
	if (!set->map)
		return 0;
	nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, expression_verdict(target));
	if (target->chain &&
	    nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, target->chain) < 0)
		return -ENOMEM;
	return 0;
}

/* Increments the key; false if there is no next one. */
static bool key_next(uint8_t *key, uint32_t size)
{
	for (uint32_t i = size; i-- > 0;) {
		if (++key[i])
			return true;
	}
	return false;
}

/* The kernel stores an interval as its first key and, flagged, the first key after it, unless it
 * reaches the last key of all. */
static int interval_end(struct nftnl_set *nset, const struct table_set *set,
			const struct table_element *element, uint32_t size)
{
	uint8_t end[FIELD_SIZE];

	memcpy(end, element->last, sizeof(end));
	return key_next(end, size) ? element_build(nset, set, end, size, NULL) : 0;
}

static int elements_build(struct nftnl_set *nset, const struct table_set *set, uint32_t size)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct table_element *element = &set->element[i];
		int error = element_build(nset, set, element->key, size, &element->target);

		if (!error && set->interval)
			error = interval_end(nset, set, element, size);
		if (error)
			return error;
	}
	return 0;
}

/* nft lists interface names as empty strings unless their byte order is stored with the set. */
static int key_order(struct nftnl_set *nset)
{
	enum { HOST_ORDER = 1, ROOM = 64 };
	struct nftnl_udata_buf *notes = nftnl_udata_buf_alloc(ROOM);
	int error = 0;

	if (!notes)
		return -ENOMEM;
	if (!nftnl_udata_put_u32(notes, NFTNL_UDATA_SET_KEYBYTEORDER, HOST_ORDER) ||
	    nftnl_set_set_data(nset, NFTNL_SET_USERDATA, nftnl_udata_buf_data(notes),
			       nftnl_udata_buf_len(notes)) < 0)
		error = -ENOMEM;
	nftnl_udata_buf_free(notes);
	return error;
}

static int set_build(struct objects *objects, const struct table *table,
		     const struct table_set *set, uint32_t id, bool elements)
{
	uint32_t type = 0, size = 0;
	struct nftnl_set *nset = nftnl_set_alloc();

	if (!nset || nftnl_set_set_str(nset, NFTNL_SET_TABLE, table->name) < 0 ||
	    nftnl_set_set_str(nset, NFTNL_SET_NAME, set->name) < 0) {
		if (nset)
			nftnl_set_free(nset);
		return -ENOMEM;
	}
	nftnl_set_list_add_tail(nset, objects->sets);	/* hashes the name */
	for (size_t i = 0; i < TABLE_FIELDS && set->type[i] != TYPE_NONE; i++) {
		type = type << TYPE_SHIFT | field_type_number(set->type[i]);
		size += field_type_size(set->type[i]);
		if (set->type[1] != TYPE_NONE)
			size = (size + 3) / 4 * 4;
	}
	nftnl_set_set_u32(nset, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(nset, NFTNL_SET_ID, id);
	nftnl_set_set_u32(nset, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(nset, NFTNL_SET_KEY_LEN, size);
	nftnl_set_set_u32(nset, NFTNL_SET_FLAGS,
			  (set->interval ? (uint32_t)NFT_SET_INTERVAL : 0) |
			  (set->map ? (uint32_t)NFT_SET_MAP : 0) |
			  (set->live ? (uint32_t)NFT_SET_TIMEOUT : 0) |
			  (set->timeout ? (uint32_t)NFT_SET_EVAL : 0));
	if (set->timeout)
		nftnl_set_set_u64(nset, NFTNL_SET_TIMEOUT, (uint64_t)set->timeout * 1000);
	if (set->map)
		nftnl_set_set_u32(nset, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
	if (set->size)
		nftnl_set_set_u32(nset, NFTNL_SET_DESC_SIZE, set->size);
	if (set->type[0] == TYPE_INTERFACE && key_order(nset))
		return -ENOMEM;
	return elements ? elements_build(nset, set, size) : 0;
}

static int chain_build(struct objects *objects, const struct table *table,
		       const struct table_chain *chain)
{
	struct nftnl_chain *nchain = nftnl_chain_alloc();

	if (!nchain || nftnl_chain_set_str(nchain, NFTNL_CHAIN_TABLE, table->name) < 0 ||
	    nftnl_chain_set_str(nchain, NFTNL_CHAIN_NAME, chain->name) < 0) {
		if (nchain)
			nftnl_chain_free(nchain);
		return -ENOMEM;
	}
	nftnl_chain_list_add_tail(nchain, objects->chains);	/* hashes the name */
	nftnl_chain_set_u32(nchain, NFTNL_CHAIN_FAMILY, NFPROTO_INET);
	if (!chain->hook)
		return 0;
	nftnl_chain_set_u32(nchain, NFTNL_CHAIN_HOOKNUM, chain->hook->number);
	nftnl_chain_set_s32(nchain, NFTNL_CHAIN_PRIO, chain->hook->priority);
	nftnl_chain_set_u32(nchain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	return nftnl_chain_set_str(nchain, NFTNL_CHAIN_TYPE, chain->hook->type) < 0 ? -ENOMEM : 0;
}

static int rules_build(struct objects *objects, const struct table *table,
		       const struct table_chain *chain)
{
	for (const struct table_rule *r = chain->first; r; r = r->next) {
		struct nftnl_rule *rule = expression_rule(table, chain, r);

		if (!rule)
			return -ENOMEM;
		nftnl_rule_list_add_tail(rule, objects->rules);
	}
	return 0;
}

int objects_build(struct objects *objects, const struct table *table, const struct scope *scope)
{
	uint32_t id = 0;
	int error = 0;

	for (const struct table_counter *c = table->counters; c && !error; c = c->next)
		error = counter_build(objects, table, c->name);
	for (const struct table_set *s = table->sets; s && !error; s = s->next)
		error = set_build(objects, table, s, ++id, scope_has(scope, s->name));
	for (const struct table_chain *c = table->chains; c && !error; c = c->next) {
		error = chain_build(objects, table, c);
		if (!error)
			error = rules_build(objects, table, c);
	}
	return error;
}
