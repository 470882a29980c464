/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/steps.h"

enum { FULL = 90, FILLING = 75, SLACK = 3 };

bool steps_see(struct steps *steps, int64_t wall_ms, int64_t uptime_ms, int64_t *step_ms)
{
	const int64_t offset = wall_ms - uptime_ms;
	const bool known = steps->known;

	*step_ms = offset - steps->offset_ms;
	steps->wall_ms = uptime_ms + steps->offset_ms;
	steps->known = true;
	steps->offset_ms = offset;
	return known && (*step_ms > STEPS_LEAST_MS || *step_ms < -STEPS_LEAST_MS);
}

unsigned int steps_level(unsigned int level, unsigned int percent)
{
	if (percent >= FULL || (level == FULL && percent + SLACK > FULL))
		return FULL;
	if (percent >= FILLING || (level >= FILLING && percent + SLACK > FILLING))
		return FILLING;
	return 0;
}
