/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/objects.h"

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

#include "nft/expression.h"

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
	*objects = (struct objects){ 0 };
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
			 uint32_t size, const struct target *target)
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

/* The key after this one; false when there is none. */
static bool key_next(uint8_t *key, uint32_t size)
{
	for (uint32_t i = size; i-- > 0;) {
		if (++key[i])
			return true;
	}
	return false;
}

/* The kernel keeps an interval as its first key and, marked, the first key behind it, unless it
 * reaches to the end of all keys. */
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

/* nft lists interface names as empty strings unless their byte order is written beside the set. */
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
		     const struct table_set *set, uint32_t id)
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
	return elements_build(nset, set, size);
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

int objects_build(struct objects *objects, const struct table *table)
{
	uint32_t id = 0;
	int error = 0;

	for (const struct table_counter *c = table->counters; c && !error; c = c->next)
		error = counter_build(objects, table, c->name);
	for (const struct table_set *s = table->sets; s && !error; s = s->next)
		error = set_build(objects, table, s, ++id);
	for (const struct table_chain *c = table->chains; c && !error; c = c->next) {
		error = chain_build(objects, table, c);
		if (!error)
			error = rules_build(objects, table, c);
	}
	return error;
}

/* ---- comparison ---- */

bool objects_live_set(const struct nftnl_set *set)
{
	return nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_TIMEOUT;
}

bool objects_same_set(const struct nftnl_set *a, const struct nftnl_set *b)
{
	static const uint16_t attributes[] = {
		NFTNL_SET_FLAGS, NFTNL_SET_KEY_TYPE, NFTNL_SET_KEY_LEN, NFTNL_SET_DATA_TYPE,
		NFTNL_SET_DESC_SIZE,
	};

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (nftnl_set_get_u32(a, attributes[i]) != nftnl_set_get_u32(b, attributes[i]))
			return false;
	}
	return true;
}

static bool is_base(const struct nftnl_chain *chain)
{
	return nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM);
}

bool objects_same_chain(const struct nftnl_chain *a, const struct nftnl_chain *b)
{
	if (is_base(a) != is_base(b))
		return false;
	return !is_base(a) ||
	       (nftnl_chain_get_u32(a, NFTNL_CHAIN_HOOKNUM) ==
		nftnl_chain_get_u32(b, NFTNL_CHAIN_HOOKNUM) &&
		nftnl_chain_get_s32(a, NFTNL_CHAIN_PRIO) ==
		nftnl_chain_get_s32(b, NFTNL_CHAIN_PRIO) &&
		nftnl_chain_get_u32(a, NFTNL_CHAIN_POLICY) ==
		nftnl_chain_get_u32(b, NFTNL_CHAIN_POLICY) &&
		strcmp(nftnl_chain_get_str(a, NFTNL_CHAIN_TYPE),
		       nftnl_chain_get_str(b, NFTNL_CHAIN_TYPE)) == 0);
}

struct printing {
	struct text *out;
	const char *chain;	/* whose rules are being numbered */
	unsigned int rule;
	const char *set;
};

static int chain_line(struct nftnl_chain *chain, void *data)
{
	struct printing *p = data;

	text_printf(p->out, "chain %s", nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
	if (is_base(chain))
		text_printf(p->out, " %s hook %u priority %d policy %u",
			    nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE),
			    nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM),
			    nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO),
			    nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY));
	text_puts(p->out, "\n");
	return 0;
}

static int expression_words(struct nftnl_expr *expr, void *data)
{
	struct printing *p = data;
	char buffer[512];
	int length = nftnl_expr_snprintf(buffer, sizeof(buffer), expr, NFTNL_OUTPUT_DEFAULT, 0);

	if (length < 0 || (size_t)length >= sizeof(buffer))
		return -1;
	text_printf(p->out, " [%s %s]", nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), buffer);
	return 0;
}

static int rule_line(struct nftnl_rule *rule, void *data)
{
	struct printing *p = data;
	const char *chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);

	if (!p->chain || strcmp(p->chain, chain) != 0)
		p->rule = 0;
	p->chain = chain;
	text_printf(p->out, "rule %s %06u", chain, p->rule++);
	if (nftnl_expr_foreach(rule, expression_words, p) < 0)
		return -1;
	text_puts(p->out, "\n");
	return 0;
}

static int element_line(struct nftnl_set_elem *element, void *data)
{
	struct printing *p = data;
	uint32_t size;
	const uint8_t *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size);

	char hex[2 * FIELD_KEY + 1] = "";

	for (uint32_t i = 0; i < size && i < FIELD_KEY; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", key[i]);
	text_printf(p->out, "element %s %s", p->set, hex);
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS))
		text_printf(p->out, " flags %u",
			    nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_FLAGS));
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_VERDICT))
		text_printf(p->out, " verdict %d",
			    (int)nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_VERDICT));
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_CHAIN))
		text_printf(p->out, " %s", nftnl_set_elem_get_str(element, NFTNL_SET_ELEM_CHAIN));
	text_puts(p->out, "\n");
	return 0;
}

static int set_line(struct nftnl_set *set, void *data)
{
	struct printing *p = data;

	p->set = nftnl_set_get_str(set, NFTNL_SET_NAME);
	text_printf(p->out, "set %s type %u size %u flags %u data %u most %u\n", p->set,
		    nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE),
		    nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN),
		    nftnl_set_get_u32(set, NFTNL_SET_FLAGS),
		    nftnl_set_get_u32(set, NFTNL_SET_DATA_TYPE),
		    nftnl_set_get_u32(set, NFTNL_SET_DESC_SIZE));
	return objects_live_set(set) ? 0 : nftnl_set_elem_foreach(set, element_line, p);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int sort_lines(struct text *lines, struct text *out)
{
	size_t count = 0, at = 0;
	char **line;

	for (size_t i = 0; i < lines->length; i++)
		count += lines->data[i] == '\n';
	if (!count)
		return 0;
	line = calloc(count, sizeof(*line));
	if (!line)
		return -ENOMEM;
	for (char *next = lines->data; at < count; next = strchr(next, '\0') + 1) {
		*strchr(next, '\n') = '\0';
		line[at++] = next;
	}
	qsort(line, count, sizeof(*line), by_text);
	for (size_t i = 0; i < count; i++)
		text_printf(out, "%s\n", line[i]);
	free(line);
	return text_failed(out) ? -ENOMEM : 0;
}

int objects_print(const struct objects *objects, struct text *out)
{
	struct text lines = TEXT_EMPTY;
	struct printing p = { .out = &lines };
	int error = -ENOMEM;

	if (nftnl_chain_list_foreach(objects->chains, chain_line, &p) < 0 ||
	    nftnl_set_list_foreach(objects->sets, set_line, &p) < 0 ||
	    nftnl_rule_list_foreach(objects->rules, rule_line, &p) < 0 || text_failed(&lines))
		goto cleanup;
	error = sort_lines(&lines, out);
cleanup:
	text_release(&lines);
	return error;
}
