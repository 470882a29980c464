/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/settings.h"

#include "cli/terminal.h"

int settings_setup(const struct cli *cli)
{
	(void)cli;
	return EXIT_NO;
}

int command_setup(const struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return command_usage("setup", "unexpected word \"%s\"", argv[1]);
	return settings_setup(cli);
}
