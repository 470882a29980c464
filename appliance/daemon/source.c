/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/source.h"

const char *source_print(enum rules_source source)
{
	static const char *const words[] = { "signed release", "rule lists", "last good rule lists",
					     "last good policy", "nothing" };

	return words[source];
}
