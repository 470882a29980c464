/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/evidence/mac.h"
#include "rules/policy/addr.h"

/*
 * Names of hosts and when they were true. They come from sources of different worth, and may be
 * loaded long after the events that they name. The enumeration is the order of worth, best first.
 */
enum naming_source {
	NAMING_HAND,		/* an administrator's word */
	NAMING_TABLE,		/* the agency's own table */
	NAMING_LEASE,		/* a lease of this gateway's DHCP server */
	NAMING_FOREIGN_LEASE,	/* a lease or log of another DHCP server */
	NAMING_DHCP_SEEN,	/* DHCP seen in passing */
	NAMING_REVERSE_DNS,
	NAMING_SOURCES
};
const char *naming_source_print(enum naming_source source);	/* "lease" */

enum { NAMING_NAME = 64, NAMING_USER = 64, NAMING_SITE = 64 };	/* with the NUL */
/* No bound on that side. */
#define NAMING_SINCE_EVER INT64_MIN
#define NAMING_FOR_EVER INT64_MAX

/*
 * With a MAC it names the device; an address beside it counts only for hosts that have no MAC of
 * their own. With an address alone it names the holder of the address at that time. Texts are valid
 * UTF-8 that steers no terminal (naming_text), "" if unknown.
 */
struct naming {
	enum naming_source source;
	bool has_address;
	bool has_mac;
	uint8_t mac[MAC_SIZE];
	struct addr address;
	int64_t from_ms;	/* wall time since 1970, both included */
	int64_t until_ms;
	char name[NAMING_NAME];
	char user[NAMING_USER];
	char site[NAMING_SITE];
	bool tool;	/* the source says that it handles names (mail gateway, scanner, SIEM) */
};

/* Copies hostile text: cut to the size between characters, with '?' for bytes that are not UTF-8 or
 * that steer a terminal, and without blanks around it. */
void naming_text(char *out, size_t size, const char *text, size_t length);

/* An index over namings for lookups; read-only afterwards. */
struct namings {
	const struct naming *naming;	/* the caller's; it must outlive this */
	size_t count;
	uint32_t *by_mac;
	size_t macs;
	uint32_t *by_address;
	size_t addresses;
};
/* At most UINT32_MAX namings. 0, -E2BIG or -ENOMEM. */
int namings_build(struct namings *namings, const struct naming *naming, size_t count)
	__attribute__((warn_unused_result));
void namings_release(struct namings *namings);

/* Who is to be named: an address during a time, and the MAC if the link showed one. */
struct naming_query {
	const struct addr *address;
	const uint8_t *mac;	/* NULL: none of its own */
	int64_t first_ms;
	int64_t last_ms;
	bool tools;		/* only namings that call it a tool */
};
/*
 * The better of best (NULL: none) and the namings that were true at some time of the query. One
 * with a name is better than one without (which may have a user or a site); then the source's worth
 * counts, then the later end.
 */
const struct naming *namings_lookup(const struct namings *namings, const struct naming_query *query,
				    const struct naming *best);
