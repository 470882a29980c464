/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/embed.h"
#include "rules/policy/rule.h"

/*
 * The compiled policy: one immutable, position-independent block, built by policy_compile and
 * mapped read-only by both enforcers. Look-ups take no lock, allocate nothing and change nothing.
 *
 * Precedence: the more specific pattern wins; at equal depth exempt, then exact, then suffix, then
 * block over monitor.
 */
enum { POLICY_NO_RULE = UINT32_MAX };
enum { POLICY_DIGEST = 32 };

struct verdict {
	enum action action;	/* ACTION_NONE: no rule matches, and the other members mean
				 * nothing */
	enum action intended;	/* action as it would be outside monitor mode */
	enum category category;
	enum confidence confidence;
	uint32_t rule;		/* index for policy_rule */
	uint8_t depth;		/* names: labels of the rule's name */
	bool carve;		/* names: a name that is not blocked lies at or below this one */
};

struct policy {
	const struct policy_block *block;	/* the caller's memory */
	size_t size;
};

/*
 * Checks every offset, index and order in the block before the first look-up. 0, or -EBADMSG if it
 * is not a block of this version or any part is out of place; *policy is then unusable.
 */
int policy_open(struct policy *policy, const void *block, size_t size)
	__attribute__((warn_unused_result));

/* wire: a well-formed name in lower case. */
struct verdict policy_lookup_name(const struct policy *policy, const uint8_t *wire);

/*
 * Judges a destination address by the vendor's networks (never by bypass). An IPv6 address that
 * carries an IPv4 address (embed.h) is judged by both; a block or an allow of the IPv6 address
 * itself takes precedence.
 */
struct verdict policy_lookup_addr(const struct policy *policy, const struct addr *addr);

/* Destination port alone; protocol is IPPROTO_*. */
struct verdict policy_lookup_port(const struct policy *policy, uint8_t protocol, uint16_t port);

/* Judges by the listed resolvers alone: the verdict holds for any port. */
struct verdict policy_lookup_resolver(const struct policy *policy, const struct addr *addr);

/*
 * Judges a forwarded packet. An allow by address wins; then the strongest of address, resolver and
 * port. Among equals, address precedes resolver and resolver precedes port. rules/nft decides in
 * the same order.
 */
struct verdict policy_lookup_packet(const struct policy *policy, const struct addr *addr,
				    uint8_t protocol, uint16_t port);

/*
 * May a client that got past the DNS rules with this name reach a blocked address, and on which
 * ports? Only if a rule allows or monitors the name, the address is within the rule's leads-to=,
 * and no update, activation or telemetry rule covers the address. Ports: tcp 80 and 443, udp 443,
 * and those that the rule names. count 0: no.
 */
enum { POLICY_OPENED = 3 + RULE_PORTS };
struct opening {
	struct ports port[POLICY_OPENED];
	size_t count;
};
struct opening policy_opening(const struct policy *policy, const uint8_t *wire,
			      const struct addr *addr);

/* ---- reading it as data ---- */

/*
 * The ways in which IPv6 addresses carry IPv4 ones; index below policy_embeddings. The block's
 * memory.
 */
size_t policy_embeddings(const struct policy *policy);
const struct embedding *policy_embedding(const struct policy *policy, size_t index);

struct policy_rule {
	const char *id;		/* list:category:pattern */
	const char *evidence;	/* "" when none */
	enum category category;
	enum confidence confidence;
	enum action action;
	enum action intended;
	enum pattern_kind kind;
	const struct ports *port;	/* struct rule has the meaning */
	size_t port_count;
	const struct prefix *network;
	size_t network_count;
};

/* index below policy_rules; otherwise false. Strings and arrays are in the block's memory. */
bool policy_rule(const struct policy *policy, uint32_t index, struct policy_rule *rule);
uint32_t policy_rules(const struct policy *policy);

/*
 * SHA-256 over the block without this field; its first four bytes are the state id. POLICY_DIGEST
 * bytes.
 */
const uint8_t *policy_digest(const struct policy *policy);
/* The state id as a number that prints, in hexadecimal, as the first four bytes in order. */
uint32_t policy_state(const struct policy *policy);
/* "kaspersky 2026.11.23.1, resolvers 2026.11.23.1" */
const char *policy_versions(const struct policy *policy);

/* The flattened networks: disjoint, ascending, IPv4 (mapped) first. */
struct policy_range {
	struct addr first;
	struct addr last;
	uint32_t rule;
};

enum policy_table { POLICY_NETWORKS, POLICY_RESOLVERS };

/* index below policy_ranges of the same table. */
size_t policy_ranges(const struct policy *policy, enum policy_table table);
struct policy_range policy_range(const struct policy *policy, enum policy_table table,
				 size_t index);

/* The flattened port rules: disjoint for each protocol, ascending, TCP first. */
struct policy_ports {
	struct ports ports;
	uint32_t rule;
};

/* index below policy_port_ranges. */
size_t policy_port_ranges(const struct policy *policy);
struct policy_ports policy_port_range(const struct policy *policy, size_t index);
