/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/clock.h"
#include "appliance/journal/entry.h"

/*
 * The log's old format, one JSON object per line, read into entries. There are three kinds:
 *
 *	event	time boot_id uptime appliance state client mac interface client_port forwarder
 *		resolver qtype protocol port name address rule category action would channel
 *		direction count
 *	mode	time boot_id uptime appliance mode until categories reason by
 *	lost	time boot_id uptime appliance lost kernel rings journal disk
 *
 * Mode and lost become notices. A key that may be null may also be missing; keys that are not
 * listed are ignored. Each value has to be what the old format printed.
 */
enum {
	JSONL_MIN = 100,	/* no line is shorter: bounds how many lines some bytes can hold */
	JSONL_MAX = 16 * 1024,	/* the longest name, escaped twice, is 2 KiB; a rule's id as long */
	JSONL_APPLIANCE = 64
};

struct jsonl_entry {
	struct log_entry entry;	/* without a number */
	/* What the event refers to by rule_key, if that is not 0. The old format kept its id,
	 * category and state alone: index is POLICY_NO_RULE, evidence and versions are "", and
	 * confidence says nothing. */
	struct entry_rule rule;
	char boot_id[CLOCK_BOOT_ID];
	char appliance[JSONL_APPLIANCE];
	char id[ENTRY_RULE_TEXT];	/* rule.id points here */
	char *body;			/* of a notice; jsonl_release frees it */
};

/*
 * Reads a line of length bytes, without its newline. The entry points into *line, which must not
 * be moved. 0; -EBADMSG: damaged, or no line of the log; -ENOMEM. jsonl_release is due after 0.
 */
int jsonl_parse(struct jsonl_entry *line, const char *text, size_t length)
	__attribute__((warn_unused_result));
void jsonl_release(struct jsonl_entry *line);

/* Wall time of the line's entry in milliseconds since 1970. */
int64_t jsonl_wall_ms(const struct jsonl_entry *line);
