/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

struct parent;

/*
 * STATE/history.jsonl: what became of updates, one JSON line each, the oldest dropped. event: a word;
 * release 0: none.
 */
void history_add(struct parent *parent, const char *event, int64_t release, const char *text);

/* STATE/receipts.jsonl: a receipt that says something new, a line as it was signed. */
void history_receipt(struct parent *parent, const char *line);
