/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* `cordon repo`: the table of its commands. An exit code. */
int command_repo(const struct cli *cli, int argc, char **argv);
