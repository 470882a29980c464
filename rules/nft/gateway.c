/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/build.h"

/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>

static const struct table_hook input_hook = {
	NF_INET_LOCAL_IN, -5, "input", "filter - 5", "filter",
};
static const struct table_hook output_hook = {
	NF_INET_LOCAL_OUT, -5, "output", "filter - 5", "filter",
};

/* Of messages to DHCP servers: enough for the options; a flood must not fill the log's socket. */
enum { DHCP_BYTES = 640, DHCP_RATE = 20, DHCP_BURST = 100 };

/* If management interfaces are named, clients get only the gateway's services: DNS, which is
 * captured, addresses (RFC 2131, RFC 8415) and echo. */
static void services_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "services", NULL);

	TABLE_RULE(chain, statement_equal(FIELD_UDP_DESTINATION, 67), statement_accept());
	TABLE_RULE(chain, statement_equal(FIELD_UDP_DESTINATION, 547), statement_accept());
	TABLE_RULE(chain, statement_equal(FIELD_ICMP_TYPE, 8), statement_accept());
	TABLE_RULE(chain, statement_equal(FIELD_ICMPV6_TYPE, 128), statement_accept());
	TABLE_RULE(chain, statement_counter("lan_input"), statement_drop());
}

static void input_chain(struct build *build)
{
	static const uint8_t link_local[16] = { 0xfe, 0x80 };
	struct table_chain *chain = table_chain_add(build->table, "input", &input_hook);
	bool managed = build->settings->managements > 0;

	TABLE_RULE(chain, statement_interface(FIELD_IN_INTERFACE, "lo"), statement_accept());
	TABLE_RULE(chain, statement_all(FIELD_MARK, MARK_LOCAL), statement_accept());
	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED | STATE_RELATED),
		   statement_accept());
	/* These are untracked, so "established" does not cover them. */
	build_upstream_answer(chain, statement_accept());
	TABLE_RULE(chain, IN(FIELD_ICMPV6_TYPE, "neighbours"), statement_accept());
	/* The answer to a DHCPv6 multicast is not related to it (RFC 8415, 7.2). */
	TABLE_RULE(chain, statement_prefix(FIELD_SOURCE6, link_local, 10),
		   statement_equal(FIELD_UDP_SOURCE, 547),
		   statement_equal(FIELD_UDP_DESTINATION, 546), statement_accept());
	if (managed)
		TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "management"), statement_accept());
	/* What hosts call themselves, whichever DHCP server they ask (appliance/journal/dhcp.h). */
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "lan"),
		   statement_equal(FIELD_UDP_DESTINATION, 67),
		   statement_limit(DHCP_RATE, DHCP_BURST),
		   statement_log("cordon dhcp", build->settings->nflog_group, DHCP_BYTES));
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "lan"),
		   managed ? statement_goto("services") : statement_accept());
	TABLE_RULE(chain, statement_counter("wan_input"), statement_drop());
	if (managed)
		services_chain(build);
}

static void update_port(struct table_chain *chain, uint16_t port)
{
	TABLE_RULE(chain, statement_equal(FIELD_TCP_DESTINATION, port), statement_accept());
}

/* The update role talks to mirrors: it reaches only their ports, and resolves names through the
 * gateway's own listener. */
static void updater_chain(struct build *build)
{
	const struct settings *settings = build->settings;
	struct table_chain *chain = table_chain_add(build->table, "updater", NULL);

	for (size_t i = 0; i < settings->listens; i++) {
		if (i == 0 || settings->listen[i].port != settings->listen[i - 1].port)
			TABLE_RULE(chain, statement_interface(FIELD_OUT_INTERFACE, "lo"),
				   statement_equal(FIELD_UDP_DESTINATION, settings->listen[i].port),
				   statement_accept());
	}
	for (size_t i = 0; i < settings->mirrors; i++) {
		size_t j = 0;

		while (settings->mirror[j].port != settings->mirror[i].port)
			j++;
		if (j == i)
			update_port(chain, settings->mirror[i].port);
	}
	if (settings->collector.host[0])
		update_port(chain, settings->collector.port);
	TABLE_RULE(chain, statement_counter("update_denied"), statement_reject());
}

