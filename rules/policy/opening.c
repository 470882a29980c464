/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <netinet/in.h>

#include "rules/policy/policy.h"

static bool leads_to(const struct policy_rule *rule, const struct addr *addr)
{
	for (size_t i = 0; i < rule->network_count; i++) {
		if (prefix_contains(&rule->network[i], addr))
			return true;
	}
	return rule->network_count == 0;
}

static bool never_opened(enum category category)
{
	return category == CATEGORY_UPDATE || category == CATEGORY_ACTIVATION ||
	       category == CATEGORY_TELEMETRY;
}

static void open_port(struct opening *opening, const struct ports *port)
{
	for (size_t i = 0; i < opening->count; i++) {
		if (opening->port[i].protocol == port->protocol &&
		    opening->port[i].first == port->first)
			return;
	}
	opening->port[opening->count++] = *port;
}

struct opening policy_opening(const struct policy *policy, const uint8_t *wire,
			      const struct addr *addr)
{
	static const struct ports web[] = {
		{ IPPROTO_TCP, 80, 80 }, { IPPROTO_TCP, 443, 443 }, { IPPROTO_UDP, 443, 443 },
	};
	struct verdict name = policy_lookup_name(policy, wire);
	struct verdict address = policy_lookup_addr(policy, addr);
	struct opening opening = { .count = 0 };
	struct policy_rule rule;

	if ((name.action != ACTION_ALLOW && name.action != ACTION_MONITOR) ||
	    address.action != ACTION_BLOCK || never_opened(address.category) ||
	    !policy_rule(policy, name.rule, &rule) || !leads_to(&rule, addr))
		return opening;
	for (size_t i = 0; i < sizeof(web) / sizeof(*web); i++)
		open_port(&opening, &web[i]);
	for (size_t i = 0; i < rule.port_count; i++)
		open_port(&opening, &rule.port[i]);
	return opening;
}
