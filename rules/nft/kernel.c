/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/kernel.h"

#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft/current.h"
#include "nft/delta.h"
#include "nft/netlink.h"
#include "nft/objects.h"
#include "nft/route.h"
#include "nft/table.h"

enum {
	CHUNK = 256,	/* elements a message; a nested attribute holds 64 KiB */
	DIFFERENCE = 60,	/* bytes of each side that a message shows */
	TRIES = 8	/* of reading a state that others are changing */
};

static const char *const source = "nftables";

int kernel_open(struct kernel **kernel)
{
	struct kernel *k = calloc(1, sizeof(*k));
	int error;

	if (!k)
		return -ENOMEM;
	error = netlink_open(&k->netfilter, NETLINK_NETFILTER);
	if (!error)
		error = netlink_open(&k->route, NETLINK_ROUTE);
	if (error) {
		kernel_close(k);
		return error;
	}
	*kernel = k;
	return 0;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	netlink_close(&kernel->netfilter);
	netlink_close(&kernel->route);
	free(kernel);
}

/* ---- one batch from what is to what shall be ---- */

struct change {
	struct batch *batch;
	const char *table;
	struct objects *now;	/* empty when there is no table yet */
	struct objects *wanted;
};

static struct nftnl_set *set_find(const struct objects *objects, const struct nftnl_set *set)
{
	return nftnl_set_list_lookup_byname(objects->sets, nftnl_set_get_str(set, NFTNL_SET_NAME));
}

/*
 * A set that stays gets and loses single elements. To make it anew would let packets through: one
 * that began on the old rules may look into the old set just after the new generation began, in
 * which all its elements are gone.
 */
static bool set_stays(const struct change *change, const struct nftnl_set *set)
{
	const struct nftnl_set *now = set_find(change->now, set);
	const struct nftnl_set *wanted = set_find(change->wanted, set);

	return now && wanted && objects_same_set(now, wanted);
}

static bool chain_stays(const struct change *change, const struct nftnl_chain *chain)
{
	const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
	const struct nftnl_chain *now = nftnl_chain_list_lookup_byname(change->now->chains, name);
	const struct nftnl_chain *wanted = nftnl_chain_list_lookup_byname(change->wanted->chains,
									   name);

	return now && wanted && objects_same_chain(now, wanted);
}

static void table_message(struct change *change, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = batch_begin(change->batch, type, flags, "table",
					       change->table);
	struct nftnl_table *table = nftnl_table_alloc();

	if (message && table) {
		nftnl_table_set_str(table, NFTNL_TABLE_NAME, change->table);
		nftnl_table_nlmsg_build_payload(message, table);
		batch_end(change->batch, message);
	} else {
		change->batch->failed = true;
	}
	if (table)
		nftnl_table_free(table);
}

static void rules_flush(struct change *change)
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
	struct change *change = data;
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
	struct change *change = data;
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

/* The kernel leaves a counter that it has as it is. */
static int counter_add(struct nftnl_obj *counter, void *data)
{
	struct change *change = data;
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
	struct change *change = data;
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
	struct change *change = data;
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
	struct change *change = data;
	struct nlmsghdr *message = batch_begin(change->batch, NFT_MSG_NEWRULE,
					       NLM_F_CREATE | NLM_F_APPEND, "rule in chain",
					       nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));

	if (!message)
		return -1;
	nftnl_rule_nlmsg_build_payload(message, rule);
	batch_end(change->batch, message);
	return 0;
}

/* Elements of one set, at most CHUNK of them in each message. */
struct filling {
	struct change *change;
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

static int elements_put(struct change *change, uint16_t type, struct nftnl_set *from,
			struct nftnl_set *against)
{
	struct filling filling = {
		.change = change, .type = type, .set = nftnl_set_get_str(from, NFTNL_SET_NAME),
	};
	int error = delta_each(from, against, element_put, &filling);

