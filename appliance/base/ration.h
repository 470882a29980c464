/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How often something may happen that somebody untrusted can cause: so many at once, and then one more
 * for each interval that has passed. */
struct ration {
	unsigned int burst;
	int64_t interval;	/* ms */
	unsigned int spent;
	int64_t since;		/* uptime in ms, of the last one that came back */
};

/* Takes one; false when there is none left. */
bool ration_take(struct ration *ration, int64_t now);
