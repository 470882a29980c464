/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/daemon.h"
#include "appliance/ipc/update_message.h"

/* What became of updates, in the state folder; bounded, the oldest lines go. */
struct history {
	struct daemon *daemon;
	uint64_t lost;		/* lines that could not be written */
	int error;		/* -errno of the last of them */
};

struct history_line {
	const char *event;	/* a word */
	int64_t time;		/* seconds since 1970 */
	int64_t release;	/* 0: none */
	const char *state;	/* state id in force; "": nothing is */
	const char *source;	/* of the last poll */
	const char *text;	/* a final newline is dropped */
	const struct bundle_info *signed_by;	/* digest and signers are added; NULL: not */
};

/* A line of STATE/history.jsonl. What cannot be written is logged and counted. */
void history_add(struct history *history, const struct history_line *line);
/* STATE/receipts.jsonl: a receipt that says something new, a line as it was signed. */
void history_receipt(struct history *history, const char *line);
