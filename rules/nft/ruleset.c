/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/ruleset.h"

/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <string.h>

#include "base/config.h"
#include "nft/build.h"

enum {
	ADDRESS_LOCAL = 2,	/* RTN_LOCAL */
	STATE_ESTABLISHED = 2,	/* bits of NFT_CT_STATE */
	STATE_RELATED = 4,
	LOG_RATE = 200,		/* packets a second into the log, for each category and action */
	LOG_BURST = 400,
	LOG_BYTES = 128		/* of a logged packet: headers, and the first bytes behind them */
};

/* Both transports that DNS and the block of resolvers are about. */
#define TRANSPORT statement_in(FIELD_PROTOCOL, "transports")
#define IN(field, set) statement_in(field, set)
#define NOT_IN(field, set) statement_not(statement_in(field, set))

static const struct table_hook capture_hook = {
	NF_INET_PRE_ROUTING, -300, "prerouting", "raw", "filter",
};
static const struct table_hook replies_hook = {
	NF_INET_PRE_ROUTING, -150, "prerouting", "mangle", "filter",
};
static const struct table_hook answers_hook = {
	NF_INET_LOCAL_OUT, -300, "output", "raw", "filter",
};
/* Before the filters of other programs, so that what we refuse is counted with our reason. */
static const struct table_hook forward_hook = {
	NF_INET_FORWARD, -5, "forward", "filter - 5", "filter",
};
static const struct table_hook input_hook = {
	NF_INET_LOCAL_IN, -5, "input", "filter - 5", "filter",
};
static const struct table_hook output_hook = {
	NF_INET_LOCAL_OUT, -5, "output", "filter - 5", "filter",
};
static const struct table_hook leaving_hook = {
	NF_INET_POST_ROUTING, 100, "postrouting", "srcnat", "nat",
};

/* ---- capture of port 53 ---- */

/* Source and address of a sanctioned resolver; false when their families differ. */
static bool sanctioned_match(const struct prefix *source, const struct addr *resolver,
			     struct statement match[static 2])
{
	bool v4 = addr_is_v4(resolver);
	uint8_t base = v4 ? ADDR_V4_BITS : 0;

	if (addr_is_v4(&source->addr) != v4 || source->length < base)
		return false;
	match[0] = source->length == base ? statement_none() :
		   statement_prefix(v4 ? FIELD_SOURCE4 : FIELD_SOURCE6, build_bytes(&source->addr),
				    (uint8_t)(source->length - base));
	match[1] = statement_prefix(v4 ? FIELD_DESTINATION4 : FIELD_DESTINATION6,
				    build_bytes(resolver), v4 ? 32 : 128);
	return true;
}

/*
 * One rule for each source of each sanctioned resolver: where the port is known to be 53
 * (dns_only) it leaves the capture, else it is counted and passes.
 */
static void sanctioned_rules(struct build *build, struct table_chain *chain, bool dns_only)
{
	for (size_t i = 0; i < build->settings->sanctioned_count; i++) {
		const struct sanctioned_resolver *s = &build->settings->sanctioned[i];
		struct statement match[2];

		if (dns_only && s->resolver.port != BUILD_DNS_PORT)
			continue;
		for (size_t k = 0; k < s->sources; k++) {
			if (!sanctioned_match(&s->source[k], &s->resolver.addr, match))
				continue;
			if (dns_only)
				TABLE_RULE(chain, match[0], match[1], statement_return());
			else
				TABLE_RULE(chain, match[0], match[1], TRANSPORT,
					   statement_equal(FIELD_DESTINATION_PORT,
							   s->resolver.port),
					   statement_counter("sanctioned"), statement_accept());
		}
	}
}

static void tproxy_rules(struct build *build, struct table_chain *chain, bool v4)
{
	const struct settings *settings = build->settings;

	for (size_t i = 0; i < settings->listens; i++) {
		const struct endpoint *listen = &settings->listen[i];
		struct statement to;

		if (addr_is_v4(&listen->addr) != v4)
			continue;
		to = statement_tproxy(v4, build_bytes(&listen->addr), listen->port);
		if (ENABLED(CONFIG_DNS_TCP))
			TABLE_RULE(chain, statement_equal(FIELD_PROTOCOL, IPPROTO_TCP), to,
				   statement_accept());
		TABLE_RULE(chain, statement_equal(FIELD_PROTOCOL, IPPROTO_UDP), to,
			   statement_accept());
		return;
	}
}

