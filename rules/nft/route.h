/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/diag.h"
#include "nft/netlink.h"

/*
 * The policy route of captured packets, IPv4 and IPv6: what carries the mark RULESET_MARK is
 * delivered to this machine, whatever its destination.
 *
 *	ip rule add fwmark 0xc0d000 lookup 3085 pref 100
 *	ip route add local default dev lo table 3085
 */
enum { ROUTE_TABLE = 0xc0d, ROUTE_PRIORITY = 100, ROUTE_LAST_PRIORITY = 104 };

/* *changed becomes true when something was missing. Without IPv6 none is needed for it. */
int route_apply(struct netlink *netlink, bool *changed, struct diag *diag)
	__attribute__((warn_unused_result));

/* 0 also when there were none. */
int route_remove(struct netlink *netlink, struct diag *diag) __attribute__((warn_unused_result));
