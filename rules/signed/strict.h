/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"

/*
 * JSON for signed metadata: jansson, restricted so that no two parsers can read a document in two
 * ways. Refused are duplicate keys, invalid UTF-8, NUL in a string, real numbers, trailing bytes, a
 * byte order mark, and nesting deeper than 32.
 */

/* Limits the memory of all live jansson objects in this process; a document that needs more does
 * not parse. Set it once at the start (jansson's allocator is global). */
void strict_budget(size_t bytes);

/*
 * The caller owns the new reference. -EINVAL with source, line and column in diag; -ENOMEM over the
 * budget.
 */
int strict_parse(json_t **out, const void *bytes, size_t size, const char *source,
		 struct diag *diag) __attribute__((warn_unused_result));

/*
 * Appends the canonical form that is signed (OLPC Canonical JSON): keys sorted by their bytes, no
 * white space, only '"' and '\' escaped, integers in decimal. 0, or -EINVAL for a real number.
 */
int strict_canonical(const json_t *value, struct text *out) __attribute__((warn_unused_result));
