/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* DHCP begun anew: when the WAN's cable comes back, which may lead to another network now, and on
 * request. */
struct carrier {
	char interface[IFNAMSIZ];
	char changes[24];	/* how often the kernel saw it come or go, as text */
	bool moved;		/* and that is not answered yet */
	int64_t answered;	/* uptime in ms */
};
/* A descriptor that can be read whenever some link changes, or -1; drained by carrier_look. */
int carrier_open(void);
/* True: begin DHCP anew now. A cable that comes and goes all the time gets that every ten seconds.
 */
bool carrier_look(struct carrier *carrier, int fd, const char *interface, int64_t now);
/* Has the interface a cable? 1, 0, or -1 when it is down or missing. */
int carrier_state(const char *interface);

/*
 * Before the DHCP clients begin anew: notes that they do, so that the box keeps what it has until
 * another server answers (lease_judge), and restarts router solicitation of the WAN. False:
 * network.conf does not parse.
 */
bool renew_begin(void);
/* `cordon network renew`: an exit code. */
int network_renew(bool json);
