/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/command/command.h"

/* Takes in sets from the EFI partition, then from sticks. activate: puts in force what was taken.
 * Returns an exit code. */
int intake_run(const struct cli *cli, bool activate);
