/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Limits something that an untrusted party can trigger: a burst, and then one more for each
 * interval that has passed. */
struct ration {
	unsigned int burst;
	int64_t interval;	/* ms */
	unsigned int spent;
	int64_t since;		/* uptime in ms at which the last one came back */
};

/* Takes one; false if none is left. */
bool ration_take(struct ration *ration, int64_t now);