	chunk_end(&filling);
	return error;
}

static int elements_delete(struct nftnl_set *now, void *data)
{
	struct change *change = data;

	if (!set_stays(change, now) || objects_live_set(now))
		return 0;
	return elements_put(change, NFT_MSG_DELSETELEM, now, set_find(change->wanted, now));
}

static int elements_add(struct nftnl_set *wanted, void *data)
{
	struct change *change = data;
	struct nftnl_set *now = set_stays(change, wanted) ? set_find(change->now, wanted) : NULL;

	return elements_put(change, NFT_MSG_NEWSETELEM, wanted, now);
}

/* Who refers to something comes after it, and goes before it. */
static int change_build(struct change *change, bool exists)
{
	table_message(change, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	if (exists)
		rules_flush(change);
	if (nftnl_set_list_foreach(change->now->sets, elements_delete, change) < 0 ||
	    nftnl_set_list_foreach(change->now->sets, set_delete, change) < 0 ||
	    nftnl_chain_list_foreach(change->now->chains, chain_delete, change) < 0 ||
	    nftnl_obj_list_foreach(change->wanted->counters, counter_add, change) < 0 ||
	    nftnl_set_list_foreach(change->wanted->sets, set_add, change) < 0 ||
	    nftnl_chain_list_foreach(change->wanted->chains, chain_add, change) < 0 ||
	    nftnl_set_list_foreach(change->wanted->sets, elements_add, change) < 0 ||
	    nftnl_rule_list_foreach(change->wanted->rules, rule_add, change) < 0)
		return -ENOMEM;
	return 0;
}

static int send_batch(struct kernel *kernel, struct batch *batch, struct diag *diag)
{
	struct batch_error refused;
	int error = batch_send(batch, &kernel->netfilter, &refused);

	if (!error)
		return 0;
	if (refused.kind)
		diag_error(diag, source, 0, 0, "the kernel refused the %s %s: %s%s%s; the ruleset "
			   "before is still in force", refused.kind, refused.name, strerror(-error),
			   refused.reason[0] ? ": " : "", refused.reason);
	else
		diag_error(diag, source, 0, 0, "the transaction failed: %s%s%s", strerror(-error),
			   refused.reason[0] ? ": " : "", refused.reason);
	return error;
}

static int change_send(struct kernel *kernel, const char *table, struct objects *now,
		       struct objects *wanted, bool exists, struct diag *diag)
{
	struct batch batch;
	struct change change = { .batch = &batch, .table = table, .now = now, .wanted = wanted };
	int error;

	batch_init(&batch, &kernel->netfilter);
	error = change_build(&change, exists);
	if (error)
		diag_error(diag, source, 0, 0, "no memory for the transaction");
	else
		error = send_batch(kernel, &batch, diag);
	batch_release(&batch);
	return error;
}

/* ---- the state ---- */

/* Reads until nobody interferes. *exists: there is a table. */
static int state_read(struct kernel *kernel, const char *table, struct objects *objects,
		      bool *exists, struct diag *diag)
{
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++) {
		objects_release(objects);
		error = objects_init(objects);
		if (!error)
			error = current_read(&kernel->netfilter, table, objects);
	}
	*exists = !error;
	if (!error || error == -ENOENT)
		return 0;
	diag_error(diag, source, 0, 0, "the table %s could not be read: %s", table,
		   strerror(-error));
	return error;
}

static bool has_counter(const struct objects *objects, const char *name)
{
	struct nftnl_obj_list_iter *i = nftnl_obj_list_iter_create(objects->counters);
	struct nftnl_obj *counter;
	bool found = false;

	if (!i)
		return false;
	while (!found && (counter = nftnl_obj_list_iter_next(i)))
		found = strcmp(nftnl_obj_get_str(counter, NFTNL_OBJ_NAME), name) == 0;
	nftnl_obj_list_iter_destroy(i);
	return found;
}

/* Counters that only the kernel has do no harm: totals of an earlier version. */
static bool has_counters(const struct objects *now, const struct table *table)
{
	for (const struct table_counter *c = table->counters; c; c = c->next) {
		if (!has_counter(now, c->name))
			return false;
	}
	return true;
}

static int state_equal(const struct objects *now, const struct text *wanted,
		       const struct table *table, bool *equal, struct text *text)
{
	int error = objects_print(now, text);

	*equal = !error && text->length == wanted->length &&
		 (!wanted->length || memcmp(text->data, wanted->data, wanted->length) == 0) &&
		 has_counters(now, table);
	return error;
}

/* Up to DIFFERENCE bytes of the line at, from there on. */
static void line_put(const struct text *text, size_t at, struct text *out)
{
	size_t length = at < text->length ? strcspn(text->data + at, "\n") : 0;

	text_printf(out, "'%.*s'", (int)(length < DIFFERENCE ? length : DIFFERENCE),
		    length ? text->data + at : "");
}

/* Names the place where the kernel's state is not ours. */
static void report_difference(const struct text *now, const struct text *wanted,
			      struct diag *diag)
{
	struct text out = TEXT_EMPTY;
	size_t at = 0, start;

