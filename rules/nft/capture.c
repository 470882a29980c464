/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/build.h"

/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>

#include "appliance/base/config.h"

static const struct table_hook capture_hook = {
	NF_INET_PRE_ROUTING, -300, "prerouting", "raw", "filter",
};
static const struct table_hook replies_hook = {
	NF_INET_PRE_ROUTING, -150, "prerouting", "mangle", "filter",
};
static const struct table_hook answers_hook = {
	NF_INET_LOCAL_OUT, -300, "output", "raw", "filter",
};

/* Matches source and address of a sanctioned resolver; false if their families differ. */
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

void build_sanctioned(struct build *build, struct table_chain *chain, bool dns_only)
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

/* Passes without capture: queries between internal servers, and sanctioned resolvers. */
static void passed_on_rules(struct build *build, struct table_chain *chain)
{
	TABLE_RULE(chain, IN(FIELD_SOURCE4, "internal4"), IN(FIELD_DESTINATION4, "internal4"),
		   statement_return());
	TABLE_RULE(chain, IN(FIELD_SOURCE6, "internal6"), IN(FIELD_DESTINATION6, "internal6"),
		   statement_return());
	build_sanctioned(build, chain, true);
}

void build_upstream_answer(struct table_chain *chain, struct statement verdict)
{
	const struct statement udp = statement_equal(FIELD_PROTOCOL, IPPROTO_UDP),
			       local = statement_equal(FIELD_LOCAL, ADDRESS_LOCAL),
			       waits = statement_equal(FIELD_WILDCARD, 0);

	TABLE_RULE(chain, udp, IN_JOINED("upstream4", FIELD_SOURCE4, FIELD_SOURCE_PORT), local,
		   waits, verdict);
	TABLE_RULE(chain, udp, IN_JOINED("upstream6", FIELD_SOURCE6, FIELD_SOURCE_PORT), local,
		   waits, verdict);
}

/*
 * A source is genuine if the route back to it leaves by the interface that the packet came in on,
 * or by another interface of the LAN; the rest is spoofed (BCP 38). The answers to a spoofed source
 * would carry data to its owner, or flood that owner; or the source would pass as an internal
 * server. The kernel does not forward what a host sends before it has an address, nor link-local
 * sources.
 */
static void spoofed_chain(struct build *build)
{
	static const uint8_t none[16], link_local[16] = { 0xfe, 0x80 };
	struct table_chain *chain = table_chain_add(build->table, "spoofed", NULL);

	/* Source routing: the kernel changes the destination of the packet after it has been judged
	 * (RFC 7126, 4.3 and 4.4: drop). */
	TABLE_RULE(chain, statement_equal(FIELD_LOOSE_ROUTE, 1), statement_counter("spoofed"),
		   statement_drop());
	TABLE_RULE(chain, statement_equal(FIELD_STRICT_ROUTE, 1), statement_counter("spoofed"),
		   statement_drop());
	TABLE_RULE(chain, statement_equal(FIELD_WAY_BACK_HERE, 1), statement_return());
	for (size_t i = 0; build->lan && i < build->lan->count; i++) {
		const char *interface = (const char *)build->lan->element[i].key;

		TABLE_RULE(chain, statement_interface(FIELD_WAY_BACK, interface),
			   statement_return());
	}
	TABLE_RULE(chain, statement_prefix(FIELD_SOURCE4, none, 32), statement_return());
	TABLE_RULE(chain, statement_prefix(FIELD_SOURCE6, none, 128), statement_return());
	TABLE_RULE(chain, statement_prefix(FIELD_SOURCE6, link_local, 10), statement_return());
	TABLE_RULE(chain, statement_counter("spoofed"), statement_drop());
}

/*
 * Marks every packet; the second barrier (route.h) forwards nothing without the mark. What does not
 * come from outside counts as a client's, whether the settings name its interface or not.
 */
static void capture_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "capture", &capture_hook);
	struct statement foreign = statement_not(statement_equal(FIELD_LOCAL, ADDRESS_LOCAL));
	bool disarmed = build->mode == RULESET_DISARMED;

	TABLE_RULE(chain, statement_mark(MARK_GUARDED));
	build_upstream_answer(chain, statement_notrack());
	TABLE_RULE(chain, statement_interface(FIELD_IN_INTERFACE, "lo"), statement_return());
	TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "outside"), statement_return());
	if (build->aside)
		TABLE_RULE(chain, IN(FIELD_IN_INTERFACE, "aside"), statement_return());
	if (!disarmed)
		TABLE_RULE(chain, statement_jump("spoofed"));
	TABLE_RULE(chain, NOT_IN(FIELD_PROTOCOL, "transports"), statement_return());
	TABLE_RULE(chain, statement_not(statement_equal(FIELD_DESTINATION_PORT, BUILD_DNS_PORT)),
		   statement_return());
	if (disarmed) {
		TABLE_RULE(chain, foreign, statement_return());
		TABLE_RULE(chain, statement_jump("spoofed"));
	} else {
		passed_on_rules(build, chain);
	}
	/* A query costs no conntrack entry. */
	TABLE_RULE(chain, statement_counter("captured"), statement_notrack(),
		   statement_mark(MARK_LOCAL));
	tproxy_rules(build, chain, true);
	if (ENABLED(CONFIG_IPV6))
		tproxy_rules(build, chain, false);
	/* The listener is down: no answer is better than one that was not judged. */
	TABLE_RULE(chain, statement_counter("capture_lost"), statement_drop());
}

/*
 * Relayed queries leave from the client's own address, and those of internal servers go to any
 * server. So their answers must be caught on the way through. This runs after conntrack, because
 * the socket look-up needs it to undo source NAT.
 */
static void replies_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "replies", &replies_hook);

	TABLE_RULE(chain, TRANSPORT, statement_equal(FIELD_SOURCE_PORT, BUILD_DNS_PORT),
		   statement_equal(FIELD_TRANSPARENT, 1), statement_mark(MARK_LOCAL));
}

/*
 * Answers leave untracked, as the queries came in. So do the role's own queries, which are as many.
 */
static void answers_chain(struct build *build)
{
	struct table_chain *chain = table_chain_add(build->table, "answers", &answers_hook);
	const struct statement role =
		statement_equal(FIELD_USER, settings_uid(build->settings, ROLE_DNS)),
			       udp = statement_equal(FIELD_PROTOCOL, IPPROTO_UDP);

	TABLE_RULE(chain, role, udp, IN_JOINED("upstream4", FIELD_DESTINATION4,
					       FIELD_DESTINATION_PORT),
		   statement_notrack());
	TABLE_RULE(chain, role, udp, IN_JOINED("upstream6", FIELD_DESTINATION6,
					       FIELD_DESTINATION_PORT),
		   statement_notrack());
	TABLE_RULE(chain, statement_interface(FIELD_OUT_INTERFACE, "lo"), statement_return());
	TABLE_RULE(chain, NOT_IN(FIELD_OUT_INTERFACE, "outside"), TRANSPORT,
		   statement_equal(FIELD_SOURCE_PORT, BUILD_DNS_PORT), statement_notrack());
}

void build_capture(struct build *build)
{
	capture_chain(build);
	spoofed_chain(build);
	replies_chain(build);
	answers_chain(build);
}
