/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/kernel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft/change.h"
#include "nft/current.h"
#include "nft/netlink.h"
#include "nft/objects.h"
#include "nft/route.h"
#include "nft/table.h"

enum {
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
	struct change change = {
		.batch = &batch, .table = table, .exists = exists, .now = now, .wanted = wanted,
	};
	int error;

	batch_init(&batch, &kernel->netfilter);
	error = change_build(&change);
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
		change_remove(&change);
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
