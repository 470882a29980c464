/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"

/*
 * What the traces of a host weigh: data with reasons, in weights.tsv. Fields are separated by tabs,
 * lines that begin with `#` are comments. Two kinds of lines:
 *
 *	threshold NAME VALUE REASON
 *	sign MATCH CLASS FAMILY ONCE LASTING REASON
 *
 * MATCH is a rule id (list:category:pattern) in which `*` stands for any text. The first line that
 * matches a rule decides. FAMILY is a word, or `-`. ONCE are the points of the sign, however many
 * rules and events it has; LASTING are added if a rule of it was hit on lasting-days days or more.
 * Every threshold is needed, once. REASON completes the sentence "it shows ...".
 */
enum sign_class {
	SIGN_PRODUCT,		/* the vendor's own product */
	SIGN_ENGINE,		/* the vendor's engine, perhaps in another maker's product */
	SIGN_LICENSEE,		/* a name that only another maker's product uses */
	SIGN_SHARED,		/* a product's, or the engine's if a licensee is there */
	SIGN_MANAGEMENT,	/* stands for other machines, or manages them */
	SIGN_VISIT,		/* a person, or a page */
	SIGN_TRACE,		/* proves nothing alone */
	SIGN_NONE,		/* counts for nothing, by decision */
	SIGN_CLASSES
};
const char *sign_class_print(enum sign_class class);	/* "product" */

enum weights_threshold {
	/* Points from which on a verdict is taken. */
	THRESHOLD_PRODUCT,
	THRESHOLD_ENGINE,
	THRESHOLD_MANAGEMENT,
	THRESHOLD_MANAGEMENT_CERTAIN,	/* even if there are signs of a product */
	THRESHOLD_VISIT,
	/* Points from which on the confidence is medium, high. */
	THRESHOLD_MEDIUM,
	THRESHOLD_HIGH,
	THRESHOLD_CERTAIN_SIGN,		/* one sign with these points makes a product certain */
	THRESHOLD_LASTING_DAYS,
	THRESHOLD_FALLBACK_UNORDERED,	/* points for two fallback resolvers without an order */
	THRESHOLD_TOOL_CATEGORIES,	/* categories asked for, from which on it may be a tool */
	THRESHOLD_TOOL_REPEAT,		/* and queries per rule and day up to which it may be */
	THRESHOLD_ACTIVE_DAYS,		/* days without a trace that are still active */
	THRESHOLD_REMOVED_DAYS,		/* days without a trace */
	THRESHOLD_REMOVED_SEEN_DAYS,	/* and days on which the host was seen in them */
	THRESHOLD_RETURNED_DAYS,	/* days for which a return is reported */
	THRESHOLDS
};

enum { WEIGHTS_SIGNS = 96, WEIGHTS_MATCH = 80, WEIGHTS_FAMILY = 24, WEIGHTS_REASON = 160,
       WEIGHTS_VALUE_MOST = 10000 };

struct weighed_sign {
	char match[WEIGHTS_MATCH];
	enum sign_class class;
	char family[WEIGHTS_FAMILY];	/* "" none */
	uint32_t once;
	uint32_t lasting;
	char reason[WEIGHTS_REASON];
};

struct weights {
	uint32_t threshold[THRESHOLDS];
	size_t signs;
	struct weighed_sign sign[WEIGHTS_SIGNS];
};

/* text: the file's content, size bytes; source: its name, for diag. 0, or -EINVAL with errors in
 * diag. */
int weights_parse(struct weights *weights, const char *source, const char *text, size_t size,
		  struct diag *diag) __attribute__((warn_unused_result));

/* The index of the sign that a rule id is; -1: none. */
int weights_lookup(const struct weights *weights, const char *rule);
