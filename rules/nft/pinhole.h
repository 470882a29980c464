/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/ethernet.h>

#include "rules/nft/kernel.h"
#include "rules/policy/name.h"

/*
 * Pinholes in the kernel: for a while, a client may go to one blocked address by some ports. Each is
 * an element of a live set (ruleset.h) with a time-out; its comment is the name for which it was
 * opened, so that the reason for what the kernel lets through is kept beside it and outlives every
 * process.
 */
enum pinhole_kind {
	PINHOLE_CLIENT,	/* for one address */
	PINHOLE_MAC,	/* for whoever sends with this MAC: a client that asked over one family for an
			 * address of the other */
	PINHOLE_ANY	/* for everybody: a forwarder asked, and nobody knows for whom */
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
 * Opens it for 1 to PINHOLE_LONGEST seconds; an existing one is extended, never shortened. -EINVAL,
 * -ENOSPC when the set is full.
 */
int kernel_pinhole(struct kernel *kernel, const struct pinhole *pinhole, uint32_t seconds)
	__attribute__((warn_unused_result));

/*
 * Calls back for each pinhole that is open; what the callback answers false to is closed. name.length
 * 0: an element without a name, which somebody else put there. -errno; -EINTR: changed meanwhile.
 */
int kernel_pinholes_judge(struct kernel *kernel,
			  bool (*keep)(const struct pinhole *pinhole, void *context), void *context)
	__attribute__((warn_unused_result));

/* Ends the tracked connections that began through a pinhole and to which the callback answers false. */
int kernel_connections_judge(struct kernel *kernel,
			     bool (*keep)(const struct addr *address, const struct ports *port,
					  void *context), void *context)
	__attribute__((warn_unused_result));
