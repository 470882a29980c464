/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/build.h"

#include <netinet/in.h>
#include <string.h>

enum { LOG_BYTES = 128 };	/* bytes of a logged packet: headers and the first bytes after
				 * them */

/* The side of a packet that a chain judges. */
struct side {
	enum packet_field v4, v6;
	enum packet_field inside[4];	/* by the offset of the IPv4 address: 2, 4, 9, 12 */
};
static const struct side source = {
	FIELD_SOURCE4, FIELD_SOURCE6,
	{ FIELD_SOURCE6_AT2, FIELD_SOURCE6_AT4, FIELD_SOURCE6_AT9, FIELD_SOURCE6_AT12 },
};
static const struct side destination = {
	FIELD_DESTINATION4, FIELD_DESTINATION6,
	{ FIELD_DESTINATION6_AT2, FIELD_DESTINATION6_AT4, FIELD_DESTINATION6_AT9,
	  FIELD_DESTINATION6_AT12 },
};

static enum packet_field inside_field(const struct side *side, uint8_t at)
{
	return side->inside[at == 2 ? 0 : at == 4 ? 1 : at == 9 ? 2 : 3];
}

/*
 * Looks up the address, then each IPv4 address that it may carry, in the order of
 * policy_lookup_addr.
 */
static void lookup_rules(struct build *build, struct table_chain *chain, enum policy_table table,
			 const struct side *side)
{
	bool networks = table == POLICY_NETWORKS;
	const char *map4 = networks ? "networks4" : "resolvers4";

	TABLE_RULE(chain, statement_vmap(side->v4, map4));
	TABLE_RULE(chain, statement_vmap(side->v6, networks ? "networks6" : "resolvers6"));
	for (size_t i = 0; i < policy_embeddings(build->policy); i++) {
		const struct embedding *embedding = policy_embedding(build->policy, i);
		const char *split = build_split_map(build, table, i);
		struct statement in = statement_prefix(side->v6, embedding->prefix.addr.bytes,
						       embedding->prefix.length);

		if (embed_contiguous(embedding))
			TABLE_RULE(chain, in,
				   statement_vmap(inside_field(side, embedding->at[0]), map4));
		else if (split[0])
			TABLE_RULE(chain, statement_vmap(side->v6, split));
	}
}

/* ---- the log ---- */

/*
 * Each source has its own share of log entries, by MAC if the packet has one, else by address. So
 * one flooding host hides no evidence about others. When forged sources fill the table, those that
 * find no room share the remainder.
 */
static void share_chain(struct build *build)
{
	static const struct {
		enum packet_field field;
		const char *set;
	} tables[] = {
		{ FIELD_SOURCE_MAC, "log_mac" },
		{ FIELD_SOURCE4, "log_source4" },
		{ FIELD_SOURCE6, "log_source6" },
	};
	struct table_chain *chain = table_chain_add(build->table, "share", NULL);

	static const uint8_t no_mac[6];

	TABLE_RULE(chain, statement_mark_clear(MARK_QUIET));
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		TABLE_RULE(chain, statement_over(tables[i].field, tables[i].set, RULESET_LOG_RATE,
						 RULESET_LOG_BURST), statement_goto("quiet"));
		TABLE_RULE(chain, IN(tables[i].field, tables[i].set), statement_return());
		/* A forged address must not use up the share of its owner. */
		if (tables[i].field == FIELD_SOURCE_MAC)
			TABLE_RULE(chain,
				   statement_not(statement_prefix(FIELD_SOURCE_MAC, no_mac, 48)),
				   statement_goto("shared"));
	}
	TABLE_RULE(chain, statement_goto("shared"));
	chain = table_chain_add(build->table, "shared", NULL);
	TABLE_RULE(chain, statement_limit(RULESET_LOG_SHARED_RATE, RULESET_LOG_SHARED_BURST),
		   statement_return());
	TABLE_RULE(chain, statement_goto("quiet"));
	chain = table_chain_add(build->table, "quiet", NULL);
	TABLE_RULE(chain, statement_counter("unlogged"), statement_mark(MARK_QUIET));
}

static void refuse_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "refuse", NULL);

	/* The vendor gets no answer that reveals what is here. */
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "outside"), statement_drop());
	TABLE_RULE(chain, IN(FIELD_OUT_INTERFACE, "lan"), statement_drop());
	TABLE_RULE(chain, statement_equal(FIELD_PROTOCOL, IPPROTO_TCP), statement_reject_tcp());
	TABLE_RULE(chain, statement_reject());
}

/* By which the journal finds the policy again. */
static const char *log_prefix(struct build *build, enum category category)
{
	const uint8_t *digest = policy_digest(build->policy);

	return table_text(build->table, "cordon %02x%02x%02x%02x %s", digest[0], digest[1],
			  digest[2], digest[3], category_print(category));
}

static void action_rules(struct build *build, enum action action, enum category category)
{
	bool block = action == ACTION_BLOCK;
	const char *name = build->chain[action][category];
	struct table_chain *chain = table_chain_add(build->table, name, NULL);
	struct statement leave = block ? statement_goto("refuse") : statement_return();
	uint32_t known = block ? CT_MARK_BLOCKED : CT_MARK_MONITORED;
	const char *prefix = log_prefix(build, category);

	/* Packets that come back in a monitored connection are not counted or logged again. */
	if (!block)
		TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "outside"), statement_return());
	TABLE_RULE(chain, statement_counter(name));
	/*
	 * One log entry per connection. A refused attempt leaves no conntrack entry, so each
	 * attempt is logged, up to the limit. A connection that was cut midway stays established
	 * and is marked.
	 */
	TABLE_RULE(chain, statement_all(FIELD_CT_MARK, known), leave);
	TABLE_RULE(chain, statement_ct_mark(known));
	TABLE_RULE(chain, statement_jump("share"));
	TABLE_RULE(chain, statement_all(FIELD_MARK, MARK_QUIET), leave);
	TABLE_RULE(chain, statement_log(prefix, build->settings->nflog_group, LOG_BYTES));
	TABLE_RULE(chain, leave);
}

