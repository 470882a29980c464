/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* Takes the set at path for good and puts it in force, after the administrator's secret if it needs
 * one. An exit code. */
int import_run(const struct cli *cli, const char *path);
