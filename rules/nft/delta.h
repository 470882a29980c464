/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libnftnl/set.h>
#include <stdbool.h>

/*
 * Calls back for each element of a that b lacks, in ascending order, with the two ends of an
 * interval together. An interval with another end or target is another interval. b may be NULL: all
 * of a. -ENOMEM, or the callback's result if it was negative.
 */
int delta_each(struct nftnl_set *a, struct nftnl_set *b,
	       int (*callback)(struct nftnl_set_elem *element, void *data), void *data)
	__attribute__((warn_unused_result));

/* Do both have the same elements? b may be NULL: an empty set. 0 or -ENOMEM. */
int delta_compare(struct nftnl_set *a, struct nftnl_set *b, bool *equal)
	__attribute__((warn_unused_result));
