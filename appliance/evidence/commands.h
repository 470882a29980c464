/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* The commands of this folder; cli/main.c has the table. Each returns an exit code. */
int command_log(const struct cli *cli, int argc, char **argv);
/* `cordon log verify`, export and checkpoint; argv[0] is the last word. */
int command_log_verify(const struct cli *cli, int argc, char **argv);
int command_log_export(const struct cli *cli, int argc, char **argv);
int command_log_checkpoint(const struct cli *cli, int argc, char **argv);
int command_host(const struct cli *cli, int argc, char **argv);
int command_names(const struct cli *cli, int argc, char **argv);
int command_hosts(const struct cli *cli, int argc, char **argv);
int command_why(const struct cli *cli, int argc, char **argv);
int command_top(const struct cli *cli, int argc, char **argv);
