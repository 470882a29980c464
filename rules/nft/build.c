/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/build.h"

#include <netinet/in.h>
#include <string.h>

#include "appliance/base/selftest.h"

const uint8_t *build_bytes(const struct addr *addr)
{
	return addr_is_v4(addr) ? addr->bytes + 12 : addr->bytes;
}

/* ---- sets ---- */

/* Skips duplicates: the policy permits redundant lines, but a kernel set holds a key once. */
static void key_put(struct table_set *set, const void *key, size_t size)
{
	struct table_element *element;

	for (size_t i = 0; set && i < set->count; i++) {
		if (memcmp(set->element[i].key, key, size) == 0)
			return;
	}
	element = table_element_add(set);
	if (element)
		memcpy(element->key, key, size);
}

static struct table_set *set_add(struct build *build, const char *name, enum field_type type,
				 size_t capacity)
{
	return table_set_add(build->table, (struct table_set){ .name = name, .type = { type } },
			     capacity);
}

/*
 * A self-test acts as a client through a tun device of this name, which only root can make. It has
 * to meet the rules that clients meet: a ruleset changed for the test would prove nothing about
 * them.
 */
static const char selftest[IFNAMSIZ] = SELFTEST_LINK;

static void interface_sets(struct build *build)
{
	const struct settings *settings = build->settings;
	struct table_set *set = set_add(build, "lan", TYPE_INTERFACE, SETTINGS_LANS + 1);

	for (size_t i = 0; i < settings->lans; i++)
		key_put(set, settings->lan[i], IFNAMSIZ);
	if (settings->lans > 0)
		key_put(set, selftest, IFNAMSIZ);
	build->lan = set;
	if (settings->managements == 0)
		return;
	set = set_add(build, "management", TYPE_INTERFACE, SETTINGS_MANAGEMENTS);
	for (size_t i = 0; i < settings->managements; i++)
		key_put(set, settings->management[i], IFNAMSIZ);
	set = set_add(build, "aside", TYPE_INTERFACE, SETTINGS_MANAGEMENTS);
	for (size_t i = 0; i < settings->managements; i++) {
		if (settings_is_aside(settings, settings->management[i]))
			key_put(set, settings->management[i], IFNAMSIZ);
	}
	build->aside = set && set->count > 0;
}

static void outside_set(struct build *build)
{
	struct table_set *set = set_add(build, "outside", TYPE_INTERFACE, SETTINGS_WANS);

	for (size_t i = 0; i < build->outside->count; i++)
		key_put(set, build->outside->name[i], IFNAMSIZ);
}

static void small_sets(struct build *build)
{
	static const uint8_t transports[] = { IPPROTO_TCP, IPPROTO_UDP };
	/* RFC 4890, 4.4.1: an IPv6 link does not work without these. Errors count as "related". */
	static const uint8_t neighbours[] = { 130, 131, 132, 133, 134, 135, 136, 143 };
	struct table_set *set = set_add(build, "transports", TYPE_PROTOCOL, sizeof(transports));

	for (size_t i = 0; i < sizeof(transports); i++)
		key_put(set, &transports[i], 1);
	set = set_add(build, "neighbours", TYPE_ICMPV6, sizeof(neighbours));
	for (size_t i = 0; i < sizeof(neighbours); i++)
		key_put(set, &neighbours[i], 1);
}

static void internal_sets(struct build *build)
{
	const struct settings *settings = build->settings;
	struct table_set *v4 = set_add(build, "internal4", TYPE_IPV4, SETTINGS_ADDRESSES);
	struct table_set *v6 = set_add(build, "internal6", TYPE_IPV6, SETTINGS_ADDRESSES);

	for (size_t i = 0; i < settings->internal_dns_count; i++) {
		const struct addr *addr = &settings->internal_dns[i];

		key_put(addr_is_v4(addr) ? v4 : v6, build_bytes(addr), addr_is_v4(addr) ? 4 : 16);
	}
}

static void endpoint_put(struct table_set *v4, struct table_set *v6, const struct addr *addr,
			 uint16_t port)
{
	size_t size = addr_is_v4(addr) ? 4 : 16;
	uint8_t key[FIELD_KEY] = { 0 };

	memcpy(key, build_bytes(addr), size);
	key[size] = (uint8_t)(port >> 8);
	key[size + 1] = (uint8_t)port;
	key_put(size == 4 ? v4 : v6, key, size + 4);
}

/* The servers that the dns role may query. */
static void upstream_sets(struct build *build)
{
	enum { MOST = SETTINGS_UPSTREAMS + SETTINGS_ADDRESSES +
		      SETTINGS_ZONES * SETTINGS_ZONE_SERVERS };
	const struct settings *settings = build->settings;
	struct table_set *v4 = table_set_add(build->table, (struct table_set){
		.name = "upstream4", .type = { TYPE_IPV4, TYPE_SERVICE } }, MOST);
	struct table_set *v6 = table_set_add(build->table, (struct table_set){
		.name = "upstream6", .type = { TYPE_IPV6, TYPE_SERVICE } }, MOST);

	for (size_t i = 0; i < settings->upstreams; i++)
		endpoint_put(v4, v6, &settings->upstream[i].addr, settings->upstream[i].port);
	for (size_t i = 0; i < settings->internal_dns_count; i++)
		endpoint_put(v4, v6, &settings->internal_dns[i], BUILD_DNS_PORT);
	for (size_t i = 0; i < settings->zones; i++) {
		const struct internal_zone *zone = &settings->zone[i];

		for (size_t k = 0; k < zone->servers; k++)
			endpoint_put(v4, v6, &zone->server[k].addr, zone->server[k].port);
	}
}

