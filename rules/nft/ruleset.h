/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"
#include "policy/policy.h"
#include "settings/settings.h"

/*
 * Policy and settings to the table `inet cordon`, as data: a pure function, no netlink. The same
 * data is printed as nft text and turned into one netlink transaction (kernel.h).
 */
enum ruleset_mode {
	RULESET_ENFORCE,
	RULESET_DISARMED	/* DNS asked of the gateway is answered, WAN closed, nothing else */
};

/* Bits of our own in the marks of packets and connections; other bits are left alone. */
enum {
	RULESET_MARK = 0x00c0d000,		/* packet: is for this machine (route.h) */
	RULESET_CT_PINHOLE = 0x00100000,	/* connection: began through a pinhole */
	RULESET_CT_MONITORED = 0x00200000,	/* connection: is in the log as monitored */
	RULESET_CT_BLOCKED = 0x00400000		/* connection: is in the log as blocked */
};

/* Size of each of the sets pinhole4, pinhole6, pinhole_mac4 and pinhole_mac6. */
enum { RULESET_PINHOLES = 65536 };

struct ruleset;

/*
 * With no lan interface in the settings, nothing is captured, blocked, closed or masqueraded; only
 * the dns role stays confined to its upstreams. The prefix of a logged packet is "cordon STATE
 * CATEGORY", STATE being the first four bytes of policy_digest in hexadecimal.
 *
 * NULL when the arena's budget is spent. Belongs to the arena; keeps no pointer into policy. */
struct ruleset *ruleset_build(struct arena *arena, const struct settings *settings,
			      const struct policy *policy, enum ruleset_mode mode)
	__attribute__((warn_unused_result));

/* Text that `nft -c -f -` takes; loading it gives what kernel_apply gives. */
void ruleset_print(const struct ruleset *ruleset, struct text *out);
