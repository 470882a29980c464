/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"

/*
 * JSON for signed metadata: jansson, with everything refused that two parsers could read in two
 * ways: duplicate keys, invalid UTF-8, NUL in a string, reals where integers belong, trailing
 * bytes, a byte order mark, depth above 32.
 */

/* Memory that jansson may take in this process at one time, for every object alive; a document that
 * needs more does not parse. Set once at the start of a process (jansson's allocator is global). */
void strict_budget(size_t bytes);

/* The caller's reference. -EINVAL with source, line and column in diag; -ENOMEM over the budget. */
int strict_parse(json_t **out, const void *bytes, size_t size, const char *source,
		 struct diag *diag) __attribute__((warn_unused_result));

/*
 * The canonical form that is signed (OLPC Canonical JSON): keys sorted by their bytes, no white
 * space, only '"' and '\' escaped, integers in decimal. -EINVAL for a real number.
 */
int strict_canonical(const json_t *value, struct text *out) __attribute__((warn_unused_result));
