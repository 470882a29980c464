/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/kernel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft/apply.h"
#include "nft/change.h"
#include "nft/current.h"
#include "nft/netlink.h"
#include "nft/route.h"
#include "nft/table.h"

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

int kernel_apply(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		 struct diag *diag)
{
	const struct scope all = { .all = true };
	int error;

	*changed = false;
	/* The route first: a marked packet without it would go where the client sent it. */
	error = route_apply(&kernel->route, changed, diag);
	return error ? error : apply_table(kernel, &ruleset->table, &all, changed, diag);
}

int kernel_restore(struct kernel *kernel, const struct ruleset *ruleset, const struct scope *scope,
		   bool *changed, struct diag *diag)
{
	*changed = false;
	return apply_table(kernel, &ruleset->table, scope, changed, diag);
}

bool kernel_untouched(struct kernel *kernel)
{
	uint32_t now;

	return kernel->generation && current_generation(&kernel->netfilter, &now) == 0 &&
	       now == kernel->generation;
}

int kernel_remove(struct kernel *kernel, struct diag *diag)
{
	static const char table[] = "cordon";
	const struct scope nothing = { .all = false };
	struct objects now = { 0 };
	struct batch batch;
	bool exists = false;
	int error = apply_read(kernel, table, &nothing, &now, &exists, diag);

	objects_release(&now);
	if (!error && exists) {
		struct change change = { .batch = &batch, .table = table };

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
