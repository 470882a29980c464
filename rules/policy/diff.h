/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "rules/policy/compile.h"

/*
 * What a new set of rule lists does that the old one did not, for the people who sign it. Both sets
 * are compiled and compared by what they decide, everywhere: each name of a rule and what is below
 * it, each address, each port. A rule that moved between lists or that another one already covered
 * changes nothing.
 *
 *	+ newly blocked		- no longer blocked	~ otherwise changed
 *
 * Lists that are on by default count together; a list that is off by default is compared alone, as
 * what it does where it is chosen.
 */
struct diff;

/*
 * options: NULL for the default actions. *diff is the caller's, diff_free; it keeps nothing of the
 * lists. -EINVAL with diag when one of the sets does not compile, -ENOMEM.
 */
int diff_new(struct diff **diff, const struct rule_list *old, size_t olds,
	     const struct rule_list *new, size_t news, const struct policy_options *options,
	     struct diag *diag) __attribute__((warn_unused_result));
void diff_free(struct diff *diff);

/* Lists and their versions count too: false only when nothing at all changed. */
bool diff_changed(const struct diff *diff);

struct diff_counts {
	size_t blocked;		/* newly */
	size_t unblocked;
	size_t changed;
};
void diff_count(const struct diff *diff, struct diff_counts *counts);

/* For people: counts, then per category one line a change. "nothing changed\n" when so. */
void diff_print(const struct diff *diff, struct text *out);

/* One JSON object and a newline. -ENOMEM. */
int diff_print_json(const struct diff *diff, struct text *out) __attribute__((warn_unused_result));
