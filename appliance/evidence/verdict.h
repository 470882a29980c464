/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"
#include "appliance/evidence/weights.h"
#include "appliance/ipc/event.h"
#include "appliance/journal/fallback.h"
#include "rules/policy/rule.h"

/*
 * What a host is, judged by its tallies and the weights. Pure. The verdict says what the traces
 * show; it never says that a host is free of the product.
 */
enum verdict_kind {
	VERDICT_UNCLEAR,
	VERDICT_VISIT,		/* visited a web site */
	VERDICT_TOOL,		/* handles names of others (mail gateway, scanner, SIEM); by hand */
	VERDICT_MANAGEMENT,	/* relay or management: speaks for other machines, or to them */
	VERDICT_ENGINE,		/* embedded engine, in another maker's product perhaps */
	VERDICT_PRODUCT,
	VERDICT_KINDS
};
const char *verdict_print(enum verdict_kind kind);	/* "embedded engine" */

/*
 * What was counted for one host, rule, channel, action and resolver. The fallback fingerprint
 * (journal/fallback.h) is a tally with the rule VERDICT_FALLBACK.
 */
#define VERDICT_FALLBACK FALLBACK_RULE
struct tally {
	const char *rule;	/* id, list:category:pattern; the caller's */
	enum event_channel channel;
	enum action action;
	bool has_resolver;
	struct addr resolver;	/* that was asked, if any */
	uint64_t count;		/* events */
	uint32_t days;		/* different days with an event */
	int64_t first_ms;	/* wall time */
	int64_t last_ms;
};

/* The order of tallies does not matter. */
struct verdict_facts {
	const struct tally *tally;
	size_t tallies;
	bool forwarder;		/* asks for others: its DNS shows them, its packets itself */
	bool tool;		/* an administrator or the table says so; traces do not count */
};

/* One line of evidence: a sign and all tallies of it. */
struct verdict_evidence {
	int sign;		/* in weights; -1: VERDICT_UNORDERED */
	enum sign_class class;	/* as it counted: shared signs became product or engine */
	uint32_t points;
	const char *rule;	/* the one with most events; of a tally */
	uint64_t count;
	uint32_t days;		/* at least: the most that one tally has */
	int64_t first_ms;
	int64_t last_ms;
};
/* "two or more fallback resolvers asked for the vendor's names": without the order. */
#define VERDICT_UNORDERED (-1)

enum { VERDICT_EVIDENCE = WEIGHTS_SIGNS + 1 };

struct host_verdict {
	enum verdict_kind kind;
	enum confidence confidence;
	char family[WEIGHTS_FAMILY];	/* "" not told */
	/* The pattern of a tool: a person should decide. Such a host is unclear at most. */
	bool suggests_tool;
	enum verdict_kind without;	/* a tool: the verdict without that word; else kind */
	bool manages;			/* there are signs of management, whatever the verdict */
	bool relayed;			/* a forwarder, whose DNS was left out */
	/* Heaviest first; signs that count for nothing are left out. */
	struct verdict_evidence evidence[VERDICT_EVIDENCE];
	size_t count;
};

/* weights must outlive the verdict, as must the rules of the tallies. */
void verdict_judge(struct host_verdict *verdict, const struct weights *weights,
		   const struct verdict_facts *facts);

/* One sentence for people, without newline: "Product (home), high confidence: ...". */
void verdict_explain(const struct host_verdict *verdict, const struct weights *weights,
		     struct text *out);

/* Does a rule show software, so that its last event tells when the host was last active? */
bool verdict_is_software(const struct weights *weights, const char *rule);

/* ---- over time ---- */

enum host_state {
	STATE_NONE,		/* no trace of software at any time */
	STATE_ACTIVE,
	STATE_SILENT,
	STATE_REMOVED,		/* presumed */
	STATE_REAPPEARED,	/* traces again after it was presumed removed */
	STATE_COUNT
};
const char *host_state_print(enum host_state state);	/* "presumed removed" */

/* Days since 1970 in the reports' time zone, ascending, each once. */
struct host_days {
	const int32_t *trace;	/* with an event that verdict_is_software */
	size_t traces;
	const int32_t *seen;	/* on which the host was there and covered */
	size_t seens;
	int32_t today;		/* later days do not count */
};
struct host_presence {
	enum host_state state;
	uint32_t silent_days;	/* since the last trace */
	uint32_t seen_days;	/* of these, how many the host was seen on */
	uint32_t gap_days;	/* reappeared: how long it was silent before */
	int32_t returned;	/* reappeared: the day */
};
void host_presence(struct host_presence *presence, const struct weights *weights,
		   const struct host_days *days);
/* "silent for 12 days", "reappeared after 40 days". */
void host_presence_print(const struct host_presence *presence, struct text *out);
