/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/box/network/lease.h"
#include "appliance/settings/network.h"

/*
 * What is wrong with the way outside, from network.conf and the leases alone. Times are uptime in
 * ms. asked: when the DHCP clients were last told to begin anew; 0: never.
 */

/* The link that leads outside: the WAN, otherwise the first link with a gateway. NULL: none. */
const struct network_link *outside_link(const struct network *network);
/* Has the lease ended, or has no server answered since asked? */
bool outside_is_stale(const struct lease *lease, int64_t asked, int64_t now);
/*
 * Must there be a default route of the lease's family by now? DHCP and router advertisements get
 * time to bring one; on a WAN that speaks IPv4, too, IPv6 need not come at all.
 */
bool outside_owes_route(const struct network *network, const struct lease *lease, int64_t asked,
			int64_t now);
