/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* `cordon setup`: asks for the settings of a box, on its console. An exit code. */
int command_setup(const struct cli *cli, int argc, char **argv);
