/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/journal/entry.h"
#include "appliance/journal/sql.h"

/*
 * Rows of a day's database (day.h) as the entries that the journal stored: their canonical bytes
 * are the same (entry.h).
 */

/* Statements for the entries with greater numbers than after, in order; NULL after an error. The
 * first column is the number. */
sqlite3_stmt *rows_events(struct sql *sql, uint64_t after);
sqlite3_stmt *rows_notices(struct sql *sql, uint64_t after);

/* One event, by the parameters client and number. */
sqlite3_stmt *rows_one(struct sql *sql);

/* Reads a row. Strings last until the next step. rule is filled if event.rule_key is not 0. */
void rows_event(sqlite3_stmt *row, struct log_entry *entry, struct entry_rule *rule);
void rows_notice(sqlite3_stmt *row, struct log_entry *entry);

/* The boot id of either; "" if there is none. */
const char *rows_boot(sqlite3_stmt *row);

/* False for values that no journal writes; everything else can be printed. */
bool rows_sane(const struct event *event);
