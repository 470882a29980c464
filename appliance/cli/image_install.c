/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/image.h"

int image_install(const struct cli *cli, int argc, char **argv)
{
	(void)cli;
	(void)argc;
	(void)argv;
	return command_usage("image", "not yet");
}
