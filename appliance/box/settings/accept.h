/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* The refused set that waits in SET_STORE_WAITING. Both return exit codes. */

/* Takes it with the administrator's secret and puts it in force. */
int accept_waiting(const struct cli *cli);
/* Removes it; the place that it came from keeps its files. */
int accept_discard(void);
