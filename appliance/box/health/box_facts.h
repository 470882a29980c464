/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/box/health/boot.h"
#include "appliance/box/health/health.h"
#include "appliance/box/image/slots.h"

/*
 * What `cordon status` knows of a box that runs the image, beside what cordond says. Texts are
 * masked (base/text.h); "" means not known, or none.
 */
enum { BOX_FACT = 128, BOX_NOTE = 512 };

struct box_facts {
	char model[BOX_FACT], serial[BOX_FACT];

	/* PATH_IMAGE */
	char version[BOX_FACT], arch[BOX_FACT];
	int64_t built, supported_until;		/* seconds since 1970; 0: not known */
	bool supported;
	char image_refused[BOX_NOTE];		/* why the image that came last was not installed */

	bool has_slot;				/* started from a disk with slots */
	enum slot slot;
	char running[SLOTS_NAME], failed[SLOTS_NAME];
	bool image_on_trial;

	bool provisioned, has_secret;
	bool settings_on_trial, settings_wait, settings_put_aside;
	char settings_refused[BOX_NOTE];	/* the last refusal, with its time */
	char settings_wrong[BOX_NOTE];

	bool has_links;				/* network.conf parses */
	char link_missing[BOX_FACT];		/* "eth5 of lan" */
	bool wan_waits;				/* for an address by DHCP */
	char lease_refused[BOX_NOTE];
	char outside[IFNAMSIZ];			/* the interface that leads outside */
	int carrier;				/* of it: 1, 0, or -1: not known */
	bool stale[2], no_route[2];		/* IPv4, IPv6; false where no cable explains it */

	bool has_boot;
	struct boot boot;
	bool boot_done;				/* the start has come to its end */
};

/* Reads files of the box; a network.conf that does not parse is reported on stderr. */
void box_facts_read(struct box_facts *facts);
/* "IPv4", "IPv4 and IPv6"; NULL for none. lease: "DHCP", "DHCPv6" instead. */
const char *box_facts_families(const bool given[2], bool lease);
/* Adds to health what the box knows. health keeps pointers into facts. */
void box_facts_judge(const struct box_facts *facts, struct health *health);
