/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/text.h"
#include "appliance/settings/settings.h"
#include "rules/policy/policy.h"

/*
 * Policy and settings to the table `inet cordon`, as data: a pure function, no netlink. The same
 * data is printed as nft text and turned into one netlink transaction (kernel.h).
 */
enum ruleset_mode {
	RULESET_CLOSED,		/* there is no policy yet: nothing of a client is forwarded, no DNS
				 * answered; policy may be NULL */
	RULESET_ENFORCE,
	RULESET_DISARMED	/* DNS asked of the gateway is answered, WAN closed, nothing else */
};

/*
 * Most elements of each of the sets of pinholes; a pinhole takes one for each port that it opens.
 *
 *	pinhole4, pinhole6		client . address . protocol . port
 *	pinhole_mac4, pinhole_mac6	MAC . address . protocol . port
 *	pinhole_any4, pinhole_any6	address . protocol . port: whoever asked a forwarder
 */
enum { RULESET_PINHOLES = 65536 };

/*
 * Log entries a second and, at once, for each source, and for all those together that found no room
 * in the table of sources. What is not logged is counted by the counter unlogged.
 */
enum {
	RULESET_LOG_RATE = 20, RULESET_LOG_BURST = 60, RULESET_LOG_SOURCES = 16384,
	RULESET_LOG_SHARED_RATE = 100, RULESET_LOG_SHARED_BURST = 200
};

struct ruleset;
struct ruleset_outside;

/*
 * Whatever forwards and is not outside is guarded: it is captured and judged, also when no setting
 * names it. With no lan interface in the settings the gateway's own services stay open to all. The
 * prefix of a logged packet is "cordon STATE CATEGORY", STATE being the first four bytes of
 * policy_digest in hexadecimal.
 *
 * NULL when the arena's budget is spent. Belongs to the arena; keeps no pointer into the rest. */
struct ruleset *ruleset_build(struct arena *arena, const struct settings *settings,
			      const struct policy *policy, enum ruleset_mode mode,
			      const struct ruleset_outside *outside)
	__attribute__((warn_unused_result));

/* Text that `nft -c -f -` takes; loading it gives what kernel_apply gives, but for the rules on
 * addresses inside addresses (policy/embed.h), which stand there as comments: nft has no words. */
void ruleset_print(const struct ruleset *ruleset, struct text *out);