/*
 * Not ours. An internal server that asks the world must not meet itself as our upstream; one that
 * has the gateway as its forwarder asks a local address, and is answered.
 */
static void passed_on_rules(struct build *build, struct table_chain *chain,
			    struct statement foreign)
{
	TABLE_RULE(chain, IN(FIELD_SOURCE4, "internal4"), foreign, statement_return());
	TABLE_RULE(chain, IN(FIELD_SOURCE6, "internal6"), foreign, statement_return());
	sanctioned_rules(build, chain, true);
}

/*
 * Of a client is what the way back leads to by any of the inside's interfaces. The rest is somebody
 * in the LAN who writes an address of the outside on his packets, to have its owner flooded with
 * answers, or to pass as an internal server.
 */
static void spoofed_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "spoofed", NULL);

	for (size_t i = 0; build->lan && i < build->lan->count; i++) {
		const char *interface = (const char *)build->lan->element[i].key;

		TABLE_RULE(chain, statement_interface(FIELD_WAY_BACK, interface),
			   statement_return());
	}
	TABLE_RULE(chain, statement_counter("capture_spoofed"), statement_drop());
}

static void capture_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "capture", &capture_hook);
	struct statement foreign = statement_not(statement_equal(FIELD_LOCAL, ADDRESS_LOCAL));

	TABLE_RULE(chain, NOT_IN(FIELD_IN_INTERFACE, "lan"), statement_return());
	TABLE_RULE(chain, NOT_IN(FIELD_PROTOCOL, "transports"), statement_return());
	TABLE_RULE(chain, statement_not(statement_equal(FIELD_DESTINATION_PORT, BUILD_DNS_PORT)),
		   statement_return());
	if (build->enforce) {
		TABLE_RULE(chain, statement_jump("spoofed"));
		passed_on_rules(build, chain, foreign);
	} else {
		TABLE_RULE(chain, foreign, statement_return());
		TABLE_RULE(chain, statement_jump("spoofed"));
	}
	/* A query costs no conntrack entry. */
	TABLE_RULE(chain, statement_counter("captured"), statement_notrack(),
		   statement_mark(RULESET_MARK));
	tproxy_rules(build, chain, true);
	if (ENABLED(CONFIG_IPV6))
		tproxy_rules(build, chain, false);
	/* Nobody listens: better no answer than one that nobody judged. */
	TABLE_RULE(chain, statement_counter("capture_lost"), statement_drop());
}

/*
 * Relayed queries leave from the client's own address, so their answers must be held back on
 * their way through. After conntrack, since the socket look-up undoes source NAT with its help.
 */
static void replies_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "replies", &replies_hook);

	TABLE_RULE(chain, IN(FIELD_SOURCE4, "internal4"), TRANSPORT,
		   statement_equal(FIELD_SOURCE_PORT, BUILD_DNS_PORT),
		   statement_equal(FIELD_TRANSPARENT, 1), statement_mark(RULESET_MARK));
	TABLE_RULE(chain, IN(FIELD_SOURCE6, "internal6"), TRANSPORT,
		   statement_equal(FIELD_SOURCE_PORT, BUILD_DNS_PORT),
		   statement_equal(FIELD_TRANSPARENT, 1), statement_mark(RULESET_MARK));
}

/* Answers go out as untracked as the queries came in. */
static void answers_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "answers", &answers_hook);

	TABLE_RULE(chain, IN(FIELD_OUT_INTERFACE, "lan"), TRANSPORT,
		   statement_equal(FIELD_SOURCE_PORT, BUILD_DNS_PORT), statement_notrack());
}

/* ---- forwarded traffic ---- */

static void refuse_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "refuse", NULL);

	TABLE_RULE(chain, statement_equal(FIELD_PROTOCOL, IPPROTO_TCP), statement_reject_tcp());
	TABLE_RULE(chain, statement_reject());
}

