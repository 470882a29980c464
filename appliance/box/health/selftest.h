/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/*
 * `cordon selftest`. Its exit codes are a contract with etc/init.d/start of the image: EXIT_YES, no
 * check failed; SELFTEST_LEAKS; EXIT_NO, another check failed, or the test could not be made;
 * EXIT_USAGE; EXIT_BUSY, another self-test did not end and nothing was proven.
 */
enum {
	SELFTEST_LEAKS = 6	/* a packet was forwarded that the policy in force blocks */
};

int command_selftest(const struct cli *cli, int argc, char **argv);
