/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/text.h"
#include "appliance/settings/settings.h"
#include "rules/policy/policy.h"

/*
 * Turns policy and settings into the table `inet cordon`, as data: a pure function without netlink.
 * The same data is printed as nft text and turned into one netlink transaction (kernel.h).
 */
enum ruleset_mode {
	/*
	 * There is no policy yet: nothing of a client is forwarded, no DNS answered; policy may be
	 * NULL.
	 */
	RULESET_CLOSED,
	RULESET_ENFORCE,
	RULESET_DISARMED	/* DNS asked of the gateway is answered, WAN closed, nothing else */
};

/*
 * Most elements of each pinhole set. A pinhole takes one for each port that it opens.
 *
 *	pinhole4, pinhole6		client . address . protocol . port
 *	pinhole_mac4, pinhole_mac6	MAC . address . protocol . port
 *	pinhole_any4, pinhole_any6	address . protocol . port: for all, a forwarder asked
 */
enum { RULESET_PINHOLES = 65536 };

/*
 * Log entries per second and burst for each source, and for all sources together that found no room
 * in the table. The counter unlogged counts what is not logged.
 */
enum {
	RULESET_LOG_RATE = 20, RULESET_LOG_BURST = 60, RULESET_LOG_SOURCES = 16384,
	RULESET_LOG_SHARED_RATE = 100, RULESET_LOG_SHARED_BURST = 200,
	/* Connections to exempt addresses that are logged, of all sources together. */
	RULESET_EXEMPT_RATE = 10, RULESET_EXEMPT_BURST = 100
};

struct ruleset;
struct ruleset_outside;

/*
 * Everything that forwards and is not outside is guarded: captured and judged, even if no setting
 * names it. If the settings name no lan interface, the gateway's own services stay open to all. The
 * prefix of a logged packet is "cordon STATE CATEGORY"; STATE is the first four bytes of
 * policy_digest in hexadecimal.
 *
 * Belongs to the arena and keeps no pointer into the other arguments. NULL when the arena's budget
 * is spent.
 */
struct ruleset *ruleset_build(struct arena *arena, const struct settings *settings,
			      const struct policy *policy, enum ruleset_mode mode,
			      const struct ruleset_outside *outside)
	__attribute__((warn_unused_result));

/*
 * Prints text for `nft -c -f -`. Loading it gives what kernel_apply gives, except for the rules on
 * addresses inside addresses (policy/embed.h): nft has no syntax for those, and they are comments.
 */
void ruleset_print(const struct ruleset *ruleset, struct text *out);
