/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/network/wiring.h"

/* The steps of a wiring, done, and what the supervisor of the services is told. */

/* Every step but services. The steps of a link end at its first failure; other links go on. Returns
 * how many failed, after a line on stderr for each. */
unsigned int run_wiring(const struct wiring *wiring);
/* Asks the supervisor of the services to read the settings again. */
void run_reload_services(void);
/* Asks it to begin DHCP anew in both families; false: it does not run. */
bool run_renew_leases(void);
