/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/network/wiring.h"

/* Programs of the box: the steps of a wiring, and services. */

/* Every step but services. The steps of a link end at its first failure; other links go on. Returns how many
 * failed, after a line on stderr for each. */
unsigned int run_wiring(const struct wiring *wiring);
/*
 * Starts a program whose environment is PATH, CORDON_SERVICE=service and the test's folder. A service gets
 * SIGTERM when this process ends. quiet: its output is discarded; otherwise the output of a service goes to the
 * kernel's log. Returns a pid or -errno.
 */
int run_start(const char *const argv[], const char *service, bool quiet);
/* In a child: becomes this program. Returns only when that fails, with errno. */
void run_become(const char *const argv[], const char *service);
/* Its exit status, or 128 + signal. */
int run_wait(int pid);
/* Asks the supervisor of the services to read the settings again. */
void run_reload_services(void);
/* Asks it to begin DHCP anew in both families; false: it does not run. */
bool run_renew_leases(void);
