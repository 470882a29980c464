/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/rolestate.h"

const char *role_state_print(enum role_state state)
{
	static const char *const words[ROLE_STATES] = { "running", "starting", "busy", "silent",
							"restarting", "waiting" };

	return words[state];
}

enum role_state role_state(const struct role_facts *facts, int64_t *since_ms)
{
	*since_ms = 0;
	if (!facts->running && !facts->can_start)
		return ROLE_STATE_WAITING;
	if (!facts->running || (!facts->ready && facts->failures))
		return ROLE_STATE_RESTARTING;
	*since_ms = facts->age_ms;
	if (!facts->ready)
		return ROLE_STATE_STARTING;
	if (facts->work_ms >= ROLE_BUSY_MS) {
		*since_ms = facts->work_ms;
		return ROLE_STATE_BUSY;
	}
	if (facts->silent_ms >= ROLE_SILENT_MS) {
		*since_ms = facts->silent_ms;
		return ROLE_STATE_SILENT;
	}
	return ROLE_STATE_RUNNING;
}

void role_lived(struct role_deaths *deaths, int64_t now)
{
	if (deaths->count && now - deaths->last >= ROLE_WINDOW_MS)
		*deaths = (struct role_deaths){ .count = 0 };
}

void role_died(struct role_deaths *deaths, bool for_memory, int64_t now)
{
	role_lived(deaths, now);
	deaths->count++;
	deaths->for_memory += for_memory;
	deaths->last = now;
}
