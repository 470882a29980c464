/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * Is this gateway healthy, and what is to be done if not? Facts in, words for people out; the same
 * for a box that runs the image and for any other gateway. Texts may be NULL.
 */

/* A part of cordond; state as cordond says it: "running", "starting", "busy", "silent",
 * "restarting", "waiting". */
struct health_role {
	const char *name, *state, *why;
	int64_t seconds;		/* in that state */
	int progress;			/* percent; -1: unknown */
	int64_t deaths, for_memory;	/* of late */
};

struct health_disk {
	const char *holds;		/* "state and log" */
	int used, inodes;		/* percent */
	bool read_only, answers;
	const char *error;
};

struct health_link {
	const char *name;
	bool wan;			/* else lan */
	bool exists, carrier;
};

enum { HEALTH_FULL_SOON = 75, HEALTH_FULL = 90, HEALTH_BUSY_S = 10 };

struct health {
	/* it runs the image: it has a console and is restarted as a whole */
	bool box;
	bool answers;			/* cordond does */
	bool in_force;
	/* nothing is in force, and the kernel lets nothing to the vendor */
	bool closed;
	const struct health_role *role;
	size_t roles;
	const char *trouble;		/* what cordond cannot open, and why */
	const char *mode;		/* "enforce" */
	const char *mode_until;
	bool selftest_failed;
	bool boot_wrong;		/* the start did not go as it has to (system/boot.h) */
	const char *refused;		/* the last change of the policy */
	bool update_on;
	const char *update_why;		/* though it is set up, it is off */
	const char *freshness;		/* "fresh" */
	const char *update_refusal;
	bool unsupported;		/* this image, by its date */
	bool clock_set;
	bool has_watchdog, watchdog_fed;
	const char *watchdog_why;
	/* Of the log, since an administrator had seen them. */
	int64_t lost_kernel, lost_rings, lost_journal, lost_disk;
	int64_t log_freed;		/* bytes of old events that went before their time */
	int64_t log_retention;		/* days that events are to be kept; 0: no limit */
	int64_t log_days;		/* days for which there is room, at the rate so far; 0: not
					 * known */
	int64_t messages_lost;		/* of cordond's own */
	const char *log_error;		/* what keeps it from being written now */
	const char *seal_error;		/* why its last checkpoint was not signed */
	const struct health_disk *disk;
	size_t disks;
	const struct health_link *link;
	size_t links;
	bool routes_known, default_v4, default_v6;
	int64_t tampered;		/* changes by others that nobody has seen */
	bool tampered_for_good;		/* that could not be undone */
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
/* On a console, and where there is more room. */
enum { HEALTH_LINES = 3, HEALTH_ALL = 64 };

/*
 * "healthy", or "NOT HEALTHY: WHAT; WHAT TO DO", or "healthy, but WHAT; WHAT TO DO"; the worst
 * first, at most so many lines. A detail is one line, cut behind a word where it is long.
 */
enum health_level health_print(const struct health *health, size_t lines, struct text *out);
