/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"

/*
 * The interfaces that lead outside. Everything else that forwards is guarded, including interfaces
 * that no setting names; if none is found, all interfaces are guarded.
 */
struct ruleset_outside {
	char name[SETTINGS_WANS][IFNAMSIZ];	/* ascending, each once */
	size_t count;
};

/* One interface as the kernel reports it. */
enum { OUTSIDE_LINKS = 512 };
struct outside_link {
	int index;
	int master;		/* the bridge or bond that it is a port of; 0: none */
	/* The link below it (VLAN, macvlan); 0: none, or in another namespace. */
	int lower;
	char name[IFNAMSIZ];
	bool up;
	bool forwards;		/* IPv4 or IPv6 packets that arrive there */
	bool reaches;		/* has an address beyond its link, or a route in the main table */
	bool leads_out;		/* has a default route in the main table */
	bool checks_unmarked;	/* has IPv4, and src_valid_mark is off */
	uint32_t metric;	/* of its best default route; IPv4 and IPv6 metrics count alike */
};

struct outside_links {
	struct outside_link link[OUTSIDE_LINKS];
	size_t count;		/* links beyond OUTSIDE_LINKS are left out, and so guarded */
};

struct netlink;

/*
 * Links, addresses and default routes of this network namespace; netlink is a NETLINK_ROUTE socket.
 * 0 or -errno.
 */
int outside_read(struct netlink *netlink, struct outside_links *links)
	__attribute__((warn_unused_result));

/*
 * Pure. The interfaces that the settings name as wan, present or not. Without such a setting: those
 * that default routes lead to, unless they are lan or management, a bridge with such a port, or a
 * port, VLAN or macvlan of one. Best metric first, at most SETTINGS_WANS.
 */
void outside_choose(const struct outside_links *links, const struct settings *settings,
		    struct ruleset_outside *outside);
bool outside_equal(const struct ruleset_outside *a, const struct ruleset_outside *b);
/* The same interfaces in the same order? */

/* Interfaces that do not match the settings. */
enum { OUTSIDE_NAMES = 8 };
struct outside_misfits {
	char missing[OUTSIDE_NAMES][IFNAMSIZ];	/* configured, and not there */
	char unknown[OUTSIDE_NAMES][IFNAMSIZ];	/* forwards, but is neither in the settings nor
						 * outside */
	size_t missing_count, unknown_count;	/* all of them, also beyond OUTSIDE_NAMES */
};

/* Pure. */
void outside_judge(const struct outside_links *links, const struct settings *settings,
		   const struct ruleset_outside *outside, struct outside_misfits *misfits);
