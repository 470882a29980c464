/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/ethernet.h>

#include "rules/nft/kernel.h"
#include "rules/policy/name.h"

/*
 * Pinholes in the kernel: for a limited time, a client may reach one blocked address on some ports.
 * Each is an element with a time-out in a live set (ruleset.h). Its comment is the name for which
 * it was opened: so the reason is stored next to the exception and outlives every process.
 */
enum pinhole_kind {
	PINHOLE_CLIENT,	/* for one address */
	/*
	 * For the sender with this MAC: a client that asked over one family for an address of the
	 * other.
	 */
	PINHOLE_MAC,
	PINHOLE_ANY	/* for all clients: a forwarder asked, and its client is unknown */
};

struct pinhole {
	enum pinhole_kind kind;
	struct addr client;		/* PINHOLE_CLIENT; of the same family as address */
	uint8_t mac[ETH_ALEN];		/* PINHOLE_MAC */
	struct addr address;
	struct ports port;		/* one: first == last */
	struct name name;
};

enum { PINHOLE_LONGEST = 3600 };	/* seconds, whatever a record's TTL says */

/*
 * Opens it for 1 to PINHOLE_LONGEST seconds; an existing one is extended, never shortened. 0 or
 * -errno: -EINVAL; -ENOSPC when the set is full.
 */
int kernel_pinhole(struct kernel *kernel, const struct pinhole *pinhole, uint32_t seconds)
	__attribute__((warn_unused_result));

/*
 * Calls back for each open pinhole and closes those for which the callback returns false.
 * name.length 0: an element without a name, which another program put there. 0 or -errno; -EINTR:
 * changed during the read.
 */
int kernel_pinholes_judge(struct kernel *kernel,
			  bool (*keep)(const struct pinhole *pinhole, void *context), void *context)
	__attribute__((warn_unused_result));

/*
 * Ends the tracked connections that began through a pinhole and for which the callback returns
 * false.
 */
int kernel_connections_judge(struct kernel *kernel,
			     bool (*keep)(const struct addr *address, const struct ports *port,
					  void *context), void *context)
	__attribute__((warn_unused_result));
