/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/diag.h"
#include "rules/policy/embed.h"
#include "rules/policy/list.h"

/*
 * Compiles rule lists and local choices into the policy of policy.h.
 *
 * Sanity limits; breaking one rejects all lists. No rule other than exempt may cover the root, a
 * public suffix (ICANN section of the Public Suffix List), or private, loopback, link-local or
 * multicast space. Together, the lists may neither block nor exempt more than a set share of the
 * IPv4 addresses. They may not block ports that every network needs, nor more than SANITY_PORTS of
 * a transport.
 */
enum { POLICY_NAT64 = EMBED_MOST - EMBED_KNOWN };

struct policy_options {
	enum action action[CATEGORY_COUNT];	/* exempt is always allow */
	uint32_t monitor;	/* bit per category: block becomes monitor (mode monitor) */
	bool disarmed;		/* every block becomes allow: nothing is enforced or logged */
	struct embedding nat64[POLICY_NAT64];	/* the network's own (embed_nat64) */
	size_t nat64s;
	unsigned int max_v4_share;	/* blocked IPv4 addresses, in 1/65536 of all; 0: default */
};

enum { POLICY_DEFAULT_V4_SHARE = 64 };	/* 64/65536: 4.2 million addresses */

void policy_options_init(struct policy_options *options);	/* the default actions */

/*
 * *block is malloc'ed; the caller frees it. The same lists and options give the same bytes. 0,
 * -EINVAL with diag, or -ENOMEM.
 */
int policy_compile(const struct rule_list *lists, size_t count,
		   const struct policy_options *options, void **block, size_t *size,
		   struct diag *diag) __attribute__((warn_unused_result));
