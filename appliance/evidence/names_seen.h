/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/evidence/names.h"

/*
 * Adds what hosts called themselves in DHCP, as the log has it (CHANNEL_SEEN_DHCP), from a day
 * before that to eight days after it: servers lease for that long. *damaged: days that could not be
 * read. 0, -E2BIG or -ENOMEM.
 */
int names_seen(struct names *names, const char *folder, uint32_t *damaged)
	__attribute__((warn_unused_result));
