/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "rules/policy/compile.h"

/*
 * What a new set of rule lists does that the old one did not, for the people who sign it. Both sets
 * are compiled, and their decisions are compared everywhere: each name in a rule and the names
 * below it, each address, each port. A rule that moved between lists, or that another rule already
 * covered, changes nothing.
 *
 *	+ newly blocked		- no longer blocked	~ otherwise changed
 *
 * Lists that are on by default are compared together. A list that is off by default is compared
 * alone, by what it does where it is chosen.
 */
struct diff;

/*
 * options: NULL for the default actions. The caller frees *diff with diff_free; it keeps no pointer
 * into the lists. -EINVAL with diag when one of the sets does not compile; -ENOMEM.
 */
int diff_new(struct diff **diff, const struct rule_list *old, size_t olds,
	     const struct rule_list *new, size_t news, const struct policy_options *options,
	     struct diag *diag) __attribute__((warn_unused_result));
void diff_free(struct diff *diff);

/* Lists and their versions count too: false only if nothing changed at all. */
bool diff_changed(const struct diff *diff);

/* How many changes there are of each kind. */
struct diff_counts {
	size_t blocked;		/* newly */
	size_t unblocked;
	size_t changed;
};
/* Fills *counts. */
void diff_count(const struct diff *diff, struct diff_counts *counts);

/* For people: the counts, then one line per change, by category; "nothing changed\n" if so. */
void diff_print(const struct diff *diff, struct text *out);

/* One JSON object and a newline. 0 or -ENOMEM. */
int diff_print_json(const struct diff *diff, struct text *out) __attribute__((warn_unused_result));
