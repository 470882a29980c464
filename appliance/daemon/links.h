/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "appliance/ipc/guard.h"
#include "appliance/settings/settings.h"

/* Cables and default routes of this machine, for the status. */

/*
 * [{"name", "role": "wan" or "lan", "exists", "carrier"}]: the interfaces of the settings; with no
 * wan there, what the rules role takes for the outside. The caller's.
 */
json_t *links_json(const struct settings *settings, const struct guard_names *outside);
/* {"v4", "v6"}: is there a default route in the main table? The caller's. */
json_t *links_routes_json(void);

/* Pure. Is this line of /proc/net/route (interface, destination, gateway, flags, three numbers,
 * mask) one? */
bool links_default_v4(const char *line);
/* Of /proc/net/ipv6_route: destination, its length, source, its length, gateway, metric, two
 * numbers, flags, interface. */
bool links_default_v6(const char *line);
