/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/*
 * Rule lists as a package brings them, beside those in the folder of the settings: an edited one is
 * left as it is by an upgrade, and grows old. The versions are those of the lists, compared number
 * by number.
 */
#define SHIPPED_RULES "/usr/share/cordon/rules"

/* [{list, version, shipped}] of those that are older than what the package brings; NULL: none, or
 * no memory. */
json_t *shipped_newer(const char *folder);
/* `cordon rules outdated`: a line each, and how to merge; EXIT_NO when there are some. */
int shipped_print(const struct cli *cli, bool json);
