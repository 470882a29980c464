/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/status.h"

#include <stdlib.h>
#include <time.h>

#include "appliance/base/clock.h"
#include "appliance/system/paths.h"

enum { TIMES_MAX = 4096 };
#define LOGGED PATH_BOOT_RUN "/logged"

static bool is_in_force(const struct cli *cli)
{
	const struct control_request request = { .type = CONTROL_STATUS };
	json_t *status;
	char *reply;
	bool in_force;

	(void)command_ask(cli, &request, true, &reply);
	status = reply ? json_loads(reply, 0, NULL) : NULL;
	in_force = json_is_true(json_object_get(status, "in_force"));
	json_decref(status);
	free(reply);
	return in_force;
}

int status_in_force(const struct cli *cli, int64_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	int64_t end = clock_uptime_ms() + wait_ms;
	bool in_force = is_in_force(cli);

	while (!in_force && clock_uptime_ms() < end) {
		nanosleep(&pause, NULL);
		in_force = is_in_force(cli);
	}
	return in_force ? EXIT_YES : EXIT_NO;
}

void status_boot_load(struct boot *boot)
{
	size_t size;
	char *times = appliance_read(PATH_BOOT_TIMES, TIMES_MAX, &size);
	char *forwarded = appliance_read(PATH_BOOT_FORWARDED, TIMES_MAX, &size);

	boot_parse(boot, times, forwarded);
	free(times);
	free(forwarded);
}

static void print_times(const struct boot *boot)
{
	for (int step = 0; step < BOOT_STEPS; step++) {
		if (boot->at[step] >= 0)
			printf("%s %.2f\n", boot_step_print((enum boot_step)step),
			       (double)boot->at[step] / 1000);
	}
}

int status_boot(void)
{
	struct text line = TEXT_EMPTY;
	struct boot boot;

	if (!appliance_has(PATH_BOOT_TIMES)) {
		fputs("cordon: there is no " PATH_BOOT_TIMES ": expected an appliance that runs the image\n",
		      stderr);
		return EXIT_NO;
	}
	status_boot_load(&boot);
	boot_print(&boot, &line);
	puts(line.data ? line.data : "");
	print_times(&boot);
	if (line.data && boot.at[BOOT_FORWARDING] >= 0 && !appliance_has(LOGGED)) {
		appliance_log("%s", line.data);
		(void)appliance_write(LOGGED, "", 0, 0644);
	}
	/* Whoever only keeps the output still sees it on the console. */
	if (line.data && !boot_proven(&boot))
		fprintf(stderr, "cordon: %s\n", line.data);
	text_release(&line);
	return boot_proven(&boot) ? EXIT_YES : EXIT_NO;
}
