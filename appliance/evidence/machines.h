/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"
#include "appliance/evidence/mac.h"
#include "appliance/evidence/naming.h"
#include "rules/policy/addr.h"

/*
 * From sightings of addresses to hosts. One host is one machine, across DHCP, IPv6 temporary
 * addresses (RFC 8981) and both families, as far as the link shows it. Nothing is guessed:
 *
 * - Sightings with the same MAC are one host, unless the MAC is a router's.
 * - A MAC is a router's if it had MACHINES_ROUTER or more IPv4 addresses, or global IPv6 networks
 *   (/64), at once on one interface, or is one of VRRP or HSRP. Each address behind a router is a
 *   host by itself.
 * - A locally administered MAC is a host of its own, marked random: the machine may have others.
 * - An address without a MAC is a host by itself, unless the whole sighting lies within the time
 *   when the link showed one MAC for the address, and no other.
 * - An address that another MAC has later belongs to that other host then.
 *
 * Pure: no clock, no files. Sightings may come in any order; ordered by time they cost least.
 */
enum {
	MACHINES_ROUTER = 3,
	/*
	 * Sightings of one address with one MAC are one run if no more time lies between them. A
	 * day: records of one day each join, and hosts that a router hides interleave within it.
	 */
	MACHINES_GAP_MS = 24 * 60 * 60 * 1000,
	MACHINES_NONE = -1
};

struct sighting {
	struct addr address;
	uint8_t mac[MAC_SIZE];
	bool has_mac;		/* as the link showed it at that time; not looked up later */
	bool forwarder;		/* the address asks for others (a setting) */
	uint16_t interface;	/* the caller's number for the interface's name */
	int64_t first_ms;	/* wall time since 1970; first_ms <= last_ms */
	int64_t last_ms;
};

struct machines;

/*
 * runs: the most that are kept. Memory is 64 bytes per run, 20 per MAC, 32 per address without one
 * and about 110 per host, half as much again for growth, and hash tables of 6 to 11 bytes per
 * entry; nothing per sighting. seed: random, so that colliding addresses cannot be chosen. NULL: no
 * memory.
 */
struct machines *machines_new(uint32_t runs, uint64_t seed);
void machines_free(struct machines *machines);

/*
 * Adds a sighting. A MAC that no device can have counts as none. 0; -EINVAL: first_ms is behind
 * last_ms, or the address is not a host's; -ENOSPC: more runs than allowed; -ENOMEM.
 */
int machines_add(struct machines *machines, const struct sighting *sighting)
	__attribute__((warn_unused_result));

/* By hand: what both selectors stand for is one machine. */
struct selector {
	bool is_mac;
	uint8_t mac[MAC_SIZE];
	struct addr address;
};
enum merge_result {
	MERGE_DONE,
	MERGE_UNKNOWN,		/* no host has one of them */
	MERGE_AMBIGUOUS		/* several hosts had the address; the MAC would tell */
};
struct merge {
	struct selector a;
	struct selector b;
	enum merge_result result;	/* out */
};

/*
 * Makes the hosts; after it nothing may be added. merge may be NULL when merges is 0. Hosts are
 * numbered from 0 by the time they were first seen. 0 or -ENOMEM.
 */
int machines_build(struct machines *machines, struct merge *merge, size_t merges)
	__attribute__((warn_unused_result));

struct host {
	bool has_mac;		/* false: an address by itself */
	bool random;		/* that MAC is locally administered */
	bool behind_router;	/* the address was seen with a router's MAC */
	bool forwarder;		/* at some time */
	bool by_hand;		/* merged by hand; mac and address are those first seen */
	uint8_t mac[MAC_SIZE];
	struct addr address;	/* the one seen last; of IPv4, if it had any */
	uint16_t interface;	/* where it was seen last */
	uint32_t addresses;	/* that it had; each once per MAC */
	int64_t first_ms;
	int64_t last_ms;
};

/* The address of a host during a time. */
struct host_run {
	struct addr address;
	uint8_t mac[MAC_SIZE];
	bool has_mac;		/* the link showed it; a router's, if the host is behind one */
	uint16_t interface;
	int64_t first_ms;
	int64_t last_ms;
};

/* How many; 0 before machines_build. */
uint32_t machines_hosts(const struct machines *machines);
/* number: below machines_hosts. */
void machines_host(const struct machines *machines, uint32_t number, struct host *host);

/*
 * The host of a sighting that was added (a shorter time within it is one, too), for example of an
 * event. MACHINES_NONE: none.
 */
int64_t machines_whose(const struct machines *machines, const struct sighting *sighting);

/* The next run of a host, in no order. *position: 0 at the start. False at the end. */
bool machines_run(const struct machines *machines, uint32_t number, uint32_t *position,
		  struct host_run *run);

/* Is it a router's, by what was added? */
bool machines_is_router(const struct machines *machines, const uint8_t mac[MAC_SIZE]);

/*
 * The best of the names that the host had while they were true (naming.h): the source's rank, then
 * the latest. NULL: no name. It belongs to namings.
 */
const struct naming *machines_name(const struct machines *machines, uint32_t number,
				   const struct namings *namings);
/* The best of those that call the host a tool, which handles names for others; NULL: none does. */
const struct naming *machines_tool(const struct machines *machines, uint32_t number,
				   const struct namings *namings);

/*
 * How many machines these hosts are: a range. The reasons are the numbers.
 *
 * At least: each global MAC on the link is one, and each IPv4 address without a MAC of its own is
 * one, unless the link showed a MAC for it at another time. Random MACs and IPv6 addresses may all
 * be one machine's, so they count one only if nothing else counts. At most: each host is one
 * machine. That fails if a host translates addresses (NAT) for others, which a gateway cannot see.
 */
struct host_range {
	uint32_t at_least;
	uint32_t at_most;
	uint32_t global;	/* hosts by a global MAC */
	uint32_t random;	/* by a random MAC */
	uint32_t behind_router;	/* addresses behind a router */
	uint32_t unlinked;	/* other addresses without a MAC */
	uint32_t doubtful;	/* IPv4 addresses that also had a MAC, at another time */
	uint32_t by_hand;	/* hosts that were merged by hand; in one of the first four, too */
	uint32_t forwarders;	/* hosts that ask for others; in one of the first four, too */
};
/* numbers: hosts, each once. */
void machines_count(const struct machines *machines, const uint32_t *numbers, size_t count,
		    struct host_range *range);
/* One line: "3 to 5 machines: 2 by MAC address, ..." */
void host_range_print(const struct host_range *range, struct text *out);
