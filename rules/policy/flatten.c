/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/flatten.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Outer before inner; among equals the winner first. */
static int compare_items(const void *a, const void *b)
{
	const struct flatten_item *x = a, *y = b;
	int order = addr_compare(&x->prefix.addr, &y->prefix.addr);

	if (order == 0)
		order = x->prefix.length - y->prefix.length;
	if (order == 0)
		order = y->rank - x->rank;
	if (order == 0)
		order = x->rule < y->rule ? -1 : x->rule > y->rule;
	return order;
}

static void emit(struct text *ranges, const struct addr *first, const struct addr *last,
		 uint32_t rule)
{
	/* Write every byte, padding too: the digest covers the whole block. */
	struct policy_range range;

	memset(&range, 0, sizeof(range));
	range.first = *first;
	range.last = *last;
	range.rule = rule;
	text_put(ranges, &range, sizeof(range));
}

struct open_prefix {
	struct addr last;
	uint32_t rule;
};

struct sweep {
	struct open_prefix stack[129];	/* prefixes nest: at most one per length */
	size_t depth;
	struct addr cursor;	/* first address not yet emitted, while depth > 0 */
	struct text *ranges;
};

/* Closes the innermost prefix. */
static void pop(struct sweep *sweep)
{
	const struct open_prefix *top = &sweep->stack[--sweep->depth];

	if (addr_compare(&sweep->cursor, &top->last) > 0)
		return;
	emit(sweep->ranges, &sweep->cursor, &top->last, top->rule);
	sweep->cursor = top->last;
	/* Past the last address of all, nothing is left to emit. */
	if (!addr_next(&sweep->cursor))
		sweep->depth = 0;
}

static void push(struct sweep *sweep, const struct flatten_item *item)
{
	struct addr first = prefix_first(&item->prefix), before = first;

	while (sweep->depth && addr_compare(&sweep->stack[sweep->depth - 1].last, &first) < 0)
		pop(sweep);
	if (sweep->depth && addr_compare(&sweep->cursor, &first) < 0 && addr_previous(&before))
		emit(sweep->ranges, &sweep->cursor, &before, sweep->stack[sweep->depth - 1].rule);
	sweep->cursor = first;
	sweep->stack[sweep->depth++] = (struct open_prefix){ .last = prefix_last(&item->prefix),
							     .rule = item->rule };
}

int flatten_prefixes(struct flatten_item *items, size_t count, struct text *ranges)
{
	struct sweep sweep = { .ranges = ranges };
	const struct flatten_item *previous = NULL;

	if (count)
		qsort(items, count, sizeof(*items), compare_items);
	for (size_t i = 0; i < count; i++) {
		if (previous && previous->prefix.length == items[i].prefix.length &&
		    addr_compare(&previous->prefix.addr, &items[i].prefix.addr) == 0)
			continue;
		previous = &items[i];
		push(&sweep, &items[i]);
	}
	while (sweep.depth)
		pop(&sweep);
	return text_failed(ranges) ? -ENOMEM : 0;
}

/*
 * Wide before narrow and, among equals, the winner last: each range overwrites the ones before it.
 */
static int compare_ports(const void *a, const void *b)
{
	const struct flatten_ports *x = a, *y = b;
	int order = (y->ports.last - y->ports.first) - (x->ports.last - x->ports.first);

	if (order == 0)
		order = x->rank - y->rank;
	if (order == 0)
		order = x->rule < y->rule ? 1 : -(x->rule > y->rule);
	return order;
}

static void paint(const struct flatten_ports *items, size_t count, uint8_t protocol,
		  uint32_t *colour, struct text *out)
{
	for (size_t port = 0; port < 65536; port++)
		colour[port] = POLICY_NO_RULE;
	for (size_t i = 0; i < count; i++) {
		for (size_t port = items[i].ports.first;
		     items[i].ports.protocol == protocol && port <= items[i].ports.last; port++)
			colour[port] = items[i].rule;
	}
	for (size_t port = 0, end; port < 65536; port = end) {
		struct policy_ports range;

		for (end = port + 1; end < 65536 && colour[end] == colour[port]; end++)
			;
		if (colour[port] == POLICY_NO_RULE)
			continue;
		memset(&range, 0, sizeof(range));
		range.ports.protocol = protocol;
		range.ports.first = (uint16_t)port;
		range.ports.last = (uint16_t)(end - 1);
		range.rule = colour[port];
		text_put(out, &range, sizeof(range));
	}
}

int flatten_port_rules(struct flatten_ports *items, size_t count, struct text *out)
{
	uint32_t *colour;

	if (!count)
		return 0;
	colour = malloc(65536 * sizeof(*colour));
	if (!colour)
		return -ENOMEM;
	qsort(items, count, sizeof(*items), compare_ports);
	paint(items, count, IPPROTO_TCP, colour, out);
	paint(items, count, IPPROTO_UDP, colour, out);
	free(colour);
	return text_failed(out) ? -ENOMEM : 0;
}
