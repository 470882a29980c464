/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* What follows from changed settings on a box that runs: a new cordon.conf, cordond started again,
 * links. */

/* Waits until a cordond other than the one with this pid (0: any) has its policy in force. */
bool activation_await(const struct cli *cli, int old, int64_t wait_ms);
/* Ends cordond, which init starts again with the new settings; waits until its policy is in force.
 * 0 or an exit code, after a message on stderr. */
int activation_restart(const struct cli *cli);
/* Everything: composed, restarted, links, forwarding. 0 or an exit code. */
int activation_run(const struct cli *cli);
