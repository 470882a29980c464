/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"

/*
 * IPv6 addresses that carry an IPv4 address, which a translator or relay on the path extracts:
 * NAT64 (RFC 6052, 2.2; RFC 8215), 6to4 (RFC 3056, 2), IPv4-compatible addresses (RFC 4291,
 * 2.5.5.1) and IPv4-translated ones (RFC 2765, 2.1). Two are left out. Teredo obfuscates the
 * address (RFC 4380, 4) and needs a relay on the old well-known UDP port; ISATAP works within links
 * only.
 *
 * Look-ups (policy.h) and nftables (rules/nft) use this one table, so they cannot disagree.
 */
struct embedding {
	struct prefix prefix;
	uint8_t at[4];	/* the bytes of the IPv6 address that hold those of the IPv4 address */
};

enum { EMBED_KNOWN = 6, EMBED_MOST = 10 };	/* EMBED_MOST: with the network's own */
extern const struct embedding embed_known[EMBED_KNOWN];

/* A network's own NAT64 prefix. -EINVAL: not IPv6, or not of a length that RFC 6052, 2.2 allows
 * (32, 40, 48, 56, 64 or 96). */
int embed_nat64(struct embedding *embedding, const struct prefix *prefix)
	__attribute__((warn_unused_result));

/* Are the four bytes adjacent? If so, at[0] is where they begin. */
bool embed_contiguous(const struct embedding *embedding);

/* True if addr lies in the prefix; *v4 is then the IPv4 address (as struct addr holds it). */
bool embed_unwrap(const struct embedding *embedding, const struct addr *addr, struct addr *v4);

/* The inverse: the IPv6 address with v4 inside and zeros around it. */
struct addr embed_wrap(const struct embedding *embedding, const struct addr *v4);
