/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "rules/nft/netlink.h"
#include "rules/policy/addr.h"
#include "rules/policy/rule.h"

/*
 * Goes through the tracked connections that began through a pinhole (CT_MARK_PINHOLE). Calls keep
 * for each, with the address and port that the client chose (before any NAT). If keep returns
 * false, the connection is deleted, and its next packet is judged as a new one. 0 or -errno.
 */
int connections_judge(struct netlink *netlink,
		      bool (*keep)(const struct addr *address, const struct ports *port,
				   void *context), void *context)
	__attribute__((warn_unused_result));