	while (at < now->length && at < wanted->length && now->data[at] == wanted->data[at])
		at++;
	for (start = at; start && wanted->data[start - 1] != '\n'; start--)
		;
	text_puts(&out, "in line ");
	line_put(wanted, start, &out);
	text_puts(&out, " expected ");
	line_put(wanted, at, &out);
	text_puts(&out, ", found ");
	line_put(now, at, &out);
	diag_error(diag, source, 0, 0, "the kernel took the ruleset and holds another: %s",
		   text_failed(&out) ? "" : out.data);
	text_release(&out);
}

static int state_check(struct kernel *kernel, const struct table *table,
		       const struct text *wanted, struct diag *diag)
{
	struct objects now = { 0 };
	struct text text = TEXT_EMPTY;
	bool equal = false, exists = false;
	int error = state_read(kernel, table->name, &now, &exists, diag);

	if (!error)
		error = state_equal(&now, wanted, table, &equal, &text);
	if (!error && !equal) {
		report_difference(&text, wanted, diag);
		error = -EIO;
	}
	text_release(&text);
	objects_release(&now);
	return error;
}

static int table_apply(struct kernel *kernel, const struct table *table, bool *changed,
		       struct diag *diag)
{
	struct objects now = { 0 }, wanted = { 0 };
	struct text now_text = TEXT_EMPTY, text = TEXT_EMPTY;
	bool exists = false, equal = false;
	int error = state_read(kernel, table->name, &now, &exists, diag);

	if (error)
		goto cleanup;
	error = objects_init(&wanted);
	if (!error)
		error = objects_build(&wanted, table);
	if (!error)
		error = objects_print(&wanted, &text);
	if (!error)
		error = state_equal(&now, &text, table, &equal, &now_text);
	if (error)
		diag_error(diag, source, 0, 0, "no memory for the ruleset");
	if (error || equal)
		goto cleanup;
	error = change_send(kernel, table->name, &now, &wanted, exists, diag);
	if (error)
		goto cleanup;
	*changed = true;
	error = state_check(kernel, table, &text, diag);
cleanup:
	text_release(&now_text);
	text_release(&text);
	objects_release(&now);
	objects_release(&wanted);
	return error;
}

int kernel_apply(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		 struct diag *diag)
{
	int error;

	*changed = false;
	/* The route first: a marked packet without it would go where the client sent it. */
	error = route_apply(&kernel->route, changed, diag);
	return error ? error : table_apply(kernel, &ruleset->table, changed, diag);
}

int kernel_remove(struct kernel *kernel, struct diag *diag)
{
	static const char table[] = "cordon";
	struct objects now = { 0 };
	struct batch batch;
	bool exists = false;
	int error = state_read(kernel, table, &now, &exists, diag);

	objects_release(&now);
	if (!error && exists) {
		struct change change = { .batch = &batch, .table = table };

		batch_init(&batch, &kernel->netfilter);
		table_message(&change, NFT_MSG_DELTABLE, 0);
		error = send_batch(kernel, &batch, diag);
		batch_release(&batch);
	}
	return error ? error : route_remove(&kernel->route, diag);
}

/* ---- counters ---- */

struct counting {
	struct kernel_counter *counter;
	int count;
};

static int count(struct nftnl_obj *object, void *data)
{
	struct counting *counting = data;
	struct kernel_counter *counter = &counting->counter[counting->count];

	if (counting->count == KERNEL_COUNTERS)
		return 0;
	counting->count++;
	snprintf(counter->name, sizeof(counter->name), "%s",
		 nftnl_obj_get_str(object, NFTNL_OBJ_NAME));
	counter->packets = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_PKTS);
	counter->bytes = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_BYTES);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct kernel_counter *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int kernel_counters(struct kernel *kernel, struct kernel_counter counter[KERNEL_COUNTERS])
{
	struct counting counting = { .counter = counter };
	struct objects now;
	int error = objects_init(&now);

	if (!error)
		error = current_counters(&kernel->netfilter, "cordon", &now);
	if (!error)
		nftnl_obj_list_foreach(now.counters, count, &counting);
	objects_release(&now);
	if (error)
		return error;
	qsort(counter, (size_t)counting.count, sizeof(*counter), by_name);
	return counting.count;
}
