/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/delta.h"

#include <errno.h>
#include <libnftnl/expr.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A single key, or an interval from start up to, not including, end; end NULL: through the last
 * key. A lone end, which nft puts before the first interval, has no start. */
struct span {
	struct nftnl_set_elem *start;
	struct nftnl_set_elem *end;
};

struct spans {
	struct nftnl_set_elem **element;
	size_t elements;
	size_t room;
	struct span *span;
	size_t count;
};

static bool is_end(struct nftnl_set_elem *element)
{
	return nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS) &&
	       nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END;
}

static int compare_keys(struct nftnl_set_elem *a, struct nftnl_set_elem *b)
{
	uint32_t size_a = 0, size_b = 0;
	const void *key_a = nftnl_set_elem_get(a, NFTNL_SET_ELEM_KEY, &size_a);
	const void *key_b = nftnl_set_elem_get(b, NFTNL_SET_ELEM_KEY, &size_b);
	int order;

	if (!key_a || !key_b)
		return (key_a != NULL) - (key_b != NULL);
	order = memcmp(key_a, key_b, size_a < size_b ? size_a : size_b);
	return order ? order : (size_a > size_b) - (size_a < size_b);
}

/* Where one interval ends and the next begins, the end comes first. */
static int by_key(const void *a, const void *b)
{
	struct nftnl_set_elem *x = *(struct nftnl_set_elem *const *)a;
	struct nftnl_set_elem *y = *(struct nftnl_set_elem *const *)b;
	int order = compare_keys(x, y);

	return order ? order : is_end(y) - is_end(x);
}

static uint32_t verdict(struct nftnl_set_elem *element)
{
	return nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_VERDICT) ?
	       nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_VERDICT) : 0;
}

static const char *chain(struct nftnl_set_elem *element)
{
	return nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_CHAIN) ?
	       nftnl_set_elem_get_str(element, NFTNL_SET_ELEM_CHAIN) : "";
}

static int is_odd(struct nftnl_expr *expr, void *data)
{
	bool *odd = data;

	(void)expr;
	*odd = true;
	return 0;
}

/* An element with features that ours never have, so that it equals none: an upper end of its own, a
 * time-out, an object, or expressions that the kernel runs. */
static bool odd(struct nftnl_set_elem *element)
{
	static const uint16_t attributes[] = {
		NFTNL_SET_ELEM_KEY_END, NFTNL_SET_ELEM_TIMEOUT, NFTNL_SET_ELEM_OBJREF,
		NFTNL_SET_ELEM_DATA,
	};
	bool found = false;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		found |= nftnl_set_elem_is_set(element, attributes[i]);
	nftnl_set_elem_expr_foreach(element, is_odd, &found);
	return found;
}

static int compare_verdicts(struct nftnl_set_elem *a, struct nftnl_set_elem *b)
{
	bool odd_a;

	if (verdict(a) != verdict(b))
		return verdict(a) < verdict(b) ? -1 : 1;
	odd_a = odd(a);
	if (odd_a != odd(b))
		return odd_a ? 1 : -1;
	return strcmp(chain(a), chain(b));
}

/* Any order in which the spans of disjoint sets ascend; 0 only for the same span. */
static int compare_spans(const struct span *a, const struct span *b)
{
	int order = compare_keys(a->start ? a->start : a->end, b->start ? b->start : b->end);

	if (order)
		return order;
	if (!a->start != !b->start)
		return a->start ? 1 : -1;
	if (!a->end != !b->end)
		return a->end ? 1 : -1;
	if (a->end)
		order = compare_keys(a->end, b->end);
	if (!order && a->end)
		order = compare_verdicts(a->end, b->end);
	return order || !a->start ? order : compare_verdicts(a->start, b->start);
}

static int collect(struct nftnl_set_elem *element, void *data)
{
	struct spans *spans = data;

	if (spans->elements == spans->room) {
		size_t room = spans->room ? 2 * spans->room : 64;
		struct nftnl_set_elem **more = realloc(spans->element, room * sizeof(*more));

		if (!more)
			return -1;
		spans->element = more;
		spans->room = room;
	}
	spans->element[spans->elements++] = element;
	return 0;
}

/* The kernel lists intervals from last to first; ours are built in ascending order. */
static void sort(struct nftnl_set_elem **element, size_t count)
{
	size_t up = 1, down = 1;

	while (up < count && by_key(&element[up - 1], &element[up]) <= 0)
		up++;
	while (down < count && by_key(&element[down - 1], &element[down]) >= 0)
		down++;
	if (up >= count)
		return;
	if (down < count) {
		qsort(element, count, sizeof(*element), by_key);
		return;
	}
	for (size_t i = 0; i < count / 2; i++) {
		struct nftnl_set_elem *first = element[i];

		element[i] = element[count - 1 - i];
		element[count - 1 - i] = first;
	}
}

static void spans_release(struct spans *spans)
{
	free(spans->element);
	free(spans->span);
}

static int spans_build(struct spans *spans, struct nftnl_set *set)
{
	size_t i = 0;

	if (set && nftnl_set_elem_foreach(set, collect, spans) < 0)
		return -ENOMEM;
	if (!spans->elements)
		return 0;
	spans->span = calloc(spans->elements, sizeof(*spans->span));
	if (!spans->span)
		return -ENOMEM;
	sort(spans->element, spans->elements);
	while (i < spans->elements) {
		struct span *span = &spans->span[spans->count++];

		if (!is_end(spans->element[i]))
			span->start = spans->element[i++];
		if (i < spans->elements && is_end(spans->element[i]))
			span->end = spans->element[i++];
	}
	return 0;
}

static int report(const struct span *span,
		  int (*callback)(struct nftnl_set_elem *element, void *data), void *data)
{
	int error = span->start ? callback(span->start, data) : 0;

	return error >= 0 && span->end ? callback(span->end, data) : error;
}

int delta_each(struct nftnl_set *a, struct nftnl_set *b,
	       int (*callback)(struct nftnl_set_elem *element, void *data), void *data)
{
	struct spans mine = { .element = NULL }, other = { .element = NULL };
	int error = spans_build(&mine, a);
	size_t k = 0;

	if (!error)
		error = spans_build(&other, b);
	for (size_t i = 0; i < mine.count && error >= 0; i++) {
		int order = -1;

		while (k < other.count &&
		       (order = compare_spans(&other.span[k], &mine.span[i])) < 0)
			k++;
		if (k == other.count || order != 0)
			error = report(&mine.span[i], callback, data);
	}
	spans_release(&mine);
	spans_release(&other);
	return error < 0 ? error : 0;
}

int delta_compare(struct nftnl_set *a, struct nftnl_set *b, bool *equal)
{
	struct spans mine = { .element = NULL }, other = { .element = NULL };
	int error = spans_build(&mine, a);

	if (!error)
		error = spans_build(&other, b);
	*equal = !error && mine.count == other.count;
	for (size_t i = 0; *equal && i < mine.count; i++)
		*equal = compare_spans(&mine.span[i], &other.span[i]) == 0;
	spans_release(&mine);
	spans_release(&other);
	return error;
}
