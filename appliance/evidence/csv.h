/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/text.h"
#include "appliance/journal/reader.h"

/*
 * Entries as CSV (RFC 4180): a header, then a row per entry, lines end with CR LF. The columns are
 * the members of the JSON line (journal/record.h) and stay the same: null is an empty cell, and
 * what a notice brings itself is one cell of JSON, members.
 *
 * A spreadsheet runs cells that begin with = + - or @, or with a tab, as formulas. Such a text gets
 * an apostrophe before it. Control characters are '?'.
 */
void csv_header(struct text *out);
/* 0, or what record_json returned; then nothing is appended. */
int csv_row(const struct reader_entry *entry, struct text *out) __attribute__((warn_unused_result));

/* One cell, quoted if it has to be. */
void csv_cell(const char *text, struct text *out);
