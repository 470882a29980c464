/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "appliance/settings/network.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct network network;
	static struct diag diag;
	const struct network_link *link;
	int error;

	diag_init(&diag);
	error = network_parse(&network, "fuzz", (const char *)data, size, &diag);
	require((error == 0) == (diag.count == 0));
	if (error)
		return 0;
	require(network.lans > 0 && network.lans <= NETWORK_LANS && network.ntps <= NETWORK_NTP);
	for (size_t i = 0; (link = network_link(&network, i)); i++)
		require(link->interface[0] && !strchr(link->interface, '/'));
	return 0;
}
