/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* `cordon selftest`: an exit code. */
int command_selftest(const struct cli *cli, int argc, char **argv);
