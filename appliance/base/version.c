/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/version.h"

#include "build.h"

int64_t version_build_time(void)
{
	return BUILD_TIME;
}
