/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/kernel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/nft/apply.h"
#include "rules/nft/change.h"
#include "rules/nft/current.h"
#include "rules/nft/marks.h"
#include "rules/nft/netlink.h"
#include "rules/nft/route.h"
#include "rules/nft/table.h"

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

void kernel_own(struct kernel *kernel)
{
	kernel->own = true;
}

enum kernel_owner kernel_owner(const struct kernel *kernel)
{
	if (!kernel->own)
		return OWNER_UNWANTED;
	if (kernel->owned)
		return OWNER_OURS;
	return kernel->cannot_own ? OWNER_UNABLE : OWNER_LATER;
}

/* Does any part of it mark the packets that pass? */
static bool guards(const struct ruleset *ruleset)
{
	for (const struct table_chain *c = ruleset->table.chains; c; c = c->next) {
		for (const struct table_rule *r = c->first; r; r = r->next) {
			for (const struct statement *s = r->first; s; s = s->next) {
				if (s->kind == STATEMENT_MARK && s->number & MARK_GUARDED)
					return true;
			}
		}
	}
	return false;
}

static int barrier_apply(struct kernel *kernel, bool on, bool *changed,
			 struct route_others *others, struct diag *diag)
{
	static struct outside_links links;
	int error = on ? outside_read(&kernel->route, &links) : 0;

	if (error)
		diag_error(diag, "interfaces", 0, 0, "cannot be read: %s", strerror(-error));
	else if (on)
		error = route_mark_sources(&kernel->route, &links, diag);
	return error ? error : route_barrier(&kernel->route, on, changed, others, diag);
}

/* The route first: without it, a marked packet would go where the client sent it. The barrier only
 * stands while a table marks what passes. */
int kernel_apply(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		 struct diag *diag)
{
	const struct scope all = { .all = true };
	bool on = guards(ruleset);
	int error;

	*changed = false;
	error = route_apply(&kernel->route, changed, diag);
	if (!error && !on)
		error = barrier_apply(kernel, false, changed, NULL, diag);
	if (!error)
		error = apply_table(kernel, &ruleset->table, &all, changed, diag);
	if (!error && on)
		error = barrier_apply(kernel, true, changed, NULL, diag);
	return error;
}

int kernel_routes(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		  bool *barrier, struct route_others *others, struct diag *diag)
{
	int error;

	*changed = false;
	*barrier = guards(ruleset);
	error = route_apply(&kernel->route, changed, diag);
	return error ? error : barrier_apply(kernel, *barrier, changed, others, diag);
}

int kernel_links(struct kernel *kernel, struct outside_links *links)
{
	return outside_read(&kernel->route, links);
}

int kernel_restore(struct kernel *kernel, const struct ruleset *ruleset, const struct scope *scope,
		   bool *changed, struct diag *diag)
{
	*changed = false;
	return apply_table(kernel, &ruleset->table, scope, changed, diag);
}

uint32_t kernel_generation(struct kernel *kernel)
{
	uint32_t now;

	return current_generation(&kernel->netfilter, &now) < 0 ? 0 : now;
}

uint32_t kernel_whole(const struct kernel *kernel)
{
	return kernel->generation;
}

int kernel_remove(struct kernel *kernel, struct diag *diag)
{
	static const char table[] = "cordon";
	const struct scope nothing = { .all = false };
	struct objects now = { 0 };
	struct batch batch;
	bool exists = false, changed;
	/* The barrier first: without the table no packet would pass it. */
	int error = route_barrier(&kernel->route, false, &changed, NULL, diag);

	if (!error)
		error = apply_read(kernel, table, &nothing, &now, &exists, diag);
	objects_release(&now);
	if (!error && exists) {
		struct table_change change = { .batch = &batch, .table = table };

		batch_init(&batch, &kernel->netfilter);
		change_remove(&change);
		error = apply_batch(kernel, &batch, diag);
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
