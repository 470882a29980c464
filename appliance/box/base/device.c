/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/base/device.h"

#include <stddef.h>
#include <string.h>

bool device_is_never_a_disk(const char *name)
{
	static const char *const begins[] = { ".", "loop", "ram", "zram", "dm-", "md",
					      "nbd", "mtd", "fd", "sr" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return false;
}
