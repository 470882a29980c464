/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/dhcp.h"
#include "appliance/journal/neighbours.h"
#include "appliance/journal/nflog.h"
#include "tests/fuzz/fuzz.h"

static void count(void *context, const struct addr *addr, const struct neighbour *neighbour)
{
	require(addr_is_host(addr) && neighbour->has_mac);
	++*(uint32_t *)context;
}

/* A datagram of the kernel's, whose packets are a client's; the other netlink reader as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_messages nflog = { .data = data, .size = size };
	struct neighbour neighbour = { .has_mac = false };
	struct event event;
	struct dhcp dhcp;
	uint32_t left = 3, counted = 0;
	int64_t number;
	int result;

	while ((result = nflog_next(&nflog, &event, &number)) != 0) {
		require(result != 1 || event.count == 1);
		require(result != 1 || event.channel == CHANNEL_PACKET ||
			(event.channel == CHANNEL_SEEN_DHCP && event.name.labels == 1));
		require(number >= -1 && number <= UINT32_MAX);
	}
	neighbours_parse(&neighbour, data, size, 0);
	require(strnlen(neighbour.name, sizeof(neighbour.name)) < sizeof(neighbour.name));
	(void)!neighbours_parse_list(data, size, 0, count, &counted, &left);
	require(counted <= 3);
	require(!dhcp_read(&dhcp, data, size) || dhcp.name.length == dhcp.name.wire[0] + 2);
	return 0;
}