static void relayed_rule(struct build *build, struct table_chain *chain, enum packet_field source,
			 const char *servers)
{
	TABLE_RULE(chain, IN(source, servers), TRANSPORT,
		   statement_equal(FIELD_DESTINATION_PORT, BUILD_DNS_PORT),
		   build->mode == RULESET_ENFORCE ? statement_goto("emitted") : statement_accept());
}

/* Sockets of the dns role, and those that the rules role makes for it. */
static void resolver_chain(struct build *build)
{
	const struct settings *settings = build->settings;
	struct table_chain *chain = table_chain_add(build->table, "resolver", NULL);

	/*
	 * Accepted TCP connections belong to the role too. They answer captured clients from the
	 * port on which it listens, which the role itself could not bind.
	 */
	TABLE_RULE(chain, NOT_IN(FIELD_OUT_INTERFACE, "outside"), TRANSPORT,
		   statement_equal(FIELD_SOURCE_PORT, BUILD_DNS_PORT), statement_accept());
	for (size_t i = 0; i < settings->listens; i++) {
		if (i == 0 || settings->listen[i].port != settings->listen[i - 1].port)
			TABLE_RULE(chain, TRANSPORT,
				   statement_equal(FIELD_SOURCE_PORT, settings->listen[i].port),
				   statement_accept());
	}
	TABLE_RULE(chain, TRANSPORT,
		   IN_JOINED("upstream4", FIELD_DESTINATION4, FIELD_DESTINATION_PORT),
		   statement_accept());
	TABLE_RULE(chain, TRANSPORT,
		   IN_JOINED("upstream6", FIELD_DESTINATION6, FIELD_DESTINATION_PORT),
		   statement_accept());
	/*
	 * Internal servers are resolvers themselves: their queries go on, from their address, to
	 * the server that they asked.
	 */
	relayed_rule(build, chain, FIELD_SOURCE4, "internal4");
	relayed_rule(build, chain, FIELD_SOURCE6, "internal6");
	TABLE_RULE(chain, statement_counter("upstream_denied"), statement_reject());
}

/*
 * A packet of a program has a socket, and so a user; the kernel's answers (resets, errors, echo
 * replies) have none. Answers in a connection that a client began are judged, whatever their
 * sender.
 */
static void emitted_rules(struct build *build, struct table_chain *chain)
{
	const uint32_t nobody = UINT32_MAX;

	TABLE_RULE(chain, statement_equal(FIELD_CT_DIRECTION, 1), statement_goto("emitted"));
	if (!build->settings->guard_gateway)
		TABLE_RULE(chain, statement_not(statement_equal(FIELD_USER, nobody)),
			   statement_return());
	TABLE_RULE(chain, statement_goto("emitted"));
}

static void output_chain(struct build *build)
{
	const struct settings *settings = build->settings;
	struct table_chain *chain = table_chain_add(build->table, "output", &output_hook);

	TABLE_RULE(chain, statement_equal(FIELD_USER, settings_uid(settings, ROLE_DNS)),
		   statement_goto("resolver"));
	/* The rules role makes sockets for the dns role, which could connect them elsewhere. */
	TABLE_RULE(chain, statement_equal(FIELD_USER, settings_uid(settings, ROLE_RULES)),
		   statement_goto("resolver"));
	if (settings->trust_root[0])
		TABLE_RULE(chain, statement_equal(FIELD_USER, settings_uid(settings, ROLE_UPDATE)),
			   statement_goto("updater"));
	if (build->mode == RULESET_ENFORCE)
		emitted_rules(build, chain);
	resolver_chain(build);
	if (settings->trust_root[0])
		updater_chain(build);
}

/* Without an inside there is nothing to close: a box that is not set up yet must not lock its
 * administrator out. */
void build_gateway(struct build *build)
{
	if (build->settings->lans > 0)
		input_chain(build);
	output_chain(build);
}
