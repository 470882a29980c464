/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/appliance.h"

#include <getopt.h>
#include <string.h>

int command_settings_of(const struct cli *cli, int argc, char **argv)
{
	bool changed;

	(void)cli;
	if (argc == 2 && strcmp(argv[1], "compose") == 0)
		return appliance_compose(&changed);
	return command_usage("settings", "expected a command of those below");
}
