/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* Is the box healthy, and what is to be done if not? Facts in, words for people out. Texts may be NULL. */
struct health {
	bool answers;			/* cordond does */
	bool in_force;
	const char *down;		/* a role that does not run */
	const char *mode;		/* "enforce" */
	const char *mode_until;
	bool selftest_failed;
	bool boot_wrong;		/* the start did not go as it has to (system/boot.h) */
	const char *refused;		/* the last change of the policy */
	bool update_on;
	const char *freshness;		/* "fresh" */
	const char *update_refusal;
	int64_t now, supported_until;	/* seconds since 1970; 0: not known */
	bool clock_set;
	bool has_watchdog, watchdog_fed;
	const char *watchdog_why;
	int64_t events_lost;
	const char *image_failed;	/* it did not prove itself, and this is the one before */
	const char *image_refused;	/* why the one that came last was not installed */
	bool image_on_trial;
	const char *link_missing;	/* an interface of network.conf that is not there */
	bool wan_waits;			/* no address by DHCP yet */
	const char *lease_refused;	/* why the one that it was given is not used */
	const char *no_carrier;		/* the interface that leads outside has no cable in */
	const char *no_route;		/* families without a default route: "IPv4" */
	const char *lease_stale;	/* nobody confirms it: "DHCP" */
	bool provisioned;
	bool settings_put_aside;	/* they could not be used */
	const char *settings_wrong;	/* those that were offered last, and were not taken */
	bool settings_wait;		/* refused, to be accepted */
	bool settings_on_trial;
};

enum health_level { HEALTH_GOOD, HEALTH_NOTICE, HEALTH_BAD };
enum { HEALTH_LINES = 3 };

/*
 * "healthy", or "NOT HEALTHY: WHAT; WHAT TO DO", or "healthy, but WHAT; WHAT TO DO"; the worst first, at most
 * HEALTH_LINES lines.
 */
enum health_level health_print(const struct health *health, struct text *out);
