/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/diag.h"
#include "rules/nft/netlink.h"
#include "rules/nft/outside.h"
#include "rules/nft/preference.h"

/*
 * Policy routing, for IPv4 and IPv6 each. What carries MARK_LOCAL is delivered to this machine,
 * whatever its destination; what arrives without MARK_GUARDED has not passed our table, and is not
 * forwarded (the barrier). The table `local`, preference 0, is asked before: this machine itself
 * stays within reach. "iif lo" is what this machine sends.
 *
 *	ip route add local default dev lo table 3085
 *	ip rule add pref 100 iif lo goto 104
 *	ip rule add pref 101 fwmark MARK_LOCAL/MARK_LOCAL lookup 3085
 *	ip rule add pref 102 fwmark MARK_GUARDED/MARK_GUARDED goto 104
 *	ip rule add pref 103 prohibit
 *	ip rule add pref 104 nop
 */

/*
 * Makes the route and the rules 100, 101 and 104 what they are above, and takes whatever else is
 * in the table 3085 out of it. *changed becomes true when something was missing or altered. A
 * family that this kernel does not have, or that is off, needs none. Before the ruleset that sets
 * the mark.
 */
int route_apply(struct netlink *netlink, bool *changed, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Sets net.ipv4.conf.INTERFACE.src_valid_mark where it is not, so that reverse path filters
 * (rp_filter) look up with the packet's mark, as the barrier needs it. Stays set afterwards: who
 * else needs it cannot be known.
 */
int route_mark_sources(struct netlink *netlink, const struct outside_links *links,
		       struct diag *diag) __attribute__((warn_unused_result));

/*
 * As route_apply for the barrier, 102 and 103, or its removal. It comes up after the ruleset that
 * marks everything, and goes before that ruleset does: nothing is lost in between. others: what
 * comes before it.
 */
int route_barrier(struct netlink *netlink, bool on, bool *changed, struct route_others *others,
		  struct diag *diag) __attribute__((warn_unused_result));

/* All of it; 0 also when there was nothing. */
int route_remove(struct netlink *netlink, struct diag *diag) __attribute__((warn_unused_result));