static void pinhole_set(struct build *build, const char *name, enum field_type client,
			enum field_type address)
{
	table_set_add(build->table, (struct table_set){
		.name = name, .type = { client, address, TYPE_PROTOCOL, TYPE_SERVICE },
		.live = true, .size = RULESET_PINHOLES }, 0);
}

static void any_set(struct build *build, const char *name, enum field_type address)
{
	table_set_add(build->table, (struct table_set){
		.name = name, .type = { address, TYPE_PROTOCOL, TYPE_SERVICE },
		.live = true, .size = RULESET_PINHOLES }, 0);
}

static void pinhole_sets(struct build *build)
{
	pinhole_set(build, "pinhole4", TYPE_IPV4, TYPE_IPV4);
	pinhole_set(build, "pinhole6", TYPE_IPV6, TYPE_IPV6);
	pinhole_set(build, "pinhole_mac4", TYPE_MAC, TYPE_IPV4);
	pinhole_set(build, "pinhole_mac6", TYPE_MAC, TYPE_IPV6);
	any_set(build, "pinhole_any4", TYPE_IPV4);
	any_set(build, "pinhole_any6", TYPE_IPV6);
}

/* A source that is quiet for this long is forgotten, which makes room. */
static void log_set(struct build *build, const char *name, enum field_type type)
{
	enum { FORGET = 20 };

	table_set_add(build->table, (struct table_set){
		.name = name, .type = { type }, .live = true, .timeout = FORGET,
		.size = RULESET_LOG_SOURCES }, 0);
}

static void log_sets(struct build *build)
{
	log_set(build, "log_mac", TYPE_MAC);
	log_set(build, "log_source4", TYPE_IPV4);
	log_set(build, "log_source6", TYPE_IPV6);
}

void build_sets(struct build *build)
{
	interface_sets(build);
	outside_set(build);
	small_sets(build);
	internal_sets(build);
	upstream_sets(build);
	pinhole_sets(build);
	log_sets(build);
}

/* ---- maps from the policy ---- */

static const char *action_chain(struct build *build, enum action action, enum category category)
{
	const char **chain = &build->chain[action][category];

	if (!*chain)
		*chain = table_text(build->table, "%s_%s", action_print(action),
				    category_print(category));
	return *chain;
}

static bool is_allow(const struct build *build, uint32_t index)
{
	struct policy_rule rule;

	return policy_rule(build->policy, index, &rule) && rule.action == ACTION_ALLOW;
}

/* A resolver that is refused on some ports only. */
static bool has_ports(const struct build *build, uint32_t index)
{
	struct policy_rule rule;

	return policy_rule(build->policy, index, &rule) && rule.port_count > 0;
}

/*
 * The target of a match of this rule. A monitored packet returns from its chain, so that the next
 * test can still block it. False: nothing to do.
 */
static bool rule_target(struct build *build, uint32_t index, struct table_target *target)
{
	struct policy_rule rule;

	if (!policy_rule(build->policy, index, &rule))
		return false;
	switch (rule.action) {
	case ACTION_ALLOW:
		*target = (struct table_target){ .kind = TARGET_GOTO, .chain = "allowed" };
		return true;
	case ACTION_MONITOR:
		target->kind = TARGET_JUMP;
		break;
	case ACTION_BLOCK:
		target->kind = TARGET_GOTO;
		break;
	default:
		return false;
	}
	target->chain = action_chain(build, rule.action, rule.category);
	return true;
}

size_t build_range_count(const struct policy *policy, enum policy_table table, bool v4)
{
	size_t count = 0;

	for (size_t i = 0; i < policy_ranges(policy, table); i++) {
		struct policy_range range = policy_range(policy, table, i);

		count += addr_is_v4(&range.first) == v4;
	}
	return count;
}

void build_range_put(struct table_set *set, const struct policy_range *range, bool v4,
		      struct table_target target)
{
	struct table_element *element = table_element_add(set);

	if (!element)
		return;
	memcpy(element->key, build_bytes(&range->first), v4 ? 4 : 16);
	memcpy(element->last, build_bytes(&range->last), v4 ? 4 : 16);
	element->target = target;
}

/* An allow among the resolvers equals no rule at all: only an allow of the vendor's networks ends
 * the search (policy_lookup_packet). */
bool build_range_counts(struct build *build, enum policy_table table,
			 const struct policy_range *range, struct table_target *target)
{
	return rule_target(build, range->rule, target) &&
	       (table == POLICY_NETWORKS ||
		(!is_allow(build, range->rule) && !has_ports(build, range->rule)));
}

