/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/diag.h"
#include "rules/nft/netlink.h"
#include "rules/nft/outside.h"
#include "rules/nft/preference.h"

/*
 * Policy routing, for IPv4 and IPv6 each. Packets with MARK_LOCAL are delivered to this machine,
 * whatever their destination. Packets that arrive without MARK_GUARDED have not passed our table
 * and are not forwarded (the barrier). The table `local`, preference 0, is asked before, so this
 * machine itself stays reachable. "iif lo" matches what this machine sends.
 *
 *	ip route add local default dev lo table 3085
 *	ip rule add pref 100 iif lo goto 104
 *	ip rule add pref 101 fwmark MARK_LOCAL/MARK_LOCAL lookup 3085
 *	ip rule add pref 102 fwmark MARK_GUARDED/MARK_GUARDED goto 104
 *	ip rule add pref 103 prohibit
 *	ip rule add pref 104 nop
 */

/*
 * Sets up the route and the rules 100, 101 and 104 as above, and removes anything else from table
 * 3085. *changed becomes true if something was missing or altered. A family that this kernel lacks,
 * or that is off, needs none. Call it before applying the ruleset that sets the mark. 0 or -errno
 * with diag.
 */
int route_apply(struct netlink *netlink, bool *changed, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Sets net.ipv4.conf.INTERFACE.src_valid_mark where it is off, so that reverse path filters
 * (rp_filter) use the packet's mark, which the barrier requires. It stays set afterwards, because
 * others may rely on it by then.
 */
int route_mark_sources(struct netlink *netlink, const struct outside_links *links,
		       struct diag *diag) __attribute__((warn_unused_result));

/*
 * Like route_apply, for the barrier (102 and 103) or its removal. It goes up after the ruleset that
 * marks everything, and comes down before that ruleset does, so no packet is lost in between.
 * others: foreign rules that precede it.
 */
int route_barrier(struct netlink *netlink, bool on, bool *changed, struct route_others *others,
		  struct diag *diag) __attribute__((warn_unused_result));

/* Removes all of it; 0 also if there was nothing. */
int route_remove(struct netlink *netlink, struct diag *diag) __attribute__((warn_unused_result));
