/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"

/*
 * Which interfaces lead outside. Whatever else forwards is guarded, so an interface that is in no
 * setting is guarded, too; with none found everything is.
 */
struct ruleset_outside {
	char name[SETTINGS_WANS][IFNAMSIZ];	/* ascending, each once */
	size_t count;
};

/* One interface as the kernel has it. */
enum { OUTSIDE_LINKS = 512 };
struct outside_link {
	int index;
	int master;		/* the bridge or bond that it is a port of; 0: none */
	int lower;		/* the link that it sits on (VLAN, macvlan); 0: none, or elsewhere */
	char name[IFNAMSIZ];
	bool up;
	bool forwards;		/* packets of IPv4 or IPv6 that arrive there */
	bool reaches;		/* has an address beyond its link, or a route in the main table */
	bool leads_out;		/* has a default route in the main table */
	bool checks_unmarked;	/* has IPv4, and src_valid_mark is off */
	uint32_t metric;	/* of the best of those; IPv4's and IPv6's count alike */
};

struct outside_links {
	struct outside_link link[OUTSIDE_LINKS];
	size_t count;		/* those beyond OUTSIDE_LINKS are left out, and so guarded */
};

struct netlink;

/* Links, addresses and default routes of this network namespace; netlink: of NETLINK_ROUTE. */
int outside_read(struct netlink *netlink, struct outside_links *links)
	__attribute__((warn_unused_result));

/*
 * Pure. What the settings name as wan, whether it is there or not; without that, what default
 * routes lead to and is neither lan nor management, nor a bridge with such a port, nor a port, VLAN or
 * macvlan of one; best metric first, at most SETTINGS_WANS.
 */
void outside_choose(const struct outside_links *links, const struct settings *settings,
		    struct ruleset_outside *outside);
bool outside_equal(const struct ruleset_outside *a, const struct ruleset_outside *b);

/* Interfaces that do not fit the settings. */
enum { OUTSIDE_NAMES = 8 };
struct outside_misfits {
	char missing[OUTSIDE_NAMES][IFNAMSIZ];	/* configured, and not there */
	char unknown[OUTSIDE_NAMES][IFNAMSIZ];	/* forwards, and is in no setting and not outside */
	size_t missings, unknowns;		/* all of them, also beyond OUTSIDE_NAMES */
};

/* Pure. */
void outside_judge(const struct outside_links *links, const struct settings *settings,
		   const struct ruleset_outside *outside, struct outside_misfits *misfits);