static void action_rules(struct build *build, enum action action, enum category category)
{
	const uint8_t *digest = policy_digest(build->policy);
	bool block = action == ACTION_BLOCK;
	const char *name = build->chain[action][category];
	struct table_chain *chain = table_chain_add(build->table, name, NULL);
	struct statement leave = block ? statement_goto("refuse") : statement_return();
	uint32_t logged = block ? RULESET_CT_BLOCKED : RULESET_CT_MONITORED;
	const char *prefix = table_text(build->table, "cordon %02x%02x%02x%02x %s", digest[0],
					digest[1], digest[2], digest[3], category_print(category));

	TABLE_RULE(chain, statement_counter(name));
	/*
	 * One log entry a connection. A refused attempt leaves no conntrack entry, so each is
	 * logged, up to the limit; one that was cut in the middle stays established, and is marked.
	 * Packets that conntrack knows nothing of have no mark and are logged up to the limit.
	 */
	TABLE_RULE(chain, statement_all(FIELD_CT_MARK, logged), leave);
	TABLE_RULE(chain, statement_limit(LOG_RATE, LOG_BURST),
		   statement_log(prefix, build->settings->nflog_group, LOG_BYTES),
		   statement_ct_mark(logged));
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

static void pinhole_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "pinhole", NULL);

	TABLE_RULE(chain, statement_counter("pinhole"), statement_ct_mark(RULESET_CT_PINHOLE));
}

/* No "established" before the maps: a new rule also ends the connections that it forbids. Only
 * those that began through a pinhole outlive it, as a download outlives its name's TTL. */
static void vendor_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "vendor", NULL);

	TABLE_RULE(chain, statement_in_pair(FIELD_SOURCE4, FIELD_DESTINATION4, "pinhole4"),
		   statement_goto("pinhole"));
	TABLE_RULE(chain, statement_in_pair(FIELD_SOURCE6, FIELD_DESTINATION6, "pinhole6"),
		   statement_goto("pinhole"));
	TABLE_RULE(chain, statement_in_pair(FIELD_SOURCE_MAC, FIELD_DESTINATION4, "pinhole_mac4"),
		   statement_goto("pinhole"));
	TABLE_RULE(chain, statement_in_pair(FIELD_SOURCE_MAC, FIELD_DESTINATION6, "pinhole_mac6"),
		   statement_goto("pinhole"));
	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED),
		   statement_all(FIELD_CT_MARK, RULESET_CT_PINHOLE), statement_return());
	TABLE_RULE(chain, statement_vmap(FIELD_DESTINATION4, "networks4"));
	TABLE_RULE(chain, statement_vmap(FIELD_DESTINATION6, "networks6"));
}

static void bypass_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "bypass", NULL);

	TABLE_RULE(chain, NOT_IN(FIELD_PROTOCOL, "transports"), statement_return());
	TABLE_RULE(chain, NOT_IN(FIELD_DESTINATION_PORT, "resolver_ports"), statement_return());
	TABLE_RULE(chain, statement_vmap(FIELD_DESTINATION4, "resolvers4"));
	TABLE_RULE(chain, statement_vmap(FIELD_DESTINATION6, "resolvers6"));
}

/* The order of policy_lookup_packet: address, resolver, port. */
static void clients_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "clients", NULL);

	if (!ENABLED(CONFIG_IPV6))
		TABLE_RULE(chain, statement_equal(FIELD_FAMILY, NFPROTO_IPV6),
			   statement_counter("ipv6_off"), statement_drop());
	sanctioned_rules(build, chain, false);
	TABLE_RULE(chain, statement_jump("vendor"));
	TABLE_RULE(chain, statement_jump("bypass"));
	TABLE_RULE(chain, statement_vmap(FIELD_TCP_DESTINATION, "tcp_ports"));
	TABLE_RULE(chain, statement_vmap(FIELD_UDP_DESTINATION, "udp_ports"));
}

/* RFC 4890, 4.3: the errors that IPv6 needs are related to a connection of the client's. */
static void forward_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "forward", &forward_hook);

	if (build->aside) {
		TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "aside"),
			   statement_counter("management_forward"), statement_drop());
		TABLE_RULE(chain, IN(FIELD_OUT_INTERFACE, "aside"),
			   statement_counter("management_forward"), statement_drop());
	}
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "lan"),
		   build->enforce ? statement_goto("clients") : statement_accept());
	/* Before "established": a link that was a lan until now takes nothing along. */
	if (build->settings->drop_others)
		TABLE_RULE(chain, NOT_IN(FIELD_OUT_INTERFACE, "lan"),
			   statement_counter("wan_forward"), statement_drop());
	else
		TABLE_RULE(chain, NOT_IN(FIELD_OUT_INTERFACE, "lan"), statement_return());
	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED | STATE_RELATED),
		   statement_accept());
	TABLE_RULE(chain, statement_counter("wan_forward"), statement_drop());
}

/*
 * IPv4 of clients leaves with an address of the gateway's own; IPv6 is routed. What the gateway
 * itself sends has such an address already, but for the relayed queries: the rules role makes their
 * sockets with the client's address, to which a server of the outside could not answer.
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

/* ---- the gateway itself ---- */

