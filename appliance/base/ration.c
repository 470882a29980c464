/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/ration.h"

bool ration_take(struct ration *ration, int64_t now)
{
	int64_t back = (now - ration->since) / ration->interval;

	if (back >= (int64_t)ration->spent) {
		ration->spent = 0;
		ration->since = now;
	} else if (back > 0) {
		ration->spent -= (unsigned int)back;
		ration->since += back * ration->interval;
	}
	if (ration->spent >= ration->burst)
		return false;
	ration->spent++;
	return true;
}
