/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/outside.h"

#include <stddef.h>

enum {
	ANSWER_MS = 15000,	/* in which a server answers, if there is one */
	ROUTE_MS = 30000,	/* in which a router is heard (RFC 7559) */
	START_MS = 120000
};

static const struct network_family *family(const struct network_link *link, bool v6)
{
	return v6 ? &link->v6 : &link->v4;
}

const struct network_link *outside_link(const struct network *network)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		if (link == &network->wan || link->v4.has_gateway || link->v6.has_gateway)
			return link;
	}
	return NULL;
}

static bool has_lease(const struct lease *lease)
{
	return lease->has_address || lease->has_prefix;
}

bool outside_is_stale(const struct lease *lease, int64_t asked, int64_t now)
{
	return has_lease(lease) && ((asked > lease->since && now - asked > ANSWER_MS) ||
				    lease_over(lease, now - ANSWER_MS));
}

static bool has_gateway(const struct network *network, bool v6)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		if (family(link, v6)->has_gateway)
			return true;
	}
	return false;
}

bool outside_owes_route(const struct network *network, const struct lease *lease, int64_t asked,
			int64_t now)
{
	const int64_t patience = lease->v6 ? ROUTE_MS : 0;

	if (has_gateway(network, lease->v6))
		return true;
	if (!network->has_wan || family(&network->wan, lease->v6)->method != METHOD_DYNAMIC)
		return false;
	/* The only family: nothing else can lead outside. */
	if (lease->v6 && network->wan.v4.method == METHOD_NONE && now > START_MS)
		return now - asked > ROUTE_MS;
	return has_lease(lease) && now - lease->since > patience && now - asked > patience;
}
