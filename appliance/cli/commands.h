/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* The commands of this folder, one file each; main.c has the table. Each returns an exit code. */
int command_explain(const struct cli *cli, int argc, char **argv);
int command_image(const struct cli *cli, int argc, char **argv);
int command_mode(const struct cli *cli, int argc, char **argv);
int command_disarm(const struct cli *cli, int argc, char **argv);
int command_network(const struct cli *cli, int argc, char **argv);
int command_settings_of(const struct cli *cli, int argc, char **argv);
int command_rules(const struct cli *cli, int argc, char **argv);
int command_status(const struct cli *cli, int argc, char **argv);
int command_update(const struct cli *cli, int argc, char **argv);
