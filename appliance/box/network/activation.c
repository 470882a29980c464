/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/activation.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/network/conf.h"
#include "appliance/command/command.h"

enum { START_WAIT_MS = 30000 };

/* 0: it does not run; -errno: it runs and does not answer. */
static int parent_pid(const struct cli *cli, bool *in_force)
{
	int pid, error;
	json_t *status = command_daemon(cli, true, &error);
	const json_t *role = json_array_get(json_object_get(status, "roles"), 0);

	*in_force = command_is_in_force(status);
	if (error)
		return error == -ENOENT || error == -ECONNREFUSED ? 0 : error;
	pid = (int)json_integer_value(json_object_get(role, "pid"));
	json_decref(status);
	return pid;
}

bool activation_await(const struct cli *cli, int old, int64_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	int64_t end = clock_uptime_ms() + wait_ms;
	bool in_force;

	for (;;) {
		int pid = parent_pid(cli, &in_force);

		if (pid > 0 && pid != old && in_force)
			return true;
		if (clock_uptime_ms() >= end)
			return false;
		nanosleep(&pause, NULL);
	}
}

int activation_restart(const struct cli *cli)
{
	bool in_force;
	int old = parent_pid(cli, &in_force);

	if (old == 0)
		return EXIT_YES;	/* it will begin with the new settings */
	if (old < 0) {
		fprintf(stderr,
			"cordon: cordond does not answer (%s) and goes on with the settings of "
			"before: "
			"restart the box\n",
			strerror(-old));
		return EXIT_NO;
	}
	kill(old, SIGUSR1);
	if (activation_await(cli, old, START_WAIT_MS))
		return EXIT_YES;
	fprintf(stderr,
		"cordon: cordond was told to start again with the new settings; its policy was not "
		"in force within %d s: see cordon status\n",
		START_WAIT_MS / 1000);
	return EXIT_NO;
}

int activation_run(const struct cli *cli)
{
	static const char *const up[] = { "network", "up", NULL };
	static const char *const forward[] = { "network", "forward", NULL };
	bool changed, failed;
	int code = conf_write(&changed);

	if (!code && changed)
		code = activation_restart(cli);
	if (code)
		return code;
	/* A start that has no policy in force yet brings links up once it has one. */
	if (box_has(PATH_BOOT_RUN) && !box_has(PATH_BOOT_NETWORK))
		return EXIT_YES;
	failed = program_self(up) != 0;
	failed |= program_self(forward) != 0;
	return failed ? EXIT_NO : EXIT_YES;
}
