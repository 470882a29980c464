/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "nft/netlink.h"
#include "policy/addr.h"

/*
 * Forgets the tracked connections that began through a pinhole (RULESET_CT_PINHOLE) from client
 * (NULL: anybody) to address: their next packet is judged as a new one. 0 also when there were
 * none.
 */
int connections_end(struct netlink *netlink, const struct addr *client,
		    const struct addr *address) __attribute__((warn_unused_result));
