/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/nft/change.h"
#include "rules/nft/current.h"
#include "rules/nft/table.h"

enum {
	DIFFERENCE = 60,	/* how many bytes of each side a message shows */
	TRIES = 8,		/* reads of a state that other programs are changing */
	SENDS = 3		/* transactions per call, each after another program's
				 * interference */
};

static const char *const source = "nftables";

int apply_batch(struct kernel *kernel, struct batch *batch, struct diag *diag)
{
	struct batch_error refused;
	int error = batch_send(batch, &kernel->netfilter, &refused);

	if (!error)
		return 0;
	kernel->refused_table = refused.kind && strcmp(refused.kind, "table") == 0;
	if (refused.kind)
		diag_error(diag, source, 0, 0, "the kernel refused the %s %s: %s%s%s; the ruleset "
			   "before is still in force", refused.kind, refused.name, strerror(-error),
			   refused.reason[0] ? ": " : "", refused.reason);
	else
		diag_error(diag, source, 0, 0, "the transaction failed: %s%s%s", strerror(-error),
			   refused.reason[0] ? ": " : "", refused.reason);
	return error;
}


/* What the kernel holds at one moment, and what it should hold instead. */
struct look {
	const struct table *table;
	struct scope scope;
	struct scope after;	/* for reading back what was sent */
	struct objects now, wanted;
	bool exists;
	enum difference difference;
	uint32_t flags;		/* that the table is to have */
	uint32_t generation;	/* of the state that was read; 0: it changed during the read */
};

static void look_release(struct look *look)
{
	objects_release(&look->now);
	objects_release(&look->wanted);
}

/* Reads until nobody interferes. */
int apply_read(struct kernel *kernel, const char *table, const struct scope *scope,
	       struct objects *objects, bool *exists, struct diag *diag)
{
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++) {
		objects_release(objects);
		error = objects_init(objects);
		if (!error)
			error = current_read(&kernel->netfilter, table, scope, objects);
	}
	*exists = !error;
	if (!error || error == -ENOENT)
		return 0;
	diag_error(diag, source, 0, 0, "cannot read the table %s: %s", table,
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

/* Extra counters in the kernel do no harm: they are totals of an earlier version. */
static bool has_counters(const struct objects *now, const struct table *table)
{
	for (const struct table_counter *c = table->counters; c; c = c->next) {
		if (!has_counter(now, c->name))
			return false;
	}
	return true;
}

/*
 * A table keeps the flags that it was made with: "persist" cannot be added later (Linux 6.9).
 * Making the table anew would let packets through that are on their way through the old one.
 */
static uint32_t wanted_flags(const struct kernel *kernel, const struct look *look)
{
	uint32_t persist = look->exists ? look->now.flags & TABLE_PERSIST : TABLE_PERSIST;

	if (!kernel->own || kernel->cannot_own)
		return look->exists ? look->now.flags & (TABLE_PERSIST | TABLE_OWNER) : 0;
	return persist ? TABLE_PERSIST | TABLE_OWNER : 0;
}

/*
 * Adds the sets that are missing, or of another kind, to the scope: they are filled from scratch.
 */
static bool scope_grows(struct look *look)
{
	size_t before = look->scope.count;
	bool all = look->scope.all;

	for (const struct table_set *set = look->table->sets; set; set = set->next) {
		struct nftnl_set *now = nftnl_set_list_lookup_byname(look->now.sets, set->name);
		struct nftnl_set *wanted = nftnl_set_list_lookup_byname(look->wanted.sets,
									set->name);

		if (!now || !wanted || !objects_same_set(now, wanted))
			scope_add(&look->scope, set->name);
	}
	return look->scope.count != before || look->scope.all != all;
}

static int wanted_build(struct look *look)
{
	bool grows = true;
	int error = 0;

	while (!error && grows) {
		objects_release(&look->wanted);
		error = objects_init(&look->wanted);
		if (!error)
			error = objects_build(&look->wanted, look->table, &look->scope);
		grows = !error && scope_grows(look);
	}
	return error;
}

static int look_take(struct kernel *kernel, struct look *look, struct diag *diag)
{
	uint32_t after;
	int error = current_generation(&kernel->netfilter, &look->generation);

	if (error)
		diag_error(diag, source, 0, 0, "the kernel does not answer: %s", strerror(-error));
	if (!error)
		error = apply_read(kernel, look->table->name, &look->scope, &look->now,
				   &look->exists, diag);
	if (error)
		return error;
	if (current_generation(&kernel->netfilter, &after) < 0 || after != look->generation)
		look->generation = 0;
	error = wanted_build(look);
	if (!error)
		error = objects_compare(&look->now, &look->wanted, &look->difference);
	if (error)
		diag_error(diag, source, 0, 0, "no memory for the ruleset");
	look->flags = wanted_flags(kernel, look);
	return error;
}

static bool look_equal(const struct look *look)
{
	return look->exists && look->now.flags == look->flags &&
	       look->difference == DIFFERENCE_NONE && has_counters(&look->now, look->table);
}

/* Quotes the line from at on, up to DIFFERENCE bytes. */
static void line_put(const struct text *text, size_t at, struct text *out)
{
	size_t length = at < text->length ? strcspn(text->data + at, "\n") : 0;

	text_printf(out, "'%.*s'", (int)(length < DIFFERENCE ? length : DIFFERENCE),
		    length ? text->data + at : "");
}

/* Shows where the kernel's state differs from ours. */
static void report_texts(const struct text *now, const struct text *wanted, struct diag *diag)
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
	diag_error(diag, source, 0, 0, "the kernel accepted the ruleset but holds another one: %s",
		   text_failed(&out) ? "" : out.data);
	text_release(&out);
}

