/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * How a start went: when each step was done (PATH_BOOT_TIMES, lines "STEP SECONDS" of the kernel's
 * uptime), and how many packets the kernel had forwarded just before forwarding was turned on
 * (PATH_BOOT_FORWARDED, lines "4 COUNT" and "6 COUNT"). "Nothing passes before the policy is in
 * force" is then a number that the kernel itself counted.
 */
enum boot_step {
	BOOT_USERLAND,
	BOOT_SETTINGS,
	BOOT_POLICY,
	BOOT_LINKS,
	BOOT_FORWARDING,
	BOOT_SELFTEST,
	BOOT_STEPS
};
const char *boot_step_print(enum boot_step step);	/* "policy" */

struct boot {
	int64_t at[BOOT_STEPS];		/* uptime in ms; -1: not reached */
	bool counted;			/* both families are known */
	uint64_t forwarded4, forwarded6;
};

/* Lines that do not read are left out. NULL: there is no such file. */
void boot_parse(struct boot *boot, const char *times, const char *forwarded);

/* Did the policy come before links and forwarding, with no packet forwarded until then? */
bool boot_proven(const struct boot *boot);

/* "policy in force at 1.9 s, links up at 2.1 s, forwarding at 2.3 s; packets forwarded before: 0",
 * and behind it what is wrong. No newline. */
void boot_print(const struct boot *boot, struct text *out);

/*
 * The kernel's counter of forwarded packets, out of /proc/net/snmp (section "Ip", name
 * "ForwDatagrams": a line of names, then one of numbers) or /proc/net/snmp6 (section "",
 * "Ip6OutForwDatagrams": name and number). false: not there.
 */
bool boot_counter(uint64_t *count, const char *text, const char *section, const char *name);
