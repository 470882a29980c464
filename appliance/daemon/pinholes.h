/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/ipc/message.h"
#include "appliance/journal/neighbours.h"
#include "appliance/settings/settings.h"
#include "rules/nft/pinhole.h"
#include "rules/policy/policy.h"

/*
 * Pinholes: opened by what the dns role resolved, judged by each policy. The kernel holds them and
 * the name of each; here is only which name led to which address, so that a connection that
 * outlives its pinhole can be judged, too. What the kernel holds and nothing here explains is
 * closed, at a start as later.
 *
 * A host has one IPv4 address and several of IPv6, and may ask over either for an address of the
 * other. So between two IPv4 addresses the client is known by its own, between two of IPv6 by its
 * own and its MAC, and across the families by its MAC alone. A forwarder asks for clients that
 * nobody here knows: what it resolved is open for all of them.
 */
struct lead;

struct pinholes {
	struct kernel *kernel;
	const struct settings *settings;
	struct neighbours neighbours;
	struct lead **bucket;	/* by address */
	size_t leads;
	bool loaded;		/* what the kernel held at the start is known */
};

/* Both are borrowed. neighbours is the caller's to initialise. -ENOMEM. */
int pinholes_init(struct pinholes *pinholes, struct kernel *kernel, const struct settings *settings)
	__attribute__((warn_unused_result));

/*
 * 0 also if some ports were open already. -EPERM: the policy does not let this name lead there.
 * -ENOSPC. -EHOSTUNREACH: only the MAC could tell the client, which is on none of the gateway's
 * links.
 */
int pinholes_open(struct pinholes *pinholes, const struct policy *policy,
		  const struct pinhole_request *request) __attribute__((warn_unused_result));

/* Ends connections that began through a pinhole and that nothing here explains. -errno. */
int pinholes_judge_connections(struct pinholes *pinholes, const struct policy *policy)
	__attribute__((warn_unused_result));

/* Closes what the policy does not let through, and ends its connections. -errno: something may
 * still be open. */
int pinholes_judge(struct pinholes *pinholes, const struct policy *policy)
	__attribute__((warn_unused_result));
