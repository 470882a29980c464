/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/nft/marks.h"
#include "rules/nft/outside.h"
#include "rules/nft/ruleset.h"
#include "rules/nft/table.h"

/*
 * A ruleset under construction:
 *
 *	build.c		sets, maps and counters
 *	embedded.c	maps of IPv4 inside IPv6, for bytes that are not adjacent
 *	capture.c	prerouting: marks, sources, DNS led to the listener and its answers
 *	judge.c		what the policy does with a packet; the log
 *	forward.c	forwarded packets
 *	gateway.c	the gateway itself: input, output
 *	ruleset_build.c	the parts that each mode has
 */

enum { BUILD_DNS_PORT = 53 };

struct build {
	struct table *table;
	const struct settings *settings;
	const struct policy *policy;	/* NULL: RULESET_CLOSED */
	const struct ruleset_outside *outside;
	enum ruleset_mode mode;
	const struct table_set *lan;	/* the interfaces of the inside, each once */
	bool aside;			/* some interface manages and forwards nothing */
	bool some_ports;		/* some resolver is refused on some ports only */
	const char *chain[ACTION_COUNT][CATEGORY_COUNT];	/* those that a map leads to */
};

/* The transports of DNS, which the block of resolvers covers. */
#define TRANSPORT statement_in(FIELD_PROTOCOL, "transports")
#define IN(field, set) statement_in(field, set)
#define NOT_IN(field, set) statement_not(statement_in(field, set))
#define IN_JOINED(set, ...) \
	statement_in_joined((const enum packet_field[TABLE_FIELDS]){ __VA_ARGS__ }, set)
#define VMAP_JOINED(map, ...) \
	statement_vmap_joined((const enum packet_field[TABLE_FIELDS]){ __VA_ARGS__ }, map)

/* Bits of NFT_CT_STATE, and RTN_LOCAL. */
enum { STATE_ESTABLISHED = 2, STATE_RELATED = 4, ADDRESS_LOCAL = 2 };

/* The bytes of the address in a packet: the last 4, or all 16. */
const uint8_t *build_bytes(const struct addr *addr);

/* Named counters, sets and maps of the table. */
void build_counters(struct build *build);
void build_sets(struct build *build);	/* from the settings */
/* Maps from the policy; build->chain is filled. */
void build_range_maps(struct build *build);
void build_port_maps(struct build *build);

/*
 * The name of the map "networks6_inN" for an embedding whose bytes are not adjacent, which no rule
 * can look up in the IPv4 map. "" if they are adjacent, or if there is nothing to look up.
 */
const char *build_split_map(struct build *build, enum policy_table table, size_t embedding);
/* Makes all of them. */
void build_splits(struct build *build);

/* ---- ranges of the policy, between build.c and embedded.c ---- */

/* How many of a family. */
size_t build_range_count(const struct policy *policy, enum policy_table table, bool v4);
/* Does the map contain this range? *target: where the range leads. */
bool build_range_counts(struct build *build, enum policy_table table,
			const struct policy_range *range, struct table_target *target);
void build_range_put(struct table_set *set, const struct policy_range *range, bool v4,
		     struct table_target target);

/* Prerouting: the chains of capture.c. */
void build_capture(struct build *build);
/* Rule for UDP answers of the dns role's servers, where one of its sockets waits for them. */
void build_upstream_answer(struct table_chain *chain, struct statement verdict);
/* One rule per source of each sanctioned resolver. Where the port is known to be 53 (dns_only), the
 * packet skips the capture; elsewhere it is counted and passes. */
void build_sanctioned(struct build *build, struct table_chain *chain, bool dns_only);

/*
 * The policy's chains: "vendor" by destination, with pinholes; "sources" by source, for what comes
 * in; "emitted" for what the gateway sends; "bypass" for resolvers; and the chains that their maps
 * lead to.
 */
void build_judge(struct build *build);

/* Chains for forwarded packets, and for the gateway's own (input, output). */
void build_forward(struct build *build);
void build_gateway(struct build *build);
