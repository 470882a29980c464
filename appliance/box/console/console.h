/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* Runs a command of `cordon` by its words, as if they had been typed; returns its exit code. */
typedef int console_command(const struct cli *cli, int argc, char **argv);

/* `cordon console`: what a box shows on its serial line, until its standard input ends. An exit
 * code. */
int console_run(const struct cli *cli, console_command *run);

/* What a line at its prompt asks for; CONSOLE_CHOICES: nothing that it knows. */
enum console_choice {
	CONSOLE_STATUS,
	CONSOLE_SETUP,
	CONSOLE_LOG,
	CONSOLE_TEST,
	CONSOLE_ACCEPT,
	CONSOLE_KEEP,
	CONSOLE_RESET,
	CONSOLE_RESTART,
	CONSOLE_SHELL,
	CONSOLE_CHOICES
};
/* Enter or exactly one letter: a longer word is none, whatever it begins with. */
enum console_choice console_choose(const char *line);
