/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* `cordon image install`: an exit code. */
int image_install(const struct cli *cli, int argc, char **argv);
