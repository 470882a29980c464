/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/evidence/machines.h"
#include "appliance/evidence/verdict.h"

/*
 * The hosts of a log, with what their traces say. Two passes over the sums of each day: the first
 * finds the machines, the second what each of them met. Memory follows hosts and the rules that
 * each met, not events.
 *
 * Events whose client is a network (a flood made them coarse) belong to no host; they are listed
 * by network. What the self-test met belongs to nobody.
 */
enum {
	HOSTS_RUNS = 1000000,	/* of addresses with a link address (machines.h) */
	HOSTS_INTERFACES = 64,	/* names that are told apart; the rest are one */
	HOSTS_NETWORKS = 65536	/* networks of coarse events; the rest are one */
};

/* Hosts that had this address, this MAC, or have this name (in any case). NULL: not asked. */
struct hosts_wanted {
	const struct addr *address;
	const uint8_t *mac;
	const char *name;
};

/* A host is left out if it had this MAC, or an address in this network. */
struct hosts_exclusion {
	bool is_mac;
	uint8_t mac[MAC_SIZE];
	struct prefix network;
};

struct hosts_options {
	const char *folder;	/* of the log */
	int64_t since_ms;	/* events before it do not count; 0: all */
	int32_t today;		/* days since 1970 */
	const struct weights *weights;
	const struct naming *naming;	/* names that were loaded, or NULL; outlive the hosts */
	size_t namings;
	struct merge *merge;	/* by hand, or NULL; results are set */
	size_t merges;
	bool all;		/* rows also for hosts that met no rule */
	const struct hosts_wanted *wanted;	/* rows for these hosts alone; NULL: for each */
	const struct hosts_exclusion *exclusion;	/* hosts that have no row */
	size_t exclusions;
};

struct hosts_row {
	uint32_t number;	/* in machines */
	struct host host;
	struct host_verdict verdict;
	struct host_presence presence;
	const struct naming *name;	/* NULL: none */
	uint64_t events;	/* that met a rule */
	/* Events of networks that the host's last address is in: some may be the host's. */
	uint64_t network_events;
	uint32_t days;		/* on which it met a rule or was seen */
	uint32_t categories;	/* bit per category that it met, whatever the action was */
	uint32_t channels;	/* bit per channel by which it was covered */
	int64_t first_ms, last_ms;	/* of its events; without any, of its presence */
};

/* Events of a network whose hosts are not known. */
struct hosts_network {
	struct addr address;
	uint8_t host_bits;	/* at the end of the address, unknown */
	uint32_t categories;	/* as above */
	uint64_t events;
	int64_t first_ms, last_ms;
};

struct hosts {
	struct hosts_row *row;	/* products first, then by confidence, then the latest */
	size_t count;
	size_t met;		/* hosts that met a rule */
	size_t seen;		/* hosts that met no rule; in row too, if all were asked for */
	struct host_range products;	/* how many machines have the product */
	struct hosts_network *network;	/* most events first */
	size_t networks;
	uint64_t network_events;	/* the sum */
	uint32_t damaged;	/* days that could not be read */
	char **rule;		/* the ids that the rows' evidence refers to */
	size_t rules;
	struct machines *machines;
	char interface[HOSTS_INTERFACES + 1][16];	/* by number; the last one is "" */
};

/* 0 or -errno: -ENOENT: there is no log. hosts_free in either case. */
int hosts_read(struct hosts *hosts, const struct hosts_options *options)
	__attribute__((warn_unused_result));
void hosts_free(struct hosts *hosts);

/* The row's number of a client at a time, or MACHINES_NONE; interface: its name. */
int64_t hosts_whose(const struct hosts *hosts, const struct sighting *sighting,
		    const char *interface);
