/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/network/lease.h"
#include "appliance/box/network/wiring.h"
#include "appliance/settings/network.h"

/* What a box knows of its network: network.conf, leases, interfaces. Reads files only. */

/* Is there an interface of that name? */
bool facts_has_interface(const char *interface);
enum { FACTS_CARD = 48 };
/* "02:00:5e:00:53:01, cable in" or "not there": by this a person finds the socket of an interface.
 */
const char *facts_card(const char *interface, char text[FACTS_CARD]);

/* A file of the settings, malloc'ed; an empty text when it is missing. NULL with *code, an exit
 * code after a message on stderr, when it cannot be read. */
char *facts_settings(const char *path, size_t limit, size_t *size, int *code);
/* network.conf among the settings, or what an empty one means. 0, or an exit code after messages on
 * stderr. */
int facts_network(struct network *network);
/* The same, and its text, malloc'ed; NULL after a failure. */
int facts_network_text(struct network *network, char **text);

/* The last lease of a family, of this start or (kept) of any; false: there is none. */
bool facts_lease(struct lease *lease, bool v6, bool kept);
/* When the DHCP clients were last told to begin anew: uptime in ms; 0: never. */
int64_t facts_lease_asked(void);
void facts_wiring(struct wiring_facts *facts);
