/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/repeats.h"

bool repeats_say(struct repeats *repeats, int64_t now, uint64_t *more)
{
	if (repeats->said && now - repeats->said_at < REPEATS_MS) {
		repeats->kept_back++;
		return false;
	}
	*more = repeats->kept_back;
	*repeats = (struct repeats){ .said = true, .said_at = now };
	return true;
}