static void report_difference(const struct look *look, struct diag *diag)
{
	struct text now = TEXT_EMPTY, wanted = TEXT_EMPTY;

	if (objects_print(&look->now, true, &now) == 0 &&
	    objects_print(&look->wanted, true, &wanted) == 0)
		report_texts(&now, &wanted, diag);
	else
		diag_error(diag, source, 0, 0, "the kernel accepted the ruleset but holds another "
			   "one");
	text_release(&now);
	text_release(&wanted);
}

/* Kernels before 5.12 and before 6.9 do not know the flags. The two report it differently. */
static bool refused_flags(struct kernel *kernel, const struct look *look, int error)
{
	if ((error != -EOPNOTSUPP && error != -EINVAL) || !(look->flags & TABLE_OWNER) ||
	    !kernel->refused_table)
		return false;
	kernel->cannot_own = true;
	return true;
}

/* Another program changed the ruleset meanwhile: what was read is out of date. */
static bool overtaken(int error)
{
	return error == -ENOENT || error == -EEXIST || error == -EBUSY;
}

static int look_send(struct kernel *kernel, struct look *look, struct diag *diag)
{
	bool wake = look->exists && look->now.flags != look->flags;
	struct batch batch;
	struct table_change change = {
		.batch = &batch, .table = look->table->name, .exists = look->exists,
		.flags = look->flags, .now = &look->now, .wanted = &look->wanted,
		.elements = look->exists && look->difference == DIFFERENCE_ELEMENTS &&
			    has_counters(&look->now, look->table),
	};
	int error = 0;

	batch_init(&batch, &kernel->netfilter);
	/* Waking puts the table's old rules into force at once; the changes follow. */
	if (wake)
		change_flags(&change);
	else
		error = change_build(&change);
	if (error)
		diag_error(diag, source, 0, 0, "no memory for the transaction");
	else
		error = apply_batch(kernel, &batch, diag);
	batch_release(&batch);
	return error;
}

static int check_owner(const struct kernel *kernel, const struct look *look, struct diag *diag)
{
	uint32_t port = mnl_socket_get_portid(kernel->netfilter.socket);

	if (!look->exists || !(look->now.flags & TABLE_OWNER) || look->now.owner == port)
		return 0;
	diag_error(diag, source, 0, 0, "the table %s belongs to another program (netlink port %u), "
		   "and only that program may change it: end that program", look->table->name,
		   look->now.owner);
	return -EPERM;
}

/* Reads and changes until both sides are equal. */
static int rounds(struct kernel *kernel, struct look *look, bool *changed, struct diag *diag)
{
	int error = 0, sent = 0, refused = 0;

	while (!error) {
		size_t said = diag->count;

		look_release(look);
		error = look_take(kernel, look, diag);
		if (!error)
			error = check_owner(kernel, look, diag);
		if (error || look_equal(look))
			return error;
		if (sent == SENDS) {
			report_difference(look, diag);
			return -EIO;
		}
		error = look_send(kernel, look, diag);
		if (!error) {
			*changed = true;
			/* Changing the flags is a step of its own. */
			if (!look->exists || look->now.flags == look->flags) {
				sent++;
				look->scope = look->after;
			}
		} else if ((refused_flags(kernel, look, error) || overtaken(error)) &&
			   ++refused < SENDS) {
			diag->count = said;
			error = 0;
		}
	}
	return error;
}

int apply_table(struct kernel *kernel, const struct table *table, const struct scope *scope,
		bool *changed, struct diag *diag)
{
	struct look look = { .table = table, .scope = *scope, .after = { .all = scope->all } };
	int error;

	if (!scope->all) {
		scope_add_small(&look.scope, table);
		scope_add_small(&look.after, table);
	}
	error = rounds(kernel, &look, changed, diag);
	if (!error) {
		kernel->owned = look.now.flags & TABLE_OWNER;
		kernel->persists = look.now.flags & TABLE_PERSIST;
	}
	/* Only a full comparison proves that this generation is whole. */
	if (!error && scope->all)
		kernel->generation = look.generation;
	look_release(&look);
	return error;
}