static void range_map(struct build *build, const char *name, enum policy_table table, bool v4)
{
	struct table_set *set = table_set_add(build->table, (struct table_set){
		.name = name, .type = { v4 ? TYPE_IPV4 : TYPE_IPV6 }, .map = true,
		.interval = true }, build_range_count(build->policy, table, v4));

	for (size_t i = 0; i < policy_ranges(build->policy, table); i++) {
		struct policy_range range = policy_range(build->policy, table, i);
		struct table_target target = { 0 };

		if (addr_is_v4(&range.first) == v4 &&
		    build_range_counts(build, table, &range, &target))
			build_range_put(set, &range, v4, target);
	}
}

/* ---- resolvers that are refused on some ports only ---- */

static void some_ports_put(struct build *build, struct table_set *set,
			   const struct policy_range *range, bool v4)
{
	size_t size = v4 ? 4 : 16;
	struct policy_rule rule;
	struct table_target target;

	if (!policy_rule(build->policy, range->rule, &rule) ||
	    !rule_target(build, range->rule, &target))
		return;
	for (size_t i = 0; i < rule.port_count; i++) {
		struct table_element *element = table_element_add(set);

		if (!element)
			return;
		memcpy(element->key, build_bytes(&range->first), size);
		element->key[size] = rule.port[i].protocol;
		element->key[size + 4] = (uint8_t)(rule.port[i].first >> 8);
		element->key[size + 5] = (uint8_t)rule.port[i].first;
		element->target = target;
	}
}

static void some_ports_map(struct build *build, const char *name, bool v4)
{
	struct table_set *set = table_set_add(build->table, (struct table_set){
		.name = name, .type = { v4 ? TYPE_IPV4 : TYPE_IPV6, TYPE_PROTOCOL, TYPE_SERVICE },
		.map = true }, RULE_PORTS * build_range_count(build->policy, POLICY_RESOLVERS, v4));

	for (size_t i = 0; i < policy_ranges(build->policy, POLICY_RESOLVERS); i++) {
		struct policy_range range = policy_range(build->policy, POLICY_RESOLVERS, i);

		if (addr_is_v4(&range.first) == v4 && has_ports(build, range.rule) &&
		    !is_allow(build, range.rule))
			some_ports_put(build, set, &range, v4);
	}
}

static void some_ports_maps(struct build *build)
{
	for (size_t i = 0; i < policy_ranges(build->policy, POLICY_RESOLVERS); i++)
		build->some_ports |= has_ports(build, policy_range(build->policy, POLICY_RESOLVERS,
								   i).rule);
	if (!build->some_ports)
		return;
	some_ports_map(build, "resolver_ports4", true);
	some_ports_map(build, "resolver_ports6", false);
}

/* ---- ports ---- */

static void port_put(uint8_t key[static 2], uint16_t port)
{
	key[0] = (uint8_t)(port >> 8);
	key[1] = (uint8_t)port;
}

static void port_map(struct build *build, const char *name, uint8_t protocol)
{
	size_t count = policy_port_ranges(build->policy);
	struct table_set *set = table_set_add(build->table, (struct table_set){
		.name = name, .type = { TYPE_SERVICE }, .map = true, .interval = true }, count);

	for (size_t i = 0; i < count; i++) {
		struct policy_ports range = policy_port_range(build->policy, i);
		struct table_target target = { 0 };
		struct table_element *element;

		if (range.ports.protocol != protocol ||
		    !rule_target(build, range.rule, &target) || is_allow(build, range.rule))
			continue;
		element = table_element_add(set);
		if (!element)
			return;
		port_put(element->key, range.ports.first);
		port_put(element->last, range.ports.last);
		element->target = target;
	}
}

void build_range_maps(struct build *build)
{
	range_map(build, "networks4", POLICY_NETWORKS, true);
	range_map(build, "networks6", POLICY_NETWORKS, false);
	range_map(build, "resolvers4", POLICY_RESOLVERS, true);
	range_map(build, "resolvers6", POLICY_RESOLVERS, false);
}

void build_port_maps(struct build *build)
{
	some_ports_maps(build);
	port_map(build, "tcp_ports", IPPROTO_TCP);
	port_map(build, "udp_ports", IPPROTO_UDP);
}

/* ---- counters ---- */

/* For all categories, in use or not: a total must not vanish with the last rule of its category. */
void build_counters(struct build *build)
{
	static const char *const fixed[] = {
		"captured", "capture_lost", "spoofed", "closed", "unlogged", "sanctioned", "exempt",
		"pinhole", "wan_forward",
		"wan_input", "lan_input", "management_forward", "upstream_denied", "update_denied",
		"ipv6_off",
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		table_counter_add(build->table, fixed[i]);
	for (enum category c = 0; c < CATEGORY_EXEMPT; c++)
		table_counter_add(build->table, table_text(build->table, "block_%s",
							   category_print(c)));
	for (enum category c = 0; c < CATEGORY_EXEMPT; c++)
		table_counter_add(build->table, table_text(build->table, "monitor_%s",
							   category_print(c)));
}