/* Where interfaces of management are named, clients get of the gateway what it is there for: DNS,
 * which is captured, addresses (RFC 2131, RFC 8415) and an echo. */
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
	TABLE_RULE(chain, statement_equal(FIELD_MARK, RULESET_MARK), statement_accept());
	TABLE_RULE(chain, statement_any(FIELD_CT_STATE, STATE_ESTABLISHED | STATE_RELATED),
		   statement_accept());
	TABLE_RULE(chain, IN(FIELD_ICMPV6_TYPE, "neighbours"), statement_accept());
	/* The answer to a DHCPv6 multicast is related to nothing (RFC 8415, 7.2). */
	TABLE_RULE(chain, statement_prefix(FIELD_SOURCE6, link_local, 10),
		   statement_equal(FIELD_UDP_SOURCE, 547),
		   statement_equal(FIELD_UDP_DESTINATION, 546), statement_accept());
	if (managed)
		TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "management"), statement_accept());
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

/* The update role meets mirrors: it speaks to nobody but their ports, and asks its names of the
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

static void output_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "output", &output_hook);

	TABLE_RULE(chain, statement_equal(FIELD_USER, settings_uid(build->settings, ROLE_DNS)),
		   statement_goto("resolver"));
	/* It makes sockets for the dns role, which could connect them to somebody else. */
	TABLE_RULE(chain, statement_equal(FIELD_USER, settings_uid(build->settings, ROLE_RULES)),
		   statement_goto("resolver"));
	if (build->settings->trust_root[0])
		TABLE_RULE(chain,
			   statement_equal(FIELD_USER, settings_uid(build->settings, ROLE_UPDATE)),
			   statement_goto("updater"));
	chain = table_chain_add(build->table, "resolver", NULL);
	/*
	 * Accepted TCP connections belong to the role, too: answers to captured clients, and from
	 * where it listens, a port that the role itself could not take.
	 */
	TABLE_RULE(chain, IN(FIELD_OUT_INTERFACE, "lan"), TRANSPORT,
		   statement_equal(FIELD_SOURCE_PORT, BUILD_DNS_PORT), statement_accept());
	for (size_t i = 0; i < build->settings->listens; i++) {
		if (i == 0 || build->settings->listen[i].port != build->settings->listen[i - 1].port)
			TABLE_RULE(chain, TRANSPORT,
				   statement_equal(FIELD_SOURCE_PORT,
						   build->settings->listen[i].port),
				   statement_accept());
	}
	TABLE_RULE(chain, TRANSPORT, statement_in_pair(FIELD_DESTINATION4, FIELD_DESTINATION_PORT,
						       "upstream4"), statement_accept());
	TABLE_RULE(chain, TRANSPORT, statement_in_pair(FIELD_DESTINATION6, FIELD_DESTINATION_PORT,
						       "upstream6"), statement_accept());
	TABLE_RULE(chain, statement_counter("upstream_denied"), statement_reject());
	if (build->settings->trust_root[0])
		updater_chain(build);
}

/* Everything that stands between the inside and the outside. */
static void guard_chains(struct build *build)
{
	capture_chain(build);
	spoofed_chain(build);
	replies_chain(build);
	answers_chain(build);
	forward_chain(build);
	if (build->enforce) {
		build_maps(build);
		clients_chain(build);
		vendor_chain(build);
		pinhole_chain(build);
		bypass_chain(build);
		action_chains(build);
		refuse_chain(build);
	}
	input_chain(build);
	if (build->settings->masquerade)
		leaving_chain(build);
}

/* Without an inside there is nothing to guard or to close: a box that nobody has set up yet must
 * not lock its administrator out. The dns role is confined all the same. */
struct ruleset *ruleset_build(struct arena *arena, const struct settings *settings,
			      const struct policy *policy, enum ruleset_mode mode)
{
	struct ruleset *ruleset = arena_alloc(arena, sizeof(*ruleset));
	struct build build = {
		.settings = settings, .policy = policy, .enforce = mode == RULESET_ENFORCE,
	};

	if (!ruleset)
		return NULL;
	build.table = &ruleset->table;
	table_init(build.table, arena, "cordon");
	build_counters(&build);
	build_sets(&build);
	if (settings->lans > 0)
		guard_chains(&build);
	output_chain(&build);
	return ruleset->table.failed ? NULL : ruleset;
}
