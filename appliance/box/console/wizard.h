/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/text.h"
#include "appliance/settings/network.h"

/*
 * What the questions of `cordon setup` come to: answers, which are texts as they were typed,
 * become the files of settings. Whether they are right the parsers of those files say. An empty
 * answer is "none".
 */
enum { WIZARD_ANSWER = 128 };

/* Up to which question: what was not asked yet is not in the text. */
enum wizard_step {
	WIZARD_HOST,
	WIZARD_WAN,
	WIZARD_LAN,
	WIZARD_MANAGEMENT,
	WIZARD_ALL = WIZARD_MANAGEMENT
};

struct wizard_lan {
	char name[NETWORK_NAME];	/* "": the one that is called lan */
	char interface[WIZARD_ANSWER];
	char address[WIZARD_ANSWER];
};

struct wizard {
	char hostname[WIZARD_ANSWER];
	char wan_interface[WIZARD_ANSWER];
	char wan_address[WIZARD_ANSWER];	/* dhcp, or ADDRESS/LENGTH */
	char wan_gateway[WIZARD_ANSWER];
	struct wizard_lan lan[NETWORK_LANS];
	size_t lans;
	char lan_gateway[WIZARD_ANSWER];	/* of the first LAN, where there is no WAN */
	char management[WIZARD_ANSWER];		/* with ssh; "": without */
	const struct network *before;
};

/* The answers that a network would have, which has to stay as long as the wizard. */
void wizard_init(struct wizard *wizard, const struct network *network);

/* network.conf; of old (NULL: none), which before was read from, stays what nobody is asked for,
 * but what belongs to an address that is another one now. */
void wizard_print_network(const struct wizard *wizard, enum wizard_step step, const char *old,
			  struct text *out);

/* cordon.conf: old with other upstreams; "": as DHCP says. */
void wizard_print_conf(const char *old, const char *upstream, struct text *out);
