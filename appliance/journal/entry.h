/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"
#include "rules/policy/policy.h"

/*
 * What the journal stores, one after the other, each with the next sequence number:
 *
 *	ENTRY_EVENT	a verdict that a client met
 *	ENTRY_NOTICE	something that happened to the appliance: a word for its kind, who did it,
 *			and members of a JSON object
 *	ENTRY_RULE	not stored by itself and without a number: the rule that the entries behind
 *			it refer to
 *
 * The encoded form is canonical: the same entry has the same bytes, whether it comes from memory or
 * from a database. Hashes of batches are taken over the bytes of events and notices (batch.h). A
 * rule enters them by its key.
 */
enum entry_type { ENTRY_EVENT = 1, ENTRY_NOTICE, ENTRY_RULE };

enum {
	ENTRY_KIND = 24,		/* buffer of a notice's kind, NUL included */
	ENTRY_ACTOR = 200,		/* of its actor */
	ENTRY_BODY = 64 * 1024,		/* of its members */
	ENTRY_RULE_TEXT = 4096,		/* of a rule's id, and of its evidence, which are parts of
					 * a line of a list (LIST_LINE_MAX) */
	ENTRY_MAX = ENTRY_BODY + 1024	/* most bytes of an encoded entry */
};

struct entry_event {
	struct event event;	/* has_mac and mac: what is known about the client's link address */
	char interface[IFNAMSIZ];	/* "": unknown */
	bool forwarder;		/* the client asks for others */
	bool coarse;		/* details are missing, because there were too many (aggregate.h) */
	uint8_t host_bits;	/* at the end of the client's address, unknown; 0: one client */
	int64_t span_ms;	/* from the first of its events to the last, if that was stored */
	uint64_t rule_key;	/* of the entry_rule that it refers to; 0: none */
};

struct entry_notice {
	int64_t wall_ms;
	int64_t uptime_ms;
	const char *kind;	/* "mode" */
	const char *actor;	/* authenticated (notice.h); "": the appliance itself */
	const char *body;	/* "\"mode\":\"enforce\",..." without braces */
};

struct entry_rule {
	uint32_t state;		/* policy_state */
	uint32_t index;		/* in that policy */
	const char *id;
	const char *evidence;
	const char *versions;	/* policy_versions */
	uint8_t category;
	uint8_t confidence;
};

/* Strings of a decoded entry point into text. */
struct log_entry {
	enum entry_type type;
	uint64_t sequence;
	union {
		struct entry_event event;
		struct entry_notice notice;
		struct entry_rule rule;
	};
};

/* What names a rule and all that is known about it: eight bytes of SHA-256. 0: it failed. */
uint64_t entry_rule_key(const struct entry_rule *rule);

/* The size, or -EMSGSIZE. */
int entry_encode(const struct log_entry *entry, uint8_t *data, size_t size)
	__attribute__((warn_unused_result));

/* The entry's strings are in data, which must outlive it. 0 or -EBADMSG. */
int entry_decode(struct log_entry *entry, const uint8_t *data, size_t size)
	__attribute__((warn_unused_result));