static void action_chains(struct build *build)
{
	for (enum action a = ACTION_MONITOR; a <= ACTION_BLOCK; a++) {
		for (enum category c = 0; c < CATEGORY_COUNT; c++) {
			if (build->chain[a][c])
				action_rules(build, a, c);
		}
	}
}

/* An exempt address: for packets going out it ends the search; for packets coming in, the
 * connection still decides. Each connection is counted, and some are logged: that they are is no
 * evidence against anybody, so they take nothing from the shares of blocks. */
static void allowed_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "allowed", NULL);

	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "outside"), statement_return());
	TABLE_RULE(chain, IN(FIELD_OUT_INTERFACE, "lan"), statement_return());
	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED), statement_accept());
	TABLE_RULE(chain, statement_counter("exempt"));
	TABLE_RULE(chain, statement_limit(RULESET_EXEMPT_RATE, RULESET_EXEMPT_BURST),
		   statement_log(log_prefix(build, CATEGORY_EXEMPT), build->settings->nflog_group,
				 LOG_BYTES));
	TABLE_RULE(chain, statement_accept());
}

/* ---- vendor networks ---- */

static struct statement through_pinhole(void)
{
	return statement_all(FIELD_CT_MARK, CT_MARK_PINHOLE);
}

/* No "established" before the maps: a new rule also ends the connections that it forbids. Only
 * connections that began through a pinhole outlive it, as a download outlives its name's TTL. */
static void vendor_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "vendor", NULL);

	TABLE_RULE(chain, IN_JOINED("pinhole4", FIELD_SOURCE4, FIELD_DESTINATION4, FIELD_PROTOCOL,
				    FIELD_DESTINATION_PORT), statement_goto("pinhole"));
	TABLE_RULE(chain, IN_JOINED("pinhole6", FIELD_SOURCE6, FIELD_DESTINATION6, FIELD_PROTOCOL,
				    FIELD_DESTINATION_PORT), statement_goto("pinhole"));
	TABLE_RULE(chain, IN_JOINED("pinhole_mac4", FIELD_SOURCE_MAC, FIELD_DESTINATION4,
				    FIELD_PROTOCOL, FIELD_DESTINATION_PORT),
		   statement_goto("pinhole"));
	TABLE_RULE(chain, IN_JOINED("pinhole_mac6", FIELD_SOURCE_MAC, FIELD_DESTINATION6,
				    FIELD_PROTOCOL, FIELD_DESTINATION_PORT),
		   statement_goto("pinhole"));
	TABLE_RULE(chain, IN_JOINED("pinhole_any4", FIELD_DESTINATION4, FIELD_PROTOCOL,
				    FIELD_DESTINATION_PORT), statement_goto("pinhole"));
	TABLE_RULE(chain, IN_JOINED("pinhole_any6", FIELD_DESTINATION6, FIELD_PROTOCOL,
				    FIELD_DESTINATION_PORT), statement_goto("pinhole"));
	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED), through_pinhole(),
		   statement_return());
	lookup_rules(build, chain, POLICY_NETWORKS, &destination);
	chain = table_chain_add(build->table, "pinhole", NULL);
	TABLE_RULE(chain, statement_counter("pinhole"), statement_ct_mark(CT_MARK_PINHOLE));
}

/*
 * From a vendor address, only packets of a connection that a pinhole or a monitor rule let out may
 * come in. An error message (related) may not: it quotes a connection that its sender chose.
 */
static void sources_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "sources", NULL);

	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED), through_pinhole(),
		   statement_return());
	lookup_rules(build, chain, POLICY_NETWORKS, &source);
}

/* What the gateway sends in answer to clients, including errors and resets of the kernel, is judged
 * like forwarded packets. */
static void emitted_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "emitted", NULL);

	TABLE_RULE(chain, through_pinhole(), statement_return());
	lookup_rules(build, chain, POLICY_NETWORKS, &destination);
}

static void bypass_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "bypass", NULL);

	TABLE_RULE(chain, NOT_IN(FIELD_PROTOCOL, "transports"), statement_return());
	lookup_rules(build, chain, POLICY_RESOLVERS, &destination);
	if (!build->some_ports)
		return;
	TABLE_RULE(chain, VMAP_JOINED("resolver_ports4", FIELD_DESTINATION4, FIELD_PROTOCOL,
				      FIELD_DESTINATION_PORT));
	TABLE_RULE(chain, VMAP_JOINED("resolver_ports6", FIELD_DESTINATION6, FIELD_PROTOCOL,
				      FIELD_DESTINATION_PORT));
}

void build_judge(struct build *build)
{
	build_range_maps(build);
	build_splits(build);
	build_port_maps(build);
	vendor_chain(build);
	sources_chain(build);
	emitted_chain(build);
	bypass_chain(build);
	allowed_chain(build);
	action_chains(build);
	share_chain(build);
	refuse_chain(build);
}
