/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/explain.h"

#include <errno.h>
#include <string.h>

/* Keeps the weakest verdict; a range without a rule counts as none. */
static void meet(struct explanation *explanation, const struct verdict *verdict, bool first)
{
	if (first) {
		explanation->verdict = *verdict;
		return;
	}
	if (verdict->action != explanation->verdict.action)
		explanation->partial = true;
	if (verdict->action < explanation->verdict.action)
		explanation->verdict = *verdict;
}

/* Walks the ranges that the prefix touches and the gaps between them. */
static void explain_table(const struct policy *policy, enum policy_table table,
			  const struct prefix *prefix, struct explanation *explanation)
{
	const struct verdict none = { .rule = POLICY_NO_RULE };
	struct addr cursor = prefix_first(prefix), last = prefix_last(prefix);
	bool first = true, wrapped = false;

	for (size_t i = 0; i < policy_ranges(policy, table) && !wrapped; i++) {
		struct policy_range range = policy_range(policy, table, i);
		struct verdict verdict;

		if (addr_compare(&range.last, &cursor) < 0)
			continue;
		if (addr_compare(&range.first, &last) > 0)
			break;
		if (addr_compare(&cursor, &range.first) < 0) {
			meet(explanation, &none, first);
			first = false;
		}
		verdict = table == POLICY_NETWORKS ? policy_lookup_addr(policy, &range.first)
						   : policy_lookup_resolver(policy, &range.first);
		meet(explanation, &verdict, first);
		first = false;
		cursor = range.last;
		wrapped = addr_compare(&range.last, &last) >= 0 || !addr_next(&cursor);
	}
	if (!wrapped)
		meet(explanation, &none, first);
}

static void explain_plain(const struct policy *policy, const struct prefix *prefix,
			  struct explanation *explanation)
{
	struct explanation resolvers = { .is_prefix = explanation->is_prefix };

	explain_table(policy, POLICY_NETWORKS, prefix, explanation);
	if (explanation->verdict.action != ACTION_NONE || explanation->partial)
		return;
	explain_table(policy, POLICY_RESOLVERS, prefix, &resolvers);
	*explanation = resolvers;
}

/* The IPv4 network inside an IPv6 one; false if there is none, or more than one. */
static bool unwrap_prefix(const struct embedding *embedding, const struct prefix *prefix,
			  struct prefix *v4)
{
	uint8_t first = (uint8_t)(8 * embedding->at[0]);

	if (!embed_unwrap(embedding, &prefix->addr, &v4->addr))
		return false;
	v4->length = 128;
	if (prefix->length == 128)
		return true;
	if (!embed_contiguous(embedding) || prefix->length < first)
		return false;
	if (prefix->length < first + 32)
		v4->length = (uint8_t)(ADDR_V4_BITS + prefix->length - first);
	return true;
}

static void explain_prefix(const struct policy *policy, const struct prefix *prefix,
			   struct explanation *explanation)
{
	const struct explanation fresh = *explanation;

	explain_plain(policy, prefix, explanation);
	for (size_t i = 0; i < policy_embeddings(policy); i++) {
		struct prefix v4;

		if (explanation->verdict.action != ACTION_NONE || explanation->partial)
			return;
		if (!unwrap_prefix(policy_embedding(policy, i), prefix, &v4))
			continue;
		*explanation = fresh;
		explain_plain(policy, &v4, explanation);
	}
}

/* The first ":tcp/" or ":udp/", which no address contains; NULL if there is none. */
static const char *find_ports(const char *query, size_t length)
{
	for (size_t i = 1; i + 5 <= length; i++) {
		if (memcmp(query + i, ":tcp/", 5) == 0 || memcmp(query + i, ":udp/", 5) == 0)
			return query + i;
	}
	return NULL;
}

static int explain_packet(const struct policy *policy, const char *query, size_t length,
			  const char *colon, struct explanation *explanation)
{
	size_t before = (size_t)(colon - query);
	struct ports ports;
	struct addr addr;

	if (before > 2 && query[0] == '[' && query[before - 1] == ']') {
		query++;
		before -= 2;
		length--;
	}
	if (addr_parse(&addr, query, before) < 0 ||
	    ports_parse(&ports, colon + 1, (size_t)(query + length - colon) - 1) < 0 ||
	    ports.first != ports.last)
		return -EINVAL;
	explanation->verdict = policy_lookup_packet(policy, &addr, ports.protocol, ports.first);
	return 0;
}

static int explain_ports(const struct policy *policy, const struct ports *ports,
			 struct explanation *explanation)
{
	explanation->is_prefix = ports->first != ports->last;
	for (unsigned int port = ports->first; port <= ports->last; port++) {
		struct verdict verdict =
			policy_lookup_port(policy, ports->protocol, (uint16_t)port);

		meet(explanation, &verdict, port == ports->first);
	}
	return 0;
}

static bool explain_rule(const struct policy *policy, const char *id,
			 struct explanation *explanation)
{
	struct policy_rule rule;

	for (uint32_t i = 0; i < policy_rules(policy) && policy_rule(policy, i, &rule); i++) {
		if (strcmp(rule.id, id) != 0)
			continue;
		explanation->verdict = (struct verdict){
			.action = rule.action, .intended = rule.intended, .category = rule.category,
			.confidence = rule.confidence, .rule = i,
		};
		return true;
	}
	return false;
}

int explain(const struct policy *policy, const char *query, struct explanation *explanation)
{
	size_t length = strlen(query);
	const char *colon = find_ports(query, length);
	struct prefix prefix;
	struct ports ports;
	struct name name;

	*explanation = (struct explanation){ .verdict.rule = POLICY_NO_RULE };
	/*
	 * It may hold an address and a port, but nothing else holds a list's name before a colon.
	 */
	if (strchr(query, ':') && explain_rule(policy, query, explanation))
		return 0;
	if (colon)
		return explain_packet(policy, query, length, colon, explanation);
	if (ports_parse(&ports, query, length) == 0)
		return explain_ports(policy, &ports, explanation);
	if (prefix_parse(&prefix, query, length) == 0) {
		explanation->is_prefix = memchr(query, '/', length);
		explain_prefix(policy, &prefix, explanation);
		return 0;
	}
	/*
	 * These are neither addresses nor names: 256.1.1.1, 1.2.3, 10.0.0.0/33. The root is a name.
	 */
	if (memchr(query, '/', length) || memchr(query, ':', length) ||
	    (query[0] != '.' && strspn(query, "0123456789.") >= length) ||
	    name_parse(&name, query, length, NULL) < 0)
		return -EINVAL;
	explanation->verdict = policy_lookup_name(policy, name.wire);
	return 0;
}
