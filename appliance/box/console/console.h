/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* Runs a command of `cordon` by its words, as if they had been typed; returns its exit code. */
typedef int console_command(const struct cli *cli, int argc, char **argv);

/* `cordon console`: what a box shows on its serial line, until its standard input ends. An exit
 * code. */
int console_run(const struct cli *cli, console_command *run);
