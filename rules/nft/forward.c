/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/build.h"

/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>

#include "appliance/base/config.h"

/* Before the filters of other programs, so that what we refuse is counted under our reason. */
static const struct table_hook forward_hook = {
	NF_INET_FORWARD, -5, "forward", "filter - 5", "filter",
};
static const struct table_hook leaving_hook = {
	NF_INET_POST_ROUTING, 100, "postrouting", "srcnat", "nat",
};

/* The order of policy_lookup_packet: address, resolver, port. */
static void clients_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "clients", NULL);

	if (!ENABLED(CONFIG_IPV6))
		TABLE_RULE(chain, statement_equal(FIELD_FAMILY, NFPROTO_IPV6),
			   statement_counter("ipv6_off"), statement_drop());
	build_sanctioned(build, chain, false);
	TABLE_RULE(chain, statement_jump("vendor"));
	TABLE_RULE(chain, statement_jump("bypass"));
	TABLE_RULE(chain, statement_vmap(FIELD_TCP_DESTINATION, "tcp_ports"));
	TABLE_RULE(chain, statement_vmap(FIELD_UDP_DESTINATION, "udp_ports"));
}

/* RFC 4890, 4.3: the errors that IPv6 needs are related to a connection of the client. */
static void inbound_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "inbound", NULL);

	if (build->mode == RULESET_ENFORCE)
		TABLE_RULE(chain, statement_jump("sources"));
	TABLE_RULE(chain, NOT_IN(FIELD_OUT_INTERFACE, "lan"), statement_return());
	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED | STATE_RELATED),
		   statement_accept());
	TABLE_RULE(chain, statement_counter("wan_forward"), statement_drop());
}

static void aside_rules(struct build *build, struct table_chain *chain)
{
	if (!build->aside)
		return;
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "aside"),
		   statement_counter("management_forward"), statement_drop());
	TABLE_RULE(chain, IN(FIELD_OUT_INTERFACE, "aside"),
		   statement_counter("management_forward"), statement_drop());
}

/*
 * Interfaces in neither the LAN nor the outside are judged as clients. Like the outside, they get
 * into the LAN only packets that belong to the LAN's own connections.
 */
static void forward_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "forward", &forward_hook);

	if (build->mode == RULESET_CLOSED) {
		TABLE_RULE(chain, statement_counter("closed"), statement_drop());
		return;
	}
	aside_rules(build, chain);
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "lan"),
		   build->mode == RULESET_ENFORCE ? statement_goto("clients") : statement_accept());
	/* Before "established": when a link stops being a lan, its connections end. */
	if (build->settings->drop_others)
		TABLE_RULE(chain, NOT_IN(FIELD_OUT_INTERFACE, "lan"),
			   statement_counter("wan_forward"), statement_drop());
	if (build->mode == RULESET_ENFORCE) {
		TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "outside"), statement_goto("inbound"));
		TABLE_RULE(chain, statement_jump("clients"));
	}
	TABLE_RULE(chain, statement_goto("inbound"));
}

/*
 * Clients' IPv4 leaves with an address of the gateway; IPv6 is routed. What the gateway sends has
 * such an address already, except relayed queries. The rules role makes their sockets with the
 * client's address, and an outside server could not answer to that.
 */
static void leaving_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "leaving", &leaving_hook);

	TABLE_RULE(chain, IN(FIELD_OUT_INTERFACE, "lan"), statement_return());
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "lan"),
		   statement_equal(FIELD_FAMILY, NFPROTO_IPV4), statement_masquerade());
	TABLE_RULE(chain, statement_equal(FIELD_FAMILY, NFPROTO_IPV4),
		   statement_equal(FIELD_USER, settings_uid(build->settings, ROLE_RULES)),
		   statement_masquerade());
}

void build_forward(struct build *build)
{
	forward_chain(build);
	if (build->mode == RULESET_ENFORCE)
		clients_chain(build);
	if (build->mode != RULESET_CLOSED)
		inbound_chain(build);
	if (build->settings->masquerade)
		leaving_chain(build);
}
