/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/evidence/machines.h"

/*
 * Numbers of records instead of pointers, NO for none: half the memory, and arrays may move. Two
 * hash tables give a record's number by its key; they have open addressing and never shrink.
 */
#define NO UINT32_MAX

struct run {
	struct addr address;
	int64_t first_ms;
	int64_t last_ms;
	uint32_t mac;		/* index, or NO */
	uint32_t older;		/* run with the same address and MAC */
	uint32_t of_mac;	/* another run with this MAC */
	uint32_t claim;		/* another run with a MAC for the address of this single */
	uint32_t single;	/* index: the run counts for this address by itself; or NO */
	uint32_t of_single;	/* another run of that single */
	uint16_t interface;
	bool forwarder;
};

struct device {
	uint8_t mac[MAC_SIZE];
	bool router;
	uint32_t runs;		/* first of its list */
	uint32_t addresses;	/* different ones */
	uint32_t node;
};

/* An address that some run has without a MAC of its own. */
struct single {
	struct addr address;
	uint16_t interface;	/* of a link-local address, else 0 */
	bool had_mac;		/* the link showed a device's MAC for it at some time */
	bool behind_router;
	uint32_t runs;
	uint32_t claims;
	uint32_t node;
};

/* What may become a host: a device that is no router, or a single that has runs. */
struct node {
	uint32_t parent;	/* itself: the host's first */
	uint32_t next;		/* another of the same host */
	uint32_t last;		/* of that list */
	uint32_t device;	/* index, or NO: */
	uint32_t single;
	uint32_t host;
};

struct numbers {
	uint32_t *slot;
	uint32_t size;		/* power of two */
	uint32_t used;
};

struct machines {
	uint64_t seed;
	uint32_t runs_most;
	struct run *run;
	uint32_t runs, runs_room;
	struct device *device;
	uint32_t devices, devices_room;
	struct single *single;
	uint32_t singles, singles_room;
	struct node *node;
	uint32_t nodes;
	struct host *host;
	uint32_t *host_node;	/* of each host, its first node */
	uint32_t hosts;
	struct numbers by_pair;	/* newest run of an address and MAC */
	struct numbers by_mac;	/* devices */
	struct numbers by_address; /* singles */
};

/* The device or single; NO: none. */
uint32_t machines_device(const struct machines *machines, const uint8_t mac[MAC_SIZE]);
uint32_t machines_single(const struct machines *machines, const struct addr *address,
			 uint16_t interface);
/* Adds a single that is not there. Its index, or NO without memory. */
uint32_t machines_add_single(struct machines *machines, const struct addr *address,
			     uint16_t interface);

/*
 * The device whose time with the address, as the link showed it, contains the whole sighting, while
 * no other device touches it; NO: none, or in doubt.
 */
uint32_t machines_claim(const struct machines *machines, uint32_t single, int64_t first_ms,
			int64_t last_ms);
