/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/network.h"

#include <string.h>

struct prefix network_prefix(const struct network_address *address)
{
	struct prefix prefix = { address->addr, address->length };

	for (unsigned int bit = address->length; bit < 128; bit++)
		prefix.addr.bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return prefix;
}

const struct network_link *network_link(const struct network *network, size_t i)
{
	if (network->has_wan && i-- == 0)
		return &network->wan;
	if (i < network->lans)
		return &network->lan[i];
	return i == network->lans && network->has_management ? &network->management : NULL;
}

const struct network_link *network_management(const struct network *network)
{
	if (network->has_management)
		return &network->management;
	for (size_t i = 0; network->management_name[0] && i < network->lans; i++) {
		if (strcmp(network->lan[i].name, network->management_name) == 0)
			return &network->lan[i];
	}
	return NULL;
}
