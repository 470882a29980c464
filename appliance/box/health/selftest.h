/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* `cordon selftest`. Its exit codes are a contract: see box/health/findings.h. */
int command_selftest(const struct cli *cli, int argc, char **argv);
