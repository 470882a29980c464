/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/neighbours.h"
#include "appliance/journal/nflog.h"
#include "tests/fuzz/fuzz.h"

/* A datagram of the kernel's, whose packets are a client's; the other netlink reader as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_messages nflog = { .data = data, .size = size };
	struct neighbour neighbour = { .has_mac = false };
	struct event event;
	int64_t number;
	int result;

	while ((result = nflog_next(&nflog, &event, &number)) != 0) {
		require(result < 0 || (event.channel == CHANNEL_PACKET && event.count == 1));
		require(number >= -1 && number <= UINT32_MAX);
	}
	neighbours_parse(&neighbour, data, size, 0);
	require(strnlen(neighbour.name, sizeof(neighbour.name)) < sizeof(neighbour.name));
	return 0;
}
